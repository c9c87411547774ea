"""A browser without a screen: cookies, forms and redirects, one step at a time, over real HTTP."""

import html
import re
from urllib.parse import urljoin, urlsplit

import requests


class Browser(requests.Session):
    """Goes from our sign-in page to the provider and back. Cookies of both live in one jar, as in a real one."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def visit(self, path):
        return self.get(urljoin(self.server, path), allow_redirects=False, timeout=30)

    def begin(self, next_url=""):
        """Press the button on our sign-in page; return the provider's address that the browser is sent to."""
        return self.begin_from("/app/login/", next_url)

    def begin_from(self, path, next_url=""):
        """Do the same on another page of ours that has the button."""
        page = self.leave(next_url, path=path)
        assert page.status_code == 200, page.text
        return html.unescape(re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)[1])

    def leave(self, next_url="", path="/app/login/"):
        self.visit(path)
        return self.send_form("/app/oidc/login/", next=next_url)

    def at_provider(self, address, username, *, allow=True):
        """Sign in at the provider and agree, or not; return the address of our callback, with its code."""
        answer = self._follow(self.get(address, allow_redirects=False, timeout=30))
        if "Sign in at the provider" in answer.text:
            answer = self._follow(self._submit(answer, username=username))
        answer = self._submit(answer, **({"allow": "Authorize"} if allow else {}))
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def sign_in(self, username, next_url=""):
        """Go all the way; return our answer at the end of it."""
        return self.visit(self.at_provider(self.begin(next_url), username))

    def send_form(self, path, **fields):
        """Post a form of ours, with the token that only our own pages know."""
        fields = {"csrfmiddlewaretoken": self.cookies.get("csrftoken"), **fields}
        return self.post(urljoin(self.server, path), data=fields, allow_redirects=False, timeout=30)

    @property
    def is_open(self):
        return self.visit("/app/settings/").headers["Location"] == "/app/settings/profile/"

    @property
    def is_signed_in(self):
        return "/app/login/" not in self.visit("/app/settings/").headers["Location"]

    def _submit(self, page, **fields):
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', page.text))
        fields = {name: html.unescape(value) for name, value in hidden.items()} | fields
        return self.post(page.url, data=fields, headers={"Referer": page.url}, allow_redirects=False, timeout=30)

    def _follow(self, answer):
        while answer.status_code == 302 and urlsplit(answer.headers["Location"]).path != "/app/oidc/callback/":
            answer = self.get(urljoin(answer.url, answer.headers["Location"]), allow_redirects=False, timeout=30)
        return answer
