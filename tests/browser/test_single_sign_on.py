"""Single sign-on in a real browser, whose security policies a plain HTTP client does not have."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import DESKTOP, Product, running_product
from tests.oidc_provider.running import CLIENT_ID, CLIENT_SECRET, RunningProvider, running_provider

CREATE = """
from voiceassist.accounts.models import User
User.objects.create_user(email={!r}, password=None, role="clinician")
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(scope="module")
def connected(provider: RunningProvider, tmp_path_factory) -> Iterator[Product]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OIDC_ISSUER", provider.issuer)
        patch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
        patch.setenv("OIDC_CLIENT_SECRET", CLIENT_SECRET)
        patch.setenv("OIDC_NAME", "Clinic login")
        with running_product(tmp_path_factory.mktemp("connected")) as running:
            provider.registers(f"{running.address}/app/oidc/callback/")
            yield running


@pytest.fixture
def opened(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP)
    yield context.new_page()
    context.close()


def come_in(page: Page, product: Product, username: str) -> None:
    page.route(
        lambda url: "127.0.0.1" not in url, lambda route: route.abort()
    )  # the provider's page wants a style sheet
    page.goto(f"{product.address}/app/login/")
    page.get_by_role("button", name="Sign in with Clinic login").click()
    page.get_by_label("User name").fill(username)
    page.get_by_role("button", name="Sign in at the provider").click()
    page.get_by_role("button", name="Authorize").click()


def test_the_button_leads_through_the_provider_and_in(opened: Page, connected: Product, provider: RunningProvider):
    """Our forms may not be redirected elsewhere (form-action), and the session's cookie must come back (SameSite)."""
    connected.manage("shell", "--command", CREATE.format("ana@clinic.test"))
    provider.knows("ana", email="ana@clinic.test", email_verified=True)

    come_in(opened, connected, "ana")

    opened.wait_for_url(f"{connected.address}/app/**")
    expect(opened.get_by_label("Your question")).to_be_visible()


def test_somebody_without_an_account_is_told_and_led_back(opened: Page, connected: Product, provider: RunningProvider):
    provider.knows("uma", email="uma@elsewhere.test", email_verified=True)

    come_in(opened, connected, "uma")

    expect(opened.get_by_role("heading", name="You are not signed in")).to_be_visible()
    expect(opened.get_by_text("There is no account for you here yet.")).to_be_visible()
    opened.get_by_role("link", name="Back to the sign-in page").click()
    expect(opened.get_by_label("E-mail address")).to_be_visible()
