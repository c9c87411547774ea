"""The bell: what is under way and what was told, as it happens."""

from __future__ import annotations

import re
import textwrap

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.product import DESKTOP, sign_in

JOB = "00000000-0000-4000-8000-0000000000b1"
NO_WORKER = """
from voiceassist.core.events import publish_progress
from voiceassist.core.jobs import cancel_job, check_not_cancelled, fail_job, finish_job, retry_job, run_job
from voiceassist.core.models import Job, Notification
from voiceassist.accounts.models import User
user = User.objects.get(email={email!r})
"""


@pytest.fixture
def tell(product):
    """Run a few lines in a process of their own, as the worker is one."""

    def run(lines: str) -> str:
        code = NO_WORKER.format(email=product.email) + textwrap.dedent(lines)
        return product.manage("shell", "--no-imports", "-c", code)

    yield run
    run("Notification.objects.all().delete(); Job.objects.all().delete()")


def running_job(stage: str = "embedding", done: int = 64, total: int = 151) -> str:
    """Lines that leave one job under way."""
    return f"""
    job = Job.objects.create(id={JOB!r}, kind="knowledge.index_document", subject_id={JOB!r}, owner_id=user.pk,
                             status="running", stage={stage!r}, done={done}, total={total})
    publish_progress(job)
    """


def bell(page):
    return page.locator("#bell-button")


def under(page):
    return page.locator("#bell-popover")


def test_an_empty_bell_says_what_will_be_there_and_closes_by_escape(page):
    expect(bell(page)).to_have_attribute("aria-expanded", "false")
    bell(page).click()

    expect(under(page)).to_contain_text("Nothing to tell yet")
    expect(bell(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(under(page)).to_be_hidden()
    expect(bell(page)).to_be_focused()


def test_progress_of_another_process_is_shown_as_it_happens_and_its_end_is_counted_and_announced(page, tell):
    bell(page).click()
    expect(under(page)).to_contain_text("Nothing to tell yet")

    tell(running_job())
    expect(under(page).locator("[data-state]")).to_have_text("Embedding · 64 of 151")
    tell(f"job = Job.objects.get(pk={JOB!r}); job.done = 128; publish_progress(job)")  # told, not stored
    expect(under(page).locator("[data-state]")).to_have_text("Embedding · 128 of 151")
    expect(under(page).locator("progress")).to_have_js_property("value", 128)

    tell(f"finish_job(Job.objects.get(pk={JOB!r}))")
    expect(under(page)).to_contain_text("Indexing finished")
    expect(bell(page)).to_have_attribute("aria-label", "Notifications, 1 unread")
    expect(page.locator("#bell-announcer")).to_have_text("Indexing finished")
    under(page).get_by_role("button", name="Mark all as read").click()
    expect(bell(page)).to_have_attribute("aria-label", "Notifications")


def test_running_work_is_cancelled_from_the_bell(page, tell):
    tell(running_job())
    bell(page).click()
    under(page).get_by_role("button", name="Cancel").click()
    expect(under(page)).to_contain_text("Ending at its next step")

    tell(f"run_job(job_id={JOB!r}, work=check_not_cancelled)")
    expect(under(page)).to_contain_text("Cancelled")
    expect(under(page).get_by_role("button", name="Try again")).to_be_visible()


def test_failed_work_is_tried_again_from_the_bell(page, tell):
    tell(running_job() + f"\n    fail_job(Job.objects.get(pk={JOB!r}), error='No.')")
    tell("Job.objects.update(attempts=5)")  # begun often before: that must not count against the new run
    expect(bell(page)).to_have_attribute("aria-label", "Notifications, 1 unread")
    bell(page).click()
    expect(under(page)).to_contain_text("Indexing failed")

    under(page).get_by_role("button", name="Try again").click()

    # There is no such document, so the worker has nothing to index and is done at once.
    expect(under(page)).to_contain_text("Indexing finished", timeout=20_000)


@pytest.fixture
def forgiving_page(browser, product):
    """A page that may be refused: the browser itself complains of a 409 on its console."""
    context = browser.new_context(viewport=DESKTOP)
    opened = context.new_page()
    sign_in(opened, product)
    opened.goto(f"{product.address}/app/?new")
    yield opened
    context.close()


def test_a_wish_that_comes_too_late_is_answered_in_words(forgiving_page, tell):
    def ends_just_before(route):
        tell(f"finish_job(Job.objects.get(pk={JOB!r}))")
        route.continue_()

    tell(running_job())
    bell(forgiving_page).click()
    forgiving_page.route(re.compile("/cancel$"), ends_just_before)
    under(forgiving_page).get_by_role("button", name="Cancel").click()

    expect(forgiving_page.locator("#bell-trouble")).to_contain_text("has ended", timeout=20_000)


def test_what_happened_while_the_connection_was_lost_is_there_after_it(page, tell):
    expect(bell(page)).to_have_attribute("aria-label", "Notifications")
    page.context.set_offline(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    tell(running_job() + f"\n    finish_job(Job.objects.get(pk={JOB!r}))")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")

    expect(bell(page)).to_have_attribute("aria-label", "Notifications, 1 unread", timeout=20_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_open_bell_has_no_violations(page, tell, theme):
    page.emulate_media(color_scheme=theme)
    tell(running_job())
    tell("fail_job(Job.objects.create(kind='k', subject_id=user.pk, owner_id=user.pk), error='No.')")
    bell(page).click()
    expect(under(page)).to_contain_text("Background work failed")

    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found] == []


def test_the_bell_fits_a_phone(phone, tell):
    tell(running_job())
    bell(phone).click()
    expect(under(phone)).to_contain_text("Embedding")

    box = under(phone).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
