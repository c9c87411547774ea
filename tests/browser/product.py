"""The product as a newcomer starts it, and a browser in front of it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "DATA_DIR",
    "HOST",
    "PORT",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "EMBEDDED_SERVERS",
)


@dataclass(frozen=True)
class Product:
    """A running VoiceAssist with its address and the sign-in it printed."""

    address: str
    email: str
    password: str
    data_dir: Path

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py against the same data."""
        return manage(*arguments, data_dir=self.data_dir)


def manage(*arguments: str, data_dir: Path, port: int | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    environment["DATA_DIR"] = str(data_dir)
    environment["DJANGO_SETTINGS_MODULE"] = "tests.browser.settings"
    if port:
        environment["PORT"] = str(port)
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running_product(data_dir: Path) -> Iterator[Product]:
    """Start everything with `manage.py up`, and stop it again."""
    said = manage("up", "--detach", data_dir=data_dir, port=free_port())
    try:
        yield Product(
            address=re.search(r"http://[\d.]+:\d+", said)[0],
            email=re.search(r"Sign in as\s+(\S+)", said)[1],
            password=re.search(r"Password\s+(\S+)", said)[1],
            data_dir=data_dir,
        )
    finally:
        manage("stop", data_dir=data_dir)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)


def sign_in(page: Page, product: Product) -> None:
    page.goto(f"{product.address}/app/login/")
    page.get_by_label("E-mail address").fill(product.email)
    page.get_by_label("Password", exact=True).fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/app/**")


def ask(page: Page, question: str) -> None:
    """Ask, and wait until the finished answer stands in the thread."""
    finished = page.locator("article.answer:not(.live)")
    before = finished.count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(finished).to_have_count(before + 1, timeout=30_000)


def last_answer(page: Page):
    return page.locator("article.answer").last


def upload(page: Page, product: Product, path: Path) -> None:
    """Upload a document in the console and wait until it is indexed."""
    page.goto(f"{product.address}/console/knowledge/document/add/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).not_to_have_url(re.compile("/add/"))
    state = page.locator("#result_list tbody")
    for _ in range(200):
        page.goto(f"{product.address}/console/knowledge/document/?q={path.name}")
        if re.search("Indexed|Failed", state.inner_text()):
            break
    expect(state).to_contain_text("Indexed")
