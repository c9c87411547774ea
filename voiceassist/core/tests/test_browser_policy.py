"""What browsers are told, and what they are told by whom."""

import re

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.routing import get_default_application
from django.conf import settings as django_settings
from django.test import Client

from voiceassist.core.tests.test_settings import imported, settings_with

PORTAL = "https://portal.example.org"
API = "/api/v1/auth/me"
PAGES = ["/app/login/", API, "/api/v1/docs", "/api/v1/schema", "/health/live", "/nowhere", "/static/js/chat.js"]


def got(path, **headers):
    """Ask as anybody, and read the answer to its end: a file stays open otherwise."""
    response = Client().get(path, headers=headers)
    if response.streaming:
        b"".join(response.streaming_content)
    return response


def policy(response):
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: values for name, *values in filter(None, parts)}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers(path):
    response = got(path)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    permissions = response["Permissions-Policy"].split(", ")
    assert "microphone=(self)" in permissions
    assert {"camera=()", "geolocation=()", "usb=()", "payment=()", "display-capture=()"} <= set(permissions)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/app/login/", API, "/api/v1/docs", "/api/v1/docs?script=", "/nowhere"])
def test_pages_are_under_the_strict_policy(path):
    response = Client().get(path)

    assert "unsafe" not in response["Content-Security-Policy"]
    assert policy(response) == {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "frame-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    assert response["X-Frame-Options"] == "DENY"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_the_console_alone_is_looser(curator):
    client = Client()
    client.force_login(curator)
    parts = policy(client.get("/console/", follow=False))
    assert parts["script-src"] == ["'self'", "'unsafe-eval'", "'unsafe-inline'"]
    assert parts["style-src"] == ["'self'", "'unsafe-inline'"]
    assert parts["default-src"] == ["'self'"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/app/login/", "/api/v1/docs"])
def test_no_page_has_inline_script_or_style(path):
    page = Client().get(path).content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


# --- Cookies, and HTTPS ---


def test_https_hardens_cookies_and_transport():
    names = [
        *("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
        *("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER", "TRUSTED_PROXIES"),
    ]
    assert settings_with(*names) == ["sessionid", "csrftoken", False, False, False, 0, None, []]
    secure = ["__Host-sessionid", "__Host-csrftoken", True, True, True, 31536000]
    forwarded = [["HTTP_X_FORWARDED_PROTO", "https"], ["127.0.0.0/8", "::1"]]
    assert settings_with(*names, HTTPS="true") == secure + forwarded


def test_an_operator_chooses_what_hsts_says():
    names = ["SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"]
    assert settings_with(*names, HTTPS="true") == [31536000, True, False]
    chosen = {"HSTS_SECONDS": "60", "HSTS_INCLUDE_SUBDOMAINS": "false", "HSTS_PRELOAD": "true"}
    assert settings_with(*names, HTTPS="true", **chosen) == [60, False, True]


def test_malformed_proxies_stop_the_start():
    assert "TRUSTED_PROXIES: 'nginx' does not appear" in imported("HOST", TRUSTED_PROXIES="nginx").stderr


@pytest.fixture
def https(settings):
    """The settings as HTTPS=true makes them, for the middleware and the cookies."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]


@pytest.mark.django_db
def test_over_https_a_user_signs_in_with_prefixed_cookies(https, author):
    client = Client(enforce_csrf_checks=True)
    page = client.get("/app/login/", secure=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    data = {"username": author.email, "password": "correct horse battery", "csrfmiddlewaretoken": token}
    response = client.post("/app/login/", data, secure=True, headers={"referer": "https://testserver/app/login/"})

    assert response.status_code == 302
    for name in ("__Host-sessionid", "__Host-csrftoken"):
        cookie = response.cookies[name]
        assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["httponly"]) == (True, "/", "", True)
        assert cookie["samesite"] == "Lax"
    assert client.get("/app/", secure=True).status_code == 200
    assert response["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


async def asked(path, *headers, client):
    """Ask the whole ASGI application; return status and headers."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *headers],
        "client": client,
        "scheme": "http",
        "http_version": "1.1",
    }
    server = ApplicationCommunicator(get_default_application(), scope)
    await server.send_input({"type": "http.request", "body": b""})
    answer = await server.receive_output(10)
    await server.receive_output(10)
    await server.wait()
    return answer["status"], {name.decode().lower(): value.decode() for name, value in answer["headers"]}


OVER_HTTPS = (b"x-forwarded-proto", b"https")


@pytest.fixture
def reloaded(https, monkeypatch):
    """The application with middleware that read the settings of now."""
    from django.core.asgi import get_asgi_application

    from voiceassist.core.body_limit import BodyLimit

    by_protocol = get_default_application().application.application_mapping
    renewed = BodyLimit(get_asgi_application(), uploads=by_protocol["http"].uploads)
    monkeypatch.setitem(by_protocol, "http", renewed)


@pytest.mark.usefixtures("reloaded")
@pytest.mark.django_db(transaction=True)
async def test_only_a_trusted_proxy_says_that_a_request_came_over_https():
    status, headers = await asked("/app/login/", OVER_HTTPS, client=["10.0.0.1", 1])
    assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000; includeSubDomains")

    status, headers = await asked("/app/login/", OVER_HTTPS, client=["203.0.113.9", 1])
    assert (status, headers["location"]) == (301, "https://testserver/app/login/")
    assert "strict-transport-security" not in headers


@pytest.mark.usefixtures("reloaded")
@pytest.mark.django_db(transaction=True)
async def test_health_checks_are_not_redirected():
    assert (await asked("/health/live", client=["203.0.113.9", 1]))[0] == 200


# --- Other sites ---


def preflight(path, origin=PORTAL, **headers):
    asked_for = {"access-control-request-method": "POST", "access-control-request-headers": "authorization", **headers}
    return Client().options(path, headers={"origin": origin, **asked_for})


def cors(response):
    return {name for name in response.headers if name.lower().startswith("access-control-")}


@pytest.fixture
def portal(settings):
    settings.CORS_ALLOWED_ORIGINS = [PORTAL]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [API, "/api/auth/me/", "/users/me"])
def test_by_default_no_other_site_may_use_the_api(path):
    assert cors(preflight(path)) == set()
    assert cors(got(path, origin=PORTAL)) == set()


@pytest.mark.usefixtures("portal")
@pytest.mark.django_db
@pytest.mark.parametrize("path", [API, "/api/auth/me/", "/auth/me", "/users/me/"])
def test_a_listed_site_may_at_every_address_of_the_api(path):
    response = preflight(path)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == PORTAL
    assert "authorization" in response["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response
    assert "origin" in response["Vary"]

    answer = got(path, origin=PORTAL)
    assert answer["Access-Control-Allow-Origin"] == PORTAL
    assert "X-Request-ID" in answer["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.usefixtures("portal")
@pytest.mark.django_db
@pytest.mark.parametrize("origin", ["https://evil.test", "http://portal.example.org", f"{PORTAL}.evil.test", "null"])
def test_a_site_that_is_not_listed_may_not(origin):
    assert "Access-Control-Allow-Origin" not in preflight(API, origin)
    assert "Access-Control-Allow-Origin" not in Client().get(API, headers={"origin": origin})


@pytest.mark.usefixtures("portal")
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/app/login/", "/app/", "/console/", "/", "/health", "/static/js/chat.js", "/apiary"])
def test_pages_and_console_are_for_their_own_site_only(path):
    assert cors(preflight(path)) == set()
    assert cors(got(path, origin=PORTAL)) == set()


@pytest.mark.usefixtures("portal")
@pytest.mark.django_db
def test_a_listed_site_does_not_ride_on_a_browser_session(author):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    response = client.post("/api/v1/auth/logout-all", {}, "application/json", headers={"origin": PORTAL})
    assert response.status_code == 403


def test_origins_come_from_the_environment():
    assert settings_with("CORS_ALLOWED_ORIGINS", CORS_ORIGINS=f"{PORTAL},https://b.test") == [
        [PORTAL, "https://b.test"]
    ]
    assert django_settings.CORS_ALLOWED_ORIGINS == []
