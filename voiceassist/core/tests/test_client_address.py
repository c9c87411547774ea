import pytest
from django.core.exceptions import ImproperlyConfigured

from voiceassist.core.client_address import checked_proxies, client_address, is_trusted
from voiceassist.core.forwarding import PASSED_ON, TrustedForwarding

PROXIES = ["10.0.0.0/8", "2001:db8::/32"]


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = PROXIES


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # not a proxy of ours: its word is nothing
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # what the client wrote itself stands left
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7, rubbish", "10.0.0.1"),
        ("10.0.0.1", "rubbish, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", " , ,198.51.100.7,, ", "198.51.100.7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db9::7", "2001:db9::7"),
        ("fe80::1%eth0", "198.51.100.7", "fe80::1"),
        ("[2001:db8::1]", "198.51.100.7", "198.51.100.7"),
        ("", "198.51.100.7", ""),
        ("testclient", "198.51.100.7", ""),
    ],
)
def test_the_address_of_a_client(peer, forwarded, address):
    assert client_address(peer, forwarded) == address


def test_nobody_is_trusted_unless_named(settings):
    settings.TRUSTED_PROXIES = []
    assert not is_trusted("127.0.0.1")
    assert client_address("127.0.0.1", "198.51.100.7") == "127.0.0.1"


def test_proxies_are_checked_at_the_start():
    given = ["10.0.0.1", "10.1.0.0/16", "2001:db8::/32", "::1"]
    assert checked_proxies(given) == given


@pytest.mark.parametrize("entry", ["nginx", "10.0.0.1/8", "10.0.0.256", "0.0.0.0/0", "::/0", "10.0.0.1:80", "*"])
def test_what_names_no_proxy_is_refused(entry):
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        checked_proxies([entry])


async def passed_on(headers, *, kind="http", client=("203.0.113.9", 5)):
    """Return the headers that the application behind sees."""
    seen = []

    async def application(scope, _receive, _send):
        seen.append(scope)

    await TrustedForwarding(application)({"type": kind, "headers": headers, "client": client}, None, None)
    return seen[0]["headers"]


FORGED = [
    (b"x-forwarded-proto", b"https"),
    (b"X-Forwarded-For", b"127.0.0.1"),
    (b"x_forwarded_proto", b"https"),
    (b"x-forwarded-host", b"evil.test"),
    (b"forwarded", b"proto=https"),
    (b"x-real-ip", b"127.0.0.1"),
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("header", FORGED)
async def test_a_stranger_cannot_say_where_a_request_comes_from(kind, header):
    assert await passed_on([(b"host", b"a"), header], kind=kind) == [(b"host", b"a"), PASSED_ON]


async def test_a_proxy_of_ours_can():
    assert await passed_on(FORGED, client=["10.0.0.1", 5]) == FORGED


async def test_other_headers_are_left_alone():
    headers = [(b"host", b"a"), (b"x-request-id", b"1"), (b"cookie", b"x-forwarded-proto=https")]
    assert await passed_on(headers) == headers


async def test_a_peer_without_an_address_is_not_trusted():
    assert await passed_on([FORGED[0]], client=None) == [PASSED_ON]


async def test_what_is_no_request_passes():
    reached = []

    async def application(scope, *_):
        reached.append(scope)

    await TrustedForwarding(application)({"type": "lifespan"}, None, None)
    assert reached == [{"type": "lifespan"}]
