"""A person who uses the pages, for tests."""

import html
import re

from django.contrib.sessions.models import Session
from django.urls import reverse

PASSWORD = "correct horse battery"
NEW_PASSWORD = "seven green bicycles"


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": email, "password": password, **more})


def summary(response):
    """Return the lines of the error summary."""
    found = re.search(r'<div class="error-summary".*?</div>', response.content.decode(), re.DOTALL)
    return [html.unescape(text) for text in re.findall(r"<li>(?:<a[^>]*>)?(.*?)<", found[0])] if found else []


def errors_beside(response, field):
    """Return what stands beside a field."""
    block = re.search(rf'id="id_{field}_error">(.*?)</div>', response.content.decode(), re.DOTALL)[1]
    return [html.unescape(text) for text in re.findall(r"</svg>(.*?)</p>", block)]


def heading(response):
    text = re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", response.content.decode(), re.DOTALL)[1])
    return html.unescape(text).strip()


def notices(response):
    return [
        html.unescape(text)
        for text in re.findall(r'role="status"><svg.*?<span>(.*?)</span>', response.content.decode())
    ]


def everything_in_sessions():
    """Return all that stands in the sessions of all browsers, as text."""
    return " ".join(str(row.get_decoded()) for row in Session.objects.all())
