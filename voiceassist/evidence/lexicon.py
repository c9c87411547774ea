"""Words: which say the same, which are too common to tell anything, and which name a thing that nothing replaces.

How rare a word is in English at large is read off the order of the embedding model's WordPiece vocabulary, which
lists frequent words first; a word outside it (a drug, a disease) counts as rare.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

import Stemmer

from voiceassist.ai.embedding import common_words

_RANK_OF_RARE = 20_000
_RANK_SCALE = 50
_COMMON_IN_CLINICS = 0.25  # the weight of words that every clinical text uses

SCAFFOLD = frozenset(
    """a about according after all also am an and any are as ask at be been before being best between but by can could
    described did do does document doing done during each either else explain find for from further get give given go had
    has have having he her hers him his how i if in information into is it its itself just kind know let like list main
    many may me mean mention mentioned might more most much must my name need no not of off on one only or other our out
    over page passage per please possible question quite report said same say section seen shall she should show so some
    stated still such tell text than that the their them then there these they thing this those through to too type under
    until up upon us use used usual usually very want was way we well were what whats when where whether which while who
    whom whose why ok okay will with within without would you your yes yet currently often typically generally normally
    """.split()
)
_CLINICAL = "patient treat treatment therapi diseas clinic medic drug symptom diagnosi risk studi dose".split()

_SYNONYMS = """
adult elder older|child children pediatr paediatr infant newborn neonat|cancer carcinoma tumor tumour malign neoplasm
drug medic medicin pharmacolog agent|treat treatment therapi manag regimen|heart cardiac cardiovascular myocardi
kidney renal nephrolog egfr clearanc|liver hepat|lung pulmonari respiratori|brain cerebr neurolog|stroke cerebrovascular
hypertens hypertension bp pressur|diabet diabetes glycaem glycem|death mortal die fatal surviv|danger harm risk hazard
doctor physician clinician|dose dosag mg load|avoid contraind contraindic|sign symptom manifest|cost price expens
woman women femal|man men male|pregnant pregnanc gestat|surgeri surgic oper|begin start initi onset
stop discontinu ceas withdraw|reduc decreas lower less fall|increas rais higher elev rise greater
frequent frequenc often|affect effect influenc impact|caus etiolog aetiolog due|diagnos diagnosi diagnost
predict predictor prognost|need requir necessari|wean taper titrat|thrombolys thrombolysi thrombolyt alteplas fibrinolysi
clot thrombosi thromboembol thrombus|myocardi infarct coronari stemi nstemi|ovari ovarian|prefer recommend favour favor|monitor measur check follow
inherit hereditari autosom genet|iron ferrous
"""
# A question about one of these groups is not answered by a text that names none of its words.
POPULATIONS = tuple(
    frozenset(group.split())
    for group in (
        "child children toddler kid pediatr paediatr infant infanc newborn neonat baby babi boy girl schoolchild adolesc teenag",
        "pregnant pregnanc gestat trimest matern obstetr antenat",
        "breastfeed lactat nurs",
    )
)
# The ending of a drug's name (WHO, "The use of stems in the selection of INN") and a stem of its class.
DRUG_CLASSES = tuple(
    tuple(pair.split())
    for pair in (
        "pril ace|sartan arb|statin statin|olol beta|dipine calcium|gliptin dpp|gliflozin sglt|glutide glp|penem carbapenem"
        "|cillin penicillin|mycin macrolid|floxacin fluoroquinolon|pamil calcium|glycerin nitrat|buterol agonist"
    ).split("|")
)
# Common English words that name a substance, test or disease in a question.
_MEDICAL = """
abortion acid albumin alcohol alzheimer ammonia anemia anxiety arthritis aspirin asthma bipolar calcium cancer carbon
chloride cholesterol cocaine congenital copper dementia depression diabetes ebola epilepsy estrogen ethanol fluoride
folic glucose gout heroin hepatitis hiv hormone hydrogen hypertension influenza insulin iodine iron lactate lead leukemia
lithium magnesium malaria manganese measles mercury metastasis migraine morphine nicotine nitrate obesity oxygen
parkinson penicillin phosphate platinum pneumonia polio potassium psychotic rabies schizophrenia seizure selenium sepsis
smallpox sodium stroke sulfate syphilis testosterone tetanus thyroid tremor tuberculosis urea vaccine vitamin zinc
"""
# Brand, lay or older name → generic name.
_GENERIC_NAMES = """
fosamax alendronate|prolia denosumab|eliquis apixaban|xarelto rivaroxaban|pradaxa dabigatran|coumadin warfarin
macrobid nitrofurantoin|jardiance empagliflozin|farxiga dapagliflozin|forxiga dapagliflozin|cialis tadalafil|viagra sildenafil
lipitor atorvastatin|crestor rosuvastatin|zocor simvastatin|adrenaline epinephrine|noradrenaline norepinephrine
thyroxine levothyroxine|synthroid levothyroxine|paracetamol acetaminophen|tylenol acetaminophen|advil ibuprofen
motrin ibuprofen|aleve naproxen|zyloprim allopurinol|glucophage metformin|lasix furosemide|plavix clopidogrel
brilinta ticagrelor|brilique ticagrelor|ozempic semaglutide|wegovy semaglutide|mounjaro tirzepatide|zestril lisinopril
prinivil lisinopril|norvasc amlodipine|zoloft sertraline|prozac fluoxetine|salbutamol albuterol|ventolin albuterol
proventil albuterol|symbicort budesonide|entresto sacubitril-valsartan|evenity romosozumab|narcan naloxone|lovenox enoxaparin
zithromax azithromycin|augmentin amoxicillin|cipro ciprofloxacin|bactrim trimethoprim|tamiflu oseltamivir|uloric febuxostat
prilosec omeprazole|nexium esomeprazole|spiriva tiotropium|aldactone spironolactone|zetia ezetimibe|tagrisso osimertinib
keytruda pembrolizumab|tpa alteplase|sats saturation|antihypertensives antihypertensive|frusemide furosemide
lignocaine lidocaine|pethidine meperidine|rifampin rifampicin|cyclosporin cyclosporine|oestrogen estrogen
haemoglobin hemoglobin
"""
# Both question and text are read in the second form. Capitals are matched as they stand.
_PHRASES = (
    (r"systolic heart failure", "heart failure reduced ejection fraction"),
    (r"weak left ventricle", "reduced ejection fraction"),
    (r"uric acid", "urate"),
    (r"steroids?\b", "corticosteroid"),
    (r"heart attacks?", "myocardial infarction"),
    (r"high blood pressure", "hypertension"),
    (r"blood thinners?", "anticoagulant"),
    (r"water tablets?|water pills?", "diuretic"),
    (r"high cholesterol", "hypercholesterolemia"),
    (r"bladder infections?", "cystitis"),
    (r"kidney infections?", "pyelonephritis"),
    (r"C\.? ?diff(?:icile)?\b", "clostridioides difficile"),
    (r"breathing tube", "intubation"),
    (r"over-?active thyroid", "hyperthyroidism"),
    (r"under-?active thyroid", "hypothyroidism"),
    (r"blood clots?", "thrombosis"),
    (r"high blood sugar", "hyperglycemia"),
    (r"low blood sugar", "hypoglycemia"),
    (r"chest infection", "pneumonia"),
    (r"gliptins?\b", "DPP-4 inhibitor"),
    (r"gliflozins?\b", "SGLT2 inhibitor"),
    (r"sartans?\b", "angiotensin receptor blocker"),
    (r"T2DM?\b", "type 2 diabetes"),
    (r"E[CK]Gs?\b", "electrocardiogram"),
    (r"AF\b", "atrial fibrillation"),
    (r"MI\b", "myocardial infarction"),
    (r"CKD\b", "chronic kidney disease"),
    (r"HTN\b", "hypertension"),
    (r"DVT\b", "deep vein thrombosis"),
    (r"PE\b", "pulmonary embolism"),
    (r"VTE\b", "venous thromboembolism"),
    (r"ACS\b", "acute coronary syndrome"),
    (r"HFrEF\b", "heart failure reduced ejection fraction"),
    (r"CAP\b", "community-acquired pneumonia"),
    (r"UTIs?\b", "urinary tract infection"),
    (r"VSDs?\b", "ventricular septal defect"),
    (r"ASDs?\b", "atrial septal defect"),
    (r"LDL-C\b", "LDL cholesterol"),
    (r"CrCl\b", "creatinine clearance"),
)
_COMPILED = tuple(
    (re.compile(rf"\b(?:{pattern})", re.IGNORECASE if re.search("[a-z]{4}|diff", pattern) else 0), form)
    for pattern, form in _PHRASES
)
_GENERIC = dict(pair.split() for line in _GENERIC_NAMES.split("\n") for pair in line.split("|") if pair)
_OTHER_NAME = re.compile(rf"\b(?:{'|'.join(_GENERIC)})\b", re.IGNORECASE)
_STEMMER = Stemmer.Stemmer("english")


def normalise(text: str) -> str:
    """Replace brand and lay names by generic names, and abbreviations by what they stand for."""
    for pattern, form in _COMPILED:
        text = pattern.sub(form, text)
    return _OTHER_NAME.sub(lambda found: _GENERIC[found[0].lower()], text)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the Snowball stem of a word; `ff` counts as `f`, since PDF files lose that ligature."""
    return _STEMMER.stemWord(word.lower()).replace("ff", "f")


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    """Return for each stem of the vocabulary the place of its most frequent word."""
    ranks: dict[str, int] = {}
    for place, word in enumerate(common_words()):
        ranks.setdefault(stem(word), place)
    return ranks


@lru_cache(maxsize=50_000)
def weight(stemmed: str) -> float:
    """Return how much a word tells, from 0 (everyday) to 1 (rare)."""
    if stemmed in _CLINICAL:
        return _COMMON_IN_CLINICS
    rank = _ranks().get(stemmed, _RANK_OF_RARE)
    return min(1.0, math.log1p(rank / _RANK_SCALE) / math.log1p(_RANK_OF_RARE / _RANK_SCALE))


@lru_cache(maxsize=1)
def _synonym_table() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for group in re.split(r"[|\n]", _SYNONYMS.strip()):
        words = frozenset(group.split())
        for word in words:
            table[word] = table.get(word, frozenset()) | words
    return table


def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that say the same."""
    return _synonym_table().get(stemmed, frozenset())


@lru_cache(maxsize=50_000)
def names_a_thing(stemmed: str) -> bool:
    """Tell whether a word names a drug, disease or substance, so that no other word will do."""
    return stemmed in _medical_stems() or (stemmed not in _ordinary() and not _is_compound(stemmed))


@lru_cache(maxsize=1)
def _medical_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in _MEDICAL.split())


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    return frozenset(_ranks()) | {prefix + word for prefix in ("re", "un", "pre", "non") for word in _ranks()}


def _is_compound(stemmed: str) -> bool:
    """Tell whether a short word is made of two ordinary ones, such as cutoff."""
    parts = ((stemmed[:place], stemmed[place:]) for place in range(3, len(stemmed) - 1))
    return len(stemmed) <= 8 and any(one in _ranks() and two in _ranks() for one, two in parts)
