"""The main path: sign in, ask, open the source; with the demonstration base and with real documents."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.product import ask, last_answer, upload

DEMO_QUESTIONS = [
    ("At which eGFR is metformin contraindicated?", "Metformin", "30 mL/min"),
    ("What is the usual dose of apixaban in atrial fibrillation?", "pixaban", "5 mg"),
    ("What is the first-line treatment of hypertension?", "Hypertension", "thiazide"),
]
PDF_QUESTIONS = [
    ("What was the average HALex among US adults in 2007?", "0.8662", 2),
    ("How long is the line of a visual analog scale usually?", "100 mm", 2),
    ("Which states had the highest mean healthy days?", "North Dakota", 3),
]
UNANSWERABLE = [
    "What is the capital of France?",
    "How do I change the tyre of a bicycle?",
    "What is the starting dose of metformin in children aged 5 years?",
    "Does apixaban interact with grapefruit juice?",
]


def test_a_wrong_password_is_refused_in_words(visitor, product):
    visitor.goto(f"{product.address}/app/login/")
    visitor.get_by_label("E-mail address").fill(product.email)
    visitor.get_by_label("Password", exact=True).fill("not the password")
    visitor.get_by_role("button", name="Sign in").click()

    assert "not signed in" in visitor.get_by_role("alert").inner_text()


def test_a_visitor_is_asked_to_sign_in_and_comes_back(visitor, product):
    visitor.goto(f"{product.address}/")
    assert "/app/login/" in visitor.url


@pytest.mark.parametrize(("question", "title", "words"), DEMO_QUESTIONS)
def test_a_question_of_the_demonstration_base_is_answered_with_a_citation_that_opens(page, question, title, words):
    ask(page, question)

    answer = last_answer(page)
    assert words in answer.inner_text()
    assert "Quoted, no model" in answer.inner_text()
    answer.locator("a.cite").first.click()
    page.locator("#evidence mark").first.wait_for()
    evidence = page.locator("#evidence")
    assert title in evidence.inner_text()
    assert "Page 1" in evidence.inner_text()
    marked = " ".join(" ".join(evidence.locator("mark").all_inner_texts()).split())
    assert marked[:40] in " ".join(answer.inner_text().split())


@pytest.mark.parametrize("question", UNANSWERABLE)
def test_a_question_that_nothing_answers_is_not_answered(page, question):
    ask(page, question)

    assert last_answer(page).get_attribute("data-status") == "abstained"
    assert "Nothing in the knowledge base answers this" in last_answer(page).inner_text()


def test_real_documents_are_uploaded_and_cited_on_the_right_page(page, product, real_pdfs, evaluation_data):
    for pdf in real_pdfs:
        upload(page, product, pdf)
    page.goto(f"{product.address}/app/?new")

    for question, words, number in PDF_QUESTIONS:
        ask(page, question)
        assert words in last_answer(page).inner_text(), question
        last_answer(page).locator("a.cite").first.click()
        expect(page.locator("#evidence .where-page")).to_have_text(f"Page {number}")

    rows = (evaluation_data / "documents" / "doc_qa.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, rows):
        if not row["answerable"]:
            ask(page, row["question"])
            assert last_answer(page).get_attribute("data-status") == "abstained", row["question"]


def test_a_reload_shows_exactly_what_was_shown(page):
    ask(page, DEMO_QUESTIONS[0][0])
    ask(page, UNANSWERABLE[0])
    shown = _thread(page)

    page.reload()
    page.locator("article.answer").last.wait_for()

    assert _thread(page) == shown
    assert len(shown) == 4


def _thread(page) -> list[dict]:
    """What each message shows: its state, its words, its marks and where its links lead."""
    return page.locator("#thread article").evaluate_all(
        """articles => articles.map(article => ({
            status: article.dataset.status,
            words: article.innerText.replace(/\\s+/g, ' '),
            marks: [...article.querySelectorAll(".support")].map(mark => mark.className + mark.ariaLabel),
            links: [...article.querySelectorAll('a')].map(link => link.href),
        }))"""
    )


def test_an_answer_can_be_written_again(page):
    ask(page, DEMO_QUESTIONS[0][0])
    first = last_answer(page).get_attribute("data-message")

    page.get_by_role("button", name="Regenerate").click()
    expect(page.locator("article.answer:not(.live)")).not_to_have_attribute("data-message", first, timeout=30_000)
    expect(page.locator("article.answer")).to_have_count(1)
    assert "30 mL/min" in last_answer(page).inner_text()


def test_two_quick_questions_make_one_conversation_and_lose_nothing(page):
    page.locator("[data-question]").first.dblclick()
    page.locator("article.answer:not(.live)").first.wait_for(timeout=30_000)

    assert page.locator("article.question").count() == 1


def test_shift_and_enter_start_a_new_line(page):
    question = page.get_by_label("Your question")
    question.fill("first")
    question.press("Shift+Enter")
    question.type("second")

    assert question.input_value() == "first\nsecond"
    assert page.locator("article.question").count() == 0


def test_what_is_asked_while_offline_is_kept_and_sent_when_the_connection_is_back(page):
    ask(page, DEMO_QUESTIONS[0][0])
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.get_by_label("Your question").fill(DEMO_QUESTIONS[1][0])
    page.keyboard.press("Enter")
    page.context.set_offline(False)
    page.reload()

    expect(page.locator("article.answer:not(.live)")).to_have_count(2, timeout=30_000)
    assert "5 mg" in last_answer(page).inner_text()


def test_the_keyboard_alone_is_enough(page):
    page.get_by_label("Your question").focus()
    page.keyboard.type(DEMO_QUESTIONS[0][0])
    page.keyboard.press("Enter")
    page.locator("article.answer:not(.live) a.cite").first.wait_for(timeout=30_000)
    page.locator("a.cite").first.focus()
    page.keyboard.press("Enter")
    page.locator("#evidence mark").first.wait_for()
    assert page.locator("#panel").is_visible()

    page.get_by_role("button", name="Close evidence").focus()
    page.keyboard.press("Enter")
    page.locator("#panel").wait_for(state="hidden")


def test_the_main_path_works_on_a_phone(phone):
    ask(phone, DEMO_QUESTIONS[0][0])

    last_answer(phone).locator("a.cite").first.click()
    phone.locator("#evidence mark").first.wait_for()
    assert phone.locator("#panel").is_visible()
    phone.keyboard.press("Escape")
    phone.locator("#panel").wait_for(state="hidden")
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
