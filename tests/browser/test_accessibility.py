"""WCAG 2.2 AA as axe-core sees it, on every screen, in both themes."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.product import ask, last_answer


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page_has_no_violations(visitor, product, theme):
    visitor.emulate_media(color_scheme=theme)
    visitor.goto(f"{product.address}/app/login/")

    assert violations(visitor) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chat_has_no_violations_in_any_state(page, theme):
    page.emulate_media(color_scheme=theme)
    assert violations(page) == []

    ask(page, "At which eGFR is metformin contraindicated?")
    assert violations(page) == []

    last_answer(page).locator("a.cite").first.click()
    page.locator("#evidence mark").first.wait_for()
    assert violations(page) == []

    ask(page, "What is the capital of France?")
    assert violations(page) == []

    page.get_by_role("link", name="Open source").click()
    page.locator("h1").first.wait_for()
    assert violations(page) == []
