"""The strict content security policy in a real browser: nothing that a page needs is refused."""

from __future__ import annotations

from playwright.sync_api import Page, expect

WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


def watch(page: Page) -> list[str]:
    """Note warnings too: a browser only warns of a header that it does not understand."""
    warned: list[str] = []
    page.on("console", lambda said: warned.append(said.text) if said.type == "warning" else None)
    page.add_init_script(WATCH)
    return warned


def refused(page: Page) -> list[str]:
    return list(page.evaluate("window.refused"))


def test_the_browsable_api_works_under_the_strict_policy(visitor, product):
    warned = watch(visitor)
    answer = visitor.goto(f"{product.address}/api/v1/docs")
    assert "unsafe" not in answer.headers["content-security-policy"]

    operation = visitor.locator(".opblock", has_text="/api/v1/auth/password/strength").first
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("textarea").fill('{"password": "correct horse battery staple"}')
    operation.get_by_role("button", name="Execute").click()

    expect(operation.locator(".live-responses-table")).to_contain_text('"success": true')
    assert refused(visitor) == []
    assert warned == []


def test_the_old_address_of_the_browsable_api_works(visitor, product):
    watch(visitor)
    visitor.goto(f"{product.address}/docs")
    expect(visitor.locator(".opblock").first).to_be_visible()
    assert refused(visitor) == []


def test_pages_are_refused_nothing(visitor, product):
    warned = watch(visitor)
    visitor.goto(f"{product.address}/app/login/")
    visitor.get_by_label("E-mail address").fill(product.email)
    visitor.get_by_label("Password", exact=True).fill(product.password)
    visitor.get_by_role("button", name="Sign in").click()
    visitor.wait_for_url(f"{product.address}/app/**")
    assert refused(visitor) == []
    assert warned == []
    assert visitor.evaluate("document.cookie") == ""  # scripts see no cookie at all
