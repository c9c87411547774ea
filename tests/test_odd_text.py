"""Every route is sent text that nothing can store or encode, wherever text can be sent."""

import json
import re

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.test_roles import API, PAGES, api_routes
from voiceassist.accounts.models import FeatureFlag
from voiceassist.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
SOME_ID = "00000000-0000-4000-8000-000000000000"
ODD = ["\ud800", "\x00", "a\udfff"]
FIELDS = [
    *("name", "value", "key", "role", "roles", "theme", "voice", "note", "email", "password", "new_password"),
    *("current_password", "token", "code", "refresh", "content", "message", "title", "query", "filters", "q"),
    *("client_id", "conversation_id", "message_id", "everyone", "percent", "language", "time_zone"),
    *("professional_role", "department", "registration_domains", "is_active"),
]
QUERIES = ["q=%00", "limit=%00", "offset=%00", "role=%00", "status=%00&kind=%00", "%00=1", "q=%ED%A0%80", "q=%FF%FE"]


def addresses(path):
    """Yield the addresses of a route: with ids that could be there, and with odd text in place of each parameter."""
    plain = re.sub(r"\{\w+\}", "anything", path.replace("{id}", SOME_ID))
    yield plain
    if "{" in path:
        yield from (re.sub(r"\{\w+\}", odd, path) for odd in ("%00", "%ED%A0%80", "a%00", "%0A", "%FF"))


def bodies():
    for odd in ODD:
        yield dict.fromkeys(FIELDS, odd)
        yield {field: [odd] for field in FIELDS}
        yield {field: {odd: {odd: odd}} for field in FIELDS}
        yield {odd: odd}
        yield [odd]
        yield odd


@pytest.fixture
def administrator_api(api, administrator):
    client = api(administrator)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("path", API)
def test_no_route_of_the_api_fails_over_odd_text(path, administrator_api):
    FeatureFlag.objects.create(name="anything")
    client, failed = administrator_api, []
    for address in addresses(path):
        for method in dict(api_routes())[path]:
            call = getattr(client, method.lower())
            for body in bodies() if method != "GET" else []:
                status = call(f"/api/v1/{address}", json.dumps(body), content_type="application/json").status_code
                failed += [(method, address, body, status)] if status >= 500 else []
        for query in QUERIES:
            status = client.get(f"/api/v1/{address}?{query}").status_code
            failed += [(address, query, status)] if status >= 500 else []

    assert failed == []


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("put", "users/me/settings", {"theme": "\ud800"}, "theme"),
        ("post", "search", {"query": "x", "filters": {"\ud800": 1}}, "filters"),
        ("put", "admin/settings", {"\ud800": 1}, None),
        ("post", "admin/feature-flags", {"name": "a", "roles": ["\ud800"]}, "roles"),
        ("post", "auth/invitations", {"email": "a@clinic.test", "role": "\ud800"}, "role"),
    ],
)
def test_the_field_that_holds_it_is_named(method, path, body, field, administrator_api):
    call = getattr(administrator_api, method)
    response = call(f"/api/v1/{path}", json.dumps(body), content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["field"] == field


@pytest.mark.parametrize("name", ["\x00.md", "\ud800.md", "a\x00b.pdf"])
def test_an_upload_of_an_odd_name_is_no_fault_of_ours(name, api, curator):
    client = api(curator)
    client.raise_request_exception = False
    sent = name.encode(errors="surrogatepass").decode("latin1")
    file = SimpleUploadedFile("x", b"# Gout\n\nUrate.", content_type="text/markdown")
    file._name = sent

    response = client.post("/api/v1/admin/kb/documents", {"file": file, "title": sent}, format="multipart")

    assert response.status_code < 500


@pytest.mark.parametrize("path", [*PAGES, "console/", "console/accounts/user/", "console/knowledge/document/"])
def test_no_page_fails_over_odd_text(path, client, administrator):
    client.force_login(administrator)
    client.raise_request_exception = False
    failed = []
    for address in addresses(path):
        for query in ["q=%00", "next=%00", "offset=%00", "open=%00", "token=%00", "role__exact=%00", "q=%ED%A0%80"]:
            status = client.get(f"/{address}?{query}").status_code
            failed += [(address, query, status)] if status >= 500 else []
        if not address.endswith(("logout/", "lock/", "everywhere/")):
            status = client.post(
                f"/{address}", dict.fromkeys(["next", "email", "password", "q", "name"], "\x00")
            ).status_code
            failed += [(address, "form", status)] if status >= 500 else []

    assert failed == []


@pytest.mark.parametrize("address", ["/%00", "/static/%00", "/app/%00/", "/console/core/systemsetting/%00/change/"])
def test_an_address_that_cannot_be_leads_nowhere(address, client, administrator):
    client.force_login(administrator)
    client.raise_request_exception = False

    assert client.get(address, follow=True).status_code == 404


@pytest.mark.parametrize(("charset", "status"), [("hex", 415), ("bz2", 415), ("rot13", 415), ("no-such-charset", 401)])
async def test_a_charset_that_is_none_for_text_is_no_fault_of_ours(charset, status):
    headers = [(b"host", b"localhost"), (b"content-type", f"application/json; charset={charset}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/v1/auth/me", "query_string": b"a=b", "headers": headers}
    server = ApplicationCommunicator(application, scope)
    await server.send_input({"type": "http.request", "body": b"", "more_body": False})

    assert (await server.receive_output(timeout=5))["status"] == status
    await server.receive_output(timeout=5)
    await server.wait(timeout=5)
