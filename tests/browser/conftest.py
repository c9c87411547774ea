from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.product import CHROMIUM, DESKTOP, PHONE, Product, launch, running_product, sign_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the browser tests; `make test` runs them in one process of their own, against one running product."""
    for item in items:
        if "tests/browser" in str(item.fspath):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        message = "Chromium is not installed (Debian's package `chromium`)"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(message)
    with sync_playwright() as playwright, launch(playwright) as launched:
        yield launched


@pytest.fixture(scope="session")
def product(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, product: Product) -> Iterator[Page]:
    """A browser that has not signed in. What it complains of on its console fails the test."""
    yield from _pages(browser, DESKTOP)


@pytest.fixture
def page(visitor: Page, product: Product) -> Page:
    sign_in(visitor, product)
    visitor.goto(f"{product.address}/app/?new")
    return visitor


@pytest.fixture
def phone(browser: Browser, product: Product) -> Iterator[Page]:
    for opened in _pages(browser, PHONE):
        sign_in(opened, product)
        opened.goto(f"{product.address}/app/?new")
        yield opened


def _pages(browser: Browser, viewport: dict[str, int]) -> Iterator[Page]:
    complaints: list[str] = []
    context = browser.new_context(viewport=viewport)
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    expected = ("ERR_INTERNET_DISCONNECTED", "status of 403", "status of 404")
    assert [one for one in complaints if not any(word in one for word in expected)] == []


@pytest.fixture(scope="session")
def real_pdfs(evaluation_data: Path) -> list[Path]:
    folder = evaluation_data / "documents" / "files"
    return [folder / "mmwr_chdir2011_p4-6.pdf", folder / "fda_pro_guidance_excerpt.pdf"]
