import pytest
from channels.routing import get_default_application

from voiceassist.core.forwarding import TrustedForwarding
from voiceassist.core.same_origin import SameOriginMiddleware


async def outcome(headers, scheme="ws"):
    """Return the messages sent, and whether the application behind was reached."""
    sent, reached = [], []

    async def application(*_):
        reached.append(True)

    async def send(message):
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers]
    await SameOriginMiddleware(application)({"type": "websocket", "scheme": scheme, "headers": pairs}, None, send)
    return bool(reached), sent


def headers(origin, host="localhost:8000", cookie="sessionid=1"):
    return [(name, value) for name, value in (("host", host), ("origin", origin), ("cookie", cookie)) if value]


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://localhost:8000", "localhost:8000", "ws"),
        ("http://LOCALHOST:8000", "localhost:8000", "ws"),
        ("http://localhost", "localhost:80", "ws"),
        ("https://localhost", "localhost", "wss"),
        ("http://[::1]:8000", "[::1]:8000", "ws"),
    ],
)
async def test_our_own_pages_are_let_in(origin, host, scheme):
    assert await outcome(headers(origin, host), scheme) == (True, [])


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:8000"),
        ("null", "localhost:8000"),
        ("http://evil.test", "localhost:8000"),
        ("http://localhost:8001", "localhost:8000"),
        ("https://localhost:8000", "localhost:8000"),
        ("http://localhost:8000/path", "localhost:8000"),
        ("http://localhost:8000@evil.test", "localhost:8000"),
        ("http://localhost:8000.evil.test", "localhost:8000"),
        ("http://evil.test", "evil.test"),
        ("http://localhost:port", "localhost:8000"),
        ("http://localhost:8000", None),
    ],
)
async def test_every_other_page_is_refused(origin, host):
    assert await outcome(headers(origin, host)) == (False, [{"type": "websocket.close"}])


async def test_an_origin_given_twice_is_refused():
    twice = [*headers("http://localhost:8000"), ("origin", "http://evil.test")]

    assert (await outcome(twice))[0] is False


async def test_a_socket_without_a_cookie_needs_no_origin():
    assert (await outcome(headers(None, cookie=None)))[0] is True


async def test_a_trusted_origin_is_let_in(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://clinic.test"]

    assert (await outcome(headers("https://clinic.test")))[0] is True


async def test_behind_a_proxy_that_ends_tls_the_page_is_https(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    forwarded = [*headers("https://localhost", "localhost"), ("x-forwarded-proto", "https")]

    assert (await outcome(forwarded))[0] is True
    assert (await outcome(headers("https://localhost", "localhost")))[0] is False


@pytest.mark.parametrize(("peer", "reaches"), [("10.0.0.1", True), ("203.0.113.9", False)])
async def test_only_a_trusted_proxy_says_that_a_page_is_https(settings, peer, reaches):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    reached = []

    async def application(*_):
        reached.append(True)

    async def send(_message):
        pass

    given = [*headers("https://localhost", "localhost"), ("x-forwarded-proto", "https")]
    pairs = [(name.encode(), value.encode()) for name, value in given]
    scope = {"type": "websocket", "scheme": "ws", "headers": pairs, "client": [peer, 1]}
    await TrustedForwarding(SameOriginMiddleware(application))(scope, None, send)
    assert bool(reached) is reaches


def test_the_whole_application_stands_behind_that():
    whole = get_default_application()
    assert isinstance(whole, TrustedForwarding)
    assert isinstance(whole.application.application_mapping["websocket"], SameOriginMiddleware)
