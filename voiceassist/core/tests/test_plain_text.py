"""What no column can store and no answer can hold: NUL, and half of a surrogate pair."""

import io
import json

import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.core.api import parsers
from voiceassist.core.api.parsers import BoundedJSONParser
from voiceassist.core.plain_text import PlainTextMiddleware


class Probe(APIView):
    """Says what it was sent, whatever it is."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(request.query_params)

    def post(self, request: Request) -> Response:
        return Response(request.data)

    def put(self, _request: Request) -> Response:
        return Response({"half": "\ud800"})


handler404 = "voiceassist.core.middleware.not_found"
handler500 = "voiceassist.core.middleware.server_error"
urlpatterns = [path("api/v1/probe", Probe.as_view()), path("app/probe/<path:rest>", lambda *_, **__: None)]


@pytest.fixture
def _probe(settings, db):
    settings.ROOT_URLCONF = __name__


def post(client, body, content_type="application/json"):
    return client.post("/api/v1/probe", body, content_type=content_type)


@pytest.mark.usefixtures("_probe")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (r'{"a": "\u0000"}', "a"),
        (r'{"a": "\ud800"}', "a"),
        (r'{"a": "\uDFFF x"}', "a"),
        (r'{"fine": 1, "a": [[{"b": {"c": ["\udc80"]}}]]}', "a"),
        (r'{"a": {"\ud800": 1}}', "a"),
        (r'{"\ud800": 1}', None),
        (r'{"\u0000": 1}', None),
        (r'["\ud800"]', None),
        (r'"\ud800"', None),
    ],
)
def test_such_text_is_refused_at_any_depth(client, body, field):
    response = post(client, body)
    error = response.json()["error"]

    assert (response.status_code, error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)
    assert "surrogate" in json.dumps(error)


@pytest.mark.usefixtures("_probe")
@pytest.mark.parametrize("body", [r'{"a": "\ud83d\ude00"}', r'{"a": "\\u0000 \\ud800"}', r'{"a": "\u00e9 \u0041"}'])
def test_whole_characters_are_taken_however_they_are_spelled(client, body):
    assert post(client, body).json()["data"] == json.loads(body)


@pytest.mark.usefixtures("_probe")
@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "utf-16", "punycode"])
def test_a_charset_that_can_spell_it_is_not_taken(client, charset):
    kind = f"application/json; charset={charset}"
    sent, asked = ("/api/v1/probe", b'{"a": "+2AA-"}', kind), ("/api/v1/probe?a=+2AA-", b"", kind)
    responses = [client.generic("POST", *sent), client.generic("GET", *asked, CONTENT_TYPE=kind)]

    assert [response.status_code for response in responses] == [415, 415]


@pytest.mark.usefixtures("_probe")
@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii", "latin-1", "no-such-charset"])
def test_other_charsets_are(client, charset):
    kind = f"application/json; charset={charset}"

    assert client.generic("POST", "/api/v1/probe", b'{"a": "b"}', kind).json()["data"] == {"a": "b"}


@pytest.mark.usefixtures("_probe")
def test_an_address_that_holds_a_nul_is_refused_in_the_form_that_is_wanted(client):
    asked = client.get("/api/v1/probe?a=%00")
    page, nowhere = client.get("/app/probe/x?a=%00"), client.get("/app/probe/%00")

    assert (asked.status_code, asked.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert asked.json()["error"]["field"] == "a"
    assert client.get("/api/v1/probe?%00=1").json()["error"]["field"] is None
    assert (page.status_code, nowhere.status_code) == (400, 404)
    assert "This address holds a NUL" in page.content.decode()
    assert "Content-Security-Policy" in page.headers
    assert client.get("/api/v1/probe?a=%2500").json()["data"] == {"a": "%00"}


@pytest.mark.usefixtures("_probe")
def test_what_comes_by_another_way_does_not_break_the_answer(client):
    assert client.put("/api/v1/probe").json()["data"] == {"half": "?"}


def test_a_large_body_without_such_escapes_is_not_looked_through(monkeypatch):
    monkeypatch.setattr(parsers, "_check_text", lambda _: pytest.fail("looked through"))

    assert BoundedJSONParser().parse(io.BytesIO(rb'{"a": "\u00e9", "b": [1, 2]}'), None, {}) == {"a": "é", "b": [1, 2]}


def test_it_stands_above_what_reads_forms(settings):
    name = f"{PlainTextMiddleware.__module__}.{PlainTextMiddleware.__name__}"

    assert settings.MIDDLEWARE.index(name) < settings.MIDDLEWARE.index("django.middleware.csrf.CsrfViewMiddleware")
