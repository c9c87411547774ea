import gzip

import pytest

from voiceassist.files.errors import CorruptFile, NoTextFound

from .conftest import blocks_of

DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2019//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd">'
)
ARTICLE = """<PubmedArticle><MedlineCitation><PMID Version="1">29133356</PMID><Article>
<Journal><JournalIssue><Volume>71</Volume><Issue>6</Issue><PubDate><MedlineDate>2018 Jun-Jul</MedlineDate></PubDate>
</JournalIssue><Title>Hypertension (Dallas)</Title><ISOAbbreviation>Hypertension</ISOAbbreviation></Journal>
<ArticleTitle>Effect of <i>ACE</i> inhibitors on CO<sub>2</sub>.</ArticleTitle>
<Pagination><MedlinePgn>e13-e115</MedlinePgn></Pagination>
<ELocationID EIdType="doi">10.1161/HYP.65</ELocationID>
<Abstract><AbstractText Label="BACKGROUND">Pressure &lt; 130 is <b>good</b>.</AbstractText>
<AbstractText Label="METHODS">We looked.</AbstractText></Abstract>
<AuthorList><Author><LastName>Wright</LastName><Initials>JT</Initials><Suffix>Jr</Suffix></Author>
<Author><CollectiveName>SPRINT Group</CollectiveName></Author></AuthorList><Language>eng</Language>
<PublicationTypeList><PublicationType>Practice Guideline</PublicationType>
<PublicationType>Retracted Publication</PublicationType></PublicationTypeList></Article></MedlineCitation>
<PubmedData><ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.9/other</ArticleId></ArticleIdList>
</Reference></ReferenceList></PubmedData></PubmedArticle>"""
EMPTY = "<PubmedArticle><MedlineCitation><PMID>2</PMID></MedlineCitation></PubmedArticle>"


def article_set(*articles, doctype=DOCTYPE):
    return f'<?xml version="1.0"?>{doctype}<PubmedArticleSet>{"".join(articles)}</PubmedArticleSet>'


def test_an_article_is_read_with_its_sections(read):
    [document] = read("a.xml", article_set(ARTICLE))
    assert document.title == "Effect of ACE inhibitors on CO2"
    assert document.external_id == "29133356"
    assert document.pages[0].text == "Background\n\nPressure < 130 is good.\n\nMethods\n\nWe looked."
    assert document.pages[0].blocks[3].heading_path == ("Methods",)


def test_an_article_is_read_with_its_bibliographic_facts(read):
    [document] = read("a.xml.gz", gzip.compress(article_set(ARTICLE).encode()))
    assert document.metadata == {
        "authors": ["Wright JT Jr", "SPRINT Group"],
        "year": 2018,
        "journal": "Hypertension",
        "volume": "71",
        "issue": "6",
        "pages": "e13-e115",
        "doi": "10.1161/HYP.65",
        "pmid": "29133356",
        "url": "https://pubmed.ncbi.nlm.nih.gov/29133356/",
        "language": "eng",
        "publication_types": ["Practice Guideline", "Retracted Publication"],
        "retracted": True,
    }


def test_an_article_without_an_abstract_shows_its_title(read):
    bare = "<PubmedArticle><PMID>9</PMID><ArticleTitle>[Only a title.]</ArticleTitle></PubmedArticle>"
    [document] = read("a.xml", article_set(bare))
    assert blocks_of(document) == [("paragraph", "Only a title.")]


def test_an_article_without_anything_is_reported_and_reading_goes_on(read):
    errors = []
    documents = read("a.xml", article_set(ARTICLE, EMPTY, ARTICLE), on_bad_row=errors.append)
    assert len(documents) == 2
    assert "neither a title nor an abstract" in errors[0].user_message


def test_many_articles_are_streamed(read):
    assert len(read("a.xml", article_set(*[ARTICLE] * 500))) == 500


LAUGHS = '<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, EXTERNAL])
def test_entities_are_refused(read, doctype):
    attack = ARTICLE.replace("We looked.", "&c;" if doctype is LAUGHS else "&x;")
    with pytest.raises(CorruptFile, match="entities"):
        read("a.xml", article_set(attack, doctype=doctype))


def test_broken_xml_is_named_with_its_line(read):
    with pytest.raises(CorruptFile, match="line 2"):
        read("a.xml", "<?xml version='1.0'?>\n<PubmedArticleSet><PubmedArticle></PubmedArticleSet>")


def test_an_empty_set_holds_no_text(read):
    with pytest.raises(NoTextFound):
        read("a.xml", article_set())
