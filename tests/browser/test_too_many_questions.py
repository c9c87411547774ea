"""Who asks too often is told so, and keeps what was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import ask

LIMIT = """
from voiceassist.core import system_settings
system_settings.set_values({{"chat_per_minute": {limit}}}, by_id=None)
"""


@pytest.fixture
def limit(product):
    """Set how many questions one may ask in a minute, until the test is over."""

    def to(number: int | None) -> None:
        product.manage("shell", "--no-imports", "-c", LIMIT.format(limit=number))

    yield to
    to(None)


def test_a_question_too_many_goes_back_to_the_composer_with_what_was_typed_since(page, limit):
    ask(page, "At what dose is metformin started?")
    limit(1)
    composer, said = page.get_by_label("Your question"), page.locator("#connection")
    questions = page.locator("article.question")
    before = questions.count()

    composer.fill("And in renal impairment?")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Too many requests")
    expect(composer).to_have_value("And in renal impairment?")
    expect(questions).to_have_count(before)

    page.evaluate(
        """() => {
            const form = document.querySelector("#composer"), text = document.querySelector("#question");
            form.requestSubmit();
            text.value = "What I typed meanwhile";
            text.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(composer).to_have_value("And in renal impairment?\n\nWhat I typed meanwhile")
