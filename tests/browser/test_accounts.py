"""The pages of accounts in a real browser: what scripts add to them, both themes, both widths, axe on each."""

from __future__ import annotations

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.product import DESKTOP, PHONE

PASSWORD = "seven green bicycles"
SEED = """
from datetime import timedelta
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode
from voiceassist.accounts.links import invitation_token, verification_token
from voiceassist.accounts.models import Invitation, User
User.objects.filter(email__endswith="@pages.test").delete()
Invitation.objects.all().delete()
user = User.objects.create_user(email="{email}", password="{password}", role="clinician", name="Paula Pages")
waiting = User.objects.create_user(email="waiting@pages.test", password="{password}", email_verified_at=None)
host = User.objects.create_user(email="host@pages.test", password=None, role="administrator")
later = timezone.now() + timedelta(days=1)
invited = Invitation.objects.create(email="ines@pages.test", name="Ines", invited_by=host, expires_at=later)
number = urlsafe_base64_encode(str(user.pk).encode())
import json
print(json.dumps(dict(
    invitation=invitation_token(invited.pk),
    verification=verification_token(user_id=waiting.pk, email=waiting.email),
    reset=number + "." + default_token_generator.make_token(user),
)))
"""
CODE = """
import time
from voiceassist.accounts.services.second_factor import _code_at
print(_code_at("{secret}", int(time.time()) // 30))
"""


def shell(product, source: str) -> str:
    return product.manage("shell", "--verbosity", "0", "--command", source).strip().splitlines()[-1]


@pytest.fixture
def tokens(product, request) -> dict[str, str]:
    """Somebody to sign in as, somebody invited, somebody who registered; and their links."""
    return json.loads(shell(product, SEED.format(email="paula@pages.test", password=PASSWORD)))


@pytest.fixture
def member(visitor, product, tokens):
    """A browser in which Paula is signed in."""
    enter(visitor, product)
    return visitor


def enter(page, product) -> None:
    page.goto(f"{product.address}/app/login/")
    page.get_by_label("E-mail address").fill("paula@pages.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/")


def check_both_themes_and_widths(page) -> None:
    """Look at a page in its four forms: nothing wider than the screen, nothing that axe complains of."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            found = Axe().run(page).response["violations"]
            assert [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found] == [], (page.url, theme, size)
    page.set_viewport_size(DESKTOP)


def test_the_pages_on_the_way_in_stand_in_both_themes_and_widths(visitor, product, tokens):
    for path in (
        "login/",
        "register/",
        f"register/?invitation={tokens['invitation']}",
        "register/sent/",
        f"verify/?token={tokens['verification']}",
        "verify/?token=made-up",
        "password/reset/",
        "password/reset/sent/",
        f"password/reset/confirm/?token={tokens['reset']}",
        "password/reset/done/",
    ):
        visitor.goto(f"{product.address}/app/{path}")
        assert "token=" not in visitor.url
        assert "invitation=" not in visitor.url
        check_both_themes_and_widths(visitor)


def test_the_settings_stand_in_both_themes_and_widths(member, product):
    for path in ("profile/", "security/", "security/password/", "security/second-factor/", "preferences/"):
        member.goto(f"{product.address}/app/settings/{path}")
        check_both_themes_and_widths(member)


def test_the_bell_is_in_the_bar_of_the_settings(member, product):
    member.goto(f"{product.address}/app/settings/profile/")
    for size in (DESKTOP, PHONE):
        member.set_viewport_size(size)
        member.locator("#bell-button").click()
        expect(member.locator("#bell-popover")).to_contain_text("Nothing to tell yet")
        box = member.locator("#bell-popover").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        check_both_themes_and_widths(member)
        member.keyboard.press("Escape")


def test_the_focus_goes_to_the_summary_and_from_there_to_the_field(visitor, product):
    visitor.goto(f"{product.address}/app/login/")
    visitor.keyboard.press("Enter")
    summary = visitor.get_by_role("alert")
    expect(summary).to_be_focused()
    check_both_themes_and_widths(visitor)

    summary.get_by_role("link", name="Enter your password.").click()
    expect(visitor.get_by_label("Password", exact=True)).to_be_focused()


def test_how_strong_a_password_is_shows_while_it_is_typed(visitor, product, tokens):
    visitor.goto(f"{product.address}/app/register/?invitation={tokens['invitation']}")
    password, meter = visitor.get_by_label("Password", exact=True), visitor.locator(".strength")

    password.fill("ines pages 12")
    expect(meter).to_contain_text("Not accepted yet")
    expect(meter).to_contain_text("Leave out your name and address.")
    check_both_themes_and_widths(visitor)

    password.fill(PASSWORD)
    expect(meter).to_contain_text("Strength: strong")
    expect(meter).not_to_contain_text("Leave out")
    assert meter.get_attribute("data-level") == "4"

    visitor.get_by_role("button", name="Show what is typed").click()
    assert password.get_attribute("type") == "text"
    visitor.get_by_role("button", name="Hide what is typed").click()
    assert password.get_attribute("type") == "password"


def test_preferences_save_themselves(member, product):
    member.goto(f"{product.address}/app/settings/preferences/")
    state = member.locator("[data-save-state]")

    member.get_by_label("Dark").check()
    expect(member.locator("html")).to_have_attribute("data-theme", "dark")
    expect(state).to_have_text(re.compile(r"Saved \d\d:\d\d"))

    member.get_by_label("Time zone").fill("Asia/Tokyo")
    member.get_by_label("Time zone").blur()
    expect(member.locator("[data-zone-name]")).to_have_text("Asia/Tokyo")

    member.get_by_label("Lock this browser after").fill("999")
    member.get_by_label("Lock this browser after").blur()
    expect(state).to_have_text("Not saved: see the field")
    expect(member.locator("#id_idle_lock_minutes_error")).to_contain_text("at the latest")

    member.reload()
    expect(member.locator("html")).to_have_attribute("data-theme", "dark")
    expect(member.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    expect(member.get_by_label("Lock this browser after")).to_have_value("")


def test_what_could_not_be_saved_is_kept_and_saved_later(member, product):
    member.goto(f"{product.address}/app/settings/preferences/")
    member.context.set_offline(True)
    member.get_by_label("Voice", exact=True).select_option("nova")
    expect(member.locator("[data-save-state]")).to_contain_text("Could not save, kept here")

    member.context.set_offline(False)
    expect(member.locator("[data-save-state]")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    member.reload()
    expect(member.get_by_label("Voice", exact=True)).to_have_value("nova")


def test_the_second_factor_is_set_up_and_asked_for(member, product):
    member.goto(f"{product.address}/app/settings/security/second-factor/")
    secret = member.locator("#secret").inner_text().replace(" ", "")
    member.get_by_label("Your password").fill(PASSWORD)
    member.get_by_label("Code that the app shows now").fill(shell(product, CODE.format(secret=secret)))
    member.get_by_role("button", name="Switch on").click()
    expect(member.get_by_role("heading", name="Keep your recovery codes")).to_be_visible()
    check_both_themes_and_widths(member)

    with member.expect_download() as download:
        member.get_by_role("button", name="Save as a file").click()
    saved = download.value.path().read_text(encoding="utf-8")
    codes = re.findall(r"^\d{8}$", saved, re.MULTILINE)
    assert len(codes) == 10

    member.get_by_role("link", name="I have kept them").click()
    expect(member.get_by_text("10 of 10 left")).to_be_visible()
    check_both_themes_and_widths(member)
    member.get_by_role("button", name="Sign out", exact=True).click()
    member.get_by_label("E-mail address").fill("paula@pages.test")
    member.get_by_label("Password", exact=True).fill(PASSWORD)
    member.keyboard.press("Enter")
    expect(member.get_by_role("heading", name="Enter your code")).to_be_visible()
    check_both_themes_and_widths(member)
    member.get_by_label("Code").fill(codes[0])
    member.keyboard.press("Enter")
    member.wait_for_url("**/app/")


def test_a_page_that_nobody_touches_asks_then_locks_every_tab(member, product):
    clock, other = member.context.clock, member.context.new_page()
    clock.install()
    for tab in (member, other):
        tab.goto(f"{product.address}/app/settings/profile/")

    clock.run_for(14 * 60_000 + 2_000)
    for tab in (member, other):
        expect(tab.get_by_role("dialog")).to_contain_text("Still there?")
    check_both_themes_and_widths(member)
    member.get_by_role("button", name="I am here").click()
    expect(member.get_by_role("dialog")).to_be_hidden()
    clock.run_for(2_000)
    expect(other.get_by_role("dialog")).to_be_hidden()

    clock.run_for(16 * 60_000)
    for tab in (member, other):
        tab.wait_for_url("**/app/unlock/?next=%2Fapp%2Fsettings%2Fprofile%2F")
    member.goto(f"{product.address}/app/settings/security/")
    assert "/app/unlock/" in member.url
    check_both_themes_and_widths(member)

    member.get_by_label("Password", exact=True).fill(PASSWORD)
    member.keyboard.press("Enter")
    member.wait_for_url("**/app/settings/security/")
