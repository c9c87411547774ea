"""Record docs/first-run.md: a fresh clone, `make run`, and what a newcomer sees.

Run by hand:  python -m tests.browser.record_first_run path/to/a-real.pdf path/to/doc_qa.jsonl
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.product import DESKTOP, PHONE, ROOT, Product, ask, free_port, last_answer, launch, sign_in

DEMO = [
    "What is the usual dose of apixaban in atrial fibrillation?",
    "At which eGFR is metformin contraindicated?",
    "Is verapamil OK in systolic heart failure?",
]
IMPORTED = [
    "What was the average HALex among US adults in 2007?",
    "Which states had the highest mean healthy days?",
    "What was the average income for all US households given in the report?",
]
OFF_TOPIC = ["What is the capital of France?", "How do I bake sourdough bread?"]
NEAR = [
    "What is the starting dose of metformin in children aged 5 years?",
    "Does vaginal estrogen prevent recurrent cystitis after menopause?",
]
WORDS = """paragraphs => paragraphs.map(paragraph => {
    const copy = paragraph.cloneNode(true);
    copy.querySelectorAll('a.cite').forEach(cite => cite.replaceWith(` [${cite.textContent.trim()}]`));
    copy.querySelectorAll('button').forEach(mark => mark.remove());
    return copy.textContent;
})"""
IMAGES = ROOT / "docs" / "img"


class Record:
    """The page as it grows."""

    def __init__(self, clone: Path) -> None:
        self.lines = [
            "# First run, recorded",
            "",
            "Written by `tests/browser/record_first_run.py` while it ran: a fresh clone, nothing installed, no network",
            "but the package index. The password is blanked.",
            "",
        ]
        self.clone = clone

    def say(self, *lines: str) -> None:
        self.lines += [*lines, ""]

    def run(self, *command: str, shown: str, **environment: str) -> str:
        """Run a command in the clone and write down what it printed."""
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.clone,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin:" + str(Path(sys.base_prefix) / "bin"), "HOME": str(Path.home())}
            | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        clean = re.sub(r"(Password\s+)\S+", r"\1************", done.stdout).replace(str(self.clone), "voiceassist")
        self.say("```console", f"$ {shown}", clean.strip(), "```", f"*{time.monotonic() - began:.0f} seconds.*")
        return done.stdout

    def answer(self, page: Page, question: str) -> None:
        began = time.monotonic()
        ask(page, question)
        took = time.monotonic() - began
        answer = last_answer(page)
        self.say(f"**{question}**")
        if answer.get_attribute("data-status") == "abstained":
            self.say(f"> Nothing in the knowledge base answers this question. *({took:.1f} s; it abstains)*")
            return
        self.say("\n>\n".join(f"> {' '.join(line.split())}" for line in answer.locator(".prose p").evaluate_all(WORDS)))
        answer.locator("a.cite").first.click()
        page.locator("#evidence mark").first.wait_for()
        title = page.locator("#citation-title").inner_text()
        where = " › ".join(page.locator("#evidence .where span").all_inner_texts())
        marked = " ".join(
            " ".join(page.locator("#evidence mark[data-quote], #evidence mark.quote").all_inner_texts()).split()
        )
        self.say(f"Citation 1 opens *{title}*, {where}, with “{marked}” highlighted. *({took:.1f} s)*")


def record(pdf: Path, questions: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "voiceassist"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        page = Record(clone)
        page.say("## Start")
        port = str(free_port())
        said = page.run(
            "make", "run", "DETACH=1", shown="git clone … voiceassist && cd voiceassist && make run DETACH=1", PORT=port
        )
        try:
            _tour(page, _product(said, clone), pdf, questions)
        finally:
            page.say("## Stop")
            page.run("make", "stop", shown="make stop", PORT=port)
        text = "\n".join(page.lines).replace(f":{port}", ":8000")
        (ROOT / "docs" / "first-run.md").write_text(text.rstrip() + "\n", encoding="utf-8")


def _product(said: str, clone: Path) -> Product:
    return Product(
        address=re.search(r"http://[\d.]+:\d+", said)[0],
        email=re.search(r"Sign in as\s+(\S+)", said)[1],
        password=re.search(r"Password\s+(\S+)", said)[1],
        data_dir=clone / "var",
    )


def _tour(record: Record, product: Product, pdf: Path, questions: Path) -> None:
    with sync_playwright() as playwright, launch(playwright) as browser:
        page = browser.new_page(viewport=DESKTOP)
        sign_in(page, product)
        page.goto(f"{product.address}/app/?new")
        record.say("## Three questions of the demonstration base")
        for question in DEMO:
            record.answer(page, question)
        _pictures(browser, product, page.url)
        record.say("## A real document")
        record.run(
            ".venv/bin/python",
            "manage.py",
            "import_documents",
            str(pdf),
            shown=f"python manage.py import_documents {pdf.name}",
        )
        page.goto(f"{product.address}/app/?new")
        for question in IMPORTED:
            record.answer(page, question)
        record.say("## Questions that nothing answers")
        record.say("Unanswerable questions about such documents, near misses of the demonstration base, and others:")
        rows = map(json.loads, questions.read_text(encoding="utf-8").splitlines())
        page.goto(f"{product.address}/app/?new")
        for question in [row["question"] for row in rows if not row["answerable"]] + NEAR + OFF_TOPIC:
            record.answer(page, question)
        record.say("## What it looks like")
        for name in ("desktop-light", "desktop-dark", "phone-light", "phone-dark"):
            record.say(f"![{name.replace('-', ', ')}](img/{name}.png)")


def _pictures(browser, product: Product, address: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        for theme in ("light", "dark"):
            page = browser.new_context(viewport=viewport, color_scheme=theme).new_page()
            sign_in(page, product)
            page.goto(address)
            page.locator("a.cite").first.wait_for()
            if name == "desktop":
                last_answer(page).locator("a.cite").first.click()
                page.locator("#evidence mark").first.wait_for()
            page.screenshot(path=IMAGES / f"{name}-{theme}.png")
            page.context.close()


if __name__ == "__main__":
    record(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
