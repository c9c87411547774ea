"""What a provider may answer, and what must not be believed."""

import html
import re
from base64 import b64encode
from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from voiceassist.accounts import fresh_sign_in
from voiceassist.accounts.models import SignIn, User
from voiceassist.accounts.oidc import sign_in as oidc
from voiceassist.accounts.oidc import transport as oidc_transport
from voiceassist.accounts.oidc.id_tokens import Identity
from voiceassist.accounts.oidc.provider_settings import ProviderSettings, check_single_sign_on, is_safe_url, problem_of
from voiceassist.accounts.services import single_sign_on
from voiceassist.accounts.tests.scripted_provider import ANOTHER_KEY, CLIENT_ID, CLIENT_SECRET, KEY, public_jwk, serve
from voiceassist.core import system_settings


@pytest.fixture(autouse=True)
def _many_from_one_address(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "oidc": "1000/min"}


@pytest.fixture
def provider(settings, author):
    script, server = serve()
    settings.OIDC_ISSUER, settings.OIDC_NAME = script.address, "Clinic login"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    yield script
    server.shutdown()
    server.server_close()


def begin(client):
    return client.post(reverse("oidc-login"))


def way_of(page):
    """Return the parameters that the browser takes to the provider."""
    assert page.status_code == 200, page.content
    address = re.search(r'content="0; url=([^"]+)"', page.content.decode())[1]
    return {name: values[0] for name, values in parse_qs(urlsplit(html.unescape(address)).query).items()}


def come_back(client, provider):
    """Go to the provider and return with a code."""
    way = way_of(begin(client))
    provider.claims.setdefault("nonce", way["nonce"])
    return client.get(reverse("oidc-callback"), {"code": "a-code", "state": way["state"]})


def is_refused(answer, status, words):
    assert answer.status_code == status, answer.content.decode()
    assert words in answer.content.decode()
    assert not SignIn.objects.exists()
    assert not SocialAccount.objects.exists()


NOT_PROVED = (502, "could not be proved to come from it")
NOT_UNDERSTOOD = (502, "not OpenID Connect")


def test_the_right_answer_signs_in(client, provider, author):
    assert come_back(client, provider).status_code == 302
    assert SignIn.objects.get().user == author


# --- The id_token ------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": 7},
        {"aud": "another-client"},
        {"aud": []},
        {"aud": [CLIENT_ID, "another-client"]},
        {"azp": "another-client"},
        {"iss": "https://another.test"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 9_999_999_999},
        {"sub": None},
    ],
    ids=str,
)
def test_claims_that_were_not_meant_for_us_now_are_not_believed(client, provider, claims):
    provider.claims |= claims

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_several_audiences_are_fine_when_we_are_the_authorised_one(client, provider):
    provider.claims |= {"aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID}

    assert come_back(client, provider).status_code == 302


def test_a_clock_may_be_a_little_off(client, provider):
    provider.claims["iat"] = int(timezone.now().timestamp()) + 30

    assert come_back(client, provider).status_code == 302


def test_a_token_signed_by_another_key_is_not_believed(client, provider):
    provider.key = ANOTHER_KEY

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_a_token_signed_with_our_own_secret_is_not_believed(client, provider):
    provider.key, provider.algorithm = CLIENT_SECRET, "HS256"

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_an_unsigned_token_is_not_believed(client, provider):
    way = way_of(begin(client))
    provider.claims["nonce"] = way["nonce"]
    provider.token = provider.unsigned()

    answer = client.get(reverse("oidc-callback"), {"code": "a-code", "state": way["state"]})

    is_refused(answer, *NOT_PROVED)


def test_an_unknown_key_is_not_believed(client, provider):
    provider.header = {"kid": "another"}

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_a_token_that_names_no_key_is_checked_with_the_only_one(client, provider):
    provider.header = {}

    assert come_back(client, provider).status_code == 302


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": []},
        {"keys": {"kid": "one"}},
        {"keys": ["one"]},
        {"keys": [{"kid": "one", "kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [public_jwk(use="enc")]},
        {"keys": [public_jwk(alg="RS512")]},
        {"keys": [{"kid": "one", "kty": "RSA", "n": "!", "e": "AQAB"}]},
    ],
)
def test_keys_that_cannot_have_signed_it_prove_nothing(client, provider, keys):
    provider.right_reply = replaced(provider, "/keys", keys)

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_elliptic_keys_are_understood(client, provider):
    key = ec.generate_private_key(ec.SECP256R1())
    provider.key, provider.algorithm = key, "ES256"
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one"}
    provider.right_reply = replaced(provider, "/keys", {"keys": [public_jwk(KEY, kid="two"), jwk]})

    assert come_back(client, provider).status_code == 302


@pytest.mark.parametrize("token", ["", "no.token", "a.b.c", 7, [], {}])
def test_what_is_no_token_is_refused(client, provider, token):
    provider.token = token

    assert come_back(client, provider).status_code == 502
    assert not SignIn.objects.exists()


@pytest.mark.parametrize("subject", ["", "x" * 192, "a\0b", 7, ["1"]])
def test_a_subject_must_be_a_short_word(client, provider, subject):
    provider.claims["sub"] = subject

    assert come_back(client, provider).status_code == 502
    assert not SocialAccount.objects.exists()


# --- How lately somebody signed in there -------------------------------------

TOO_LATE = (401, "too long ago, or before this browser was locked")


def ago(minutes):
    return int((timezone.now() - timedelta(minutes=minutes)).timestamp())


def test_every_way_asks_for_a_sign_in_within_the_idle_limit(client, provider):
    way = way_of(begin(client))

    assert way["max_age"] == "900"
    assert "prompt" not in way


def test_a_sign_in_there_within_the_limit_is_late_enough(client, provider):
    provider.claims["auth_time"] = ago(14)

    assert come_back(client, provider).status_code == 302


def test_an_older_one_is_refused_whatever_the_browser_asked_for_and_the_next_try_asks_for_the_password(
    client, provider, author
):
    provider.claims["auth_time"] = ago(17)
    is_refused(come_back(client, provider), *TOO_LATE)

    assert way_of(begin(client))["prompt"] == "login"
    del provider.claims["nonce"]
    is_refused(come_back(client, provider), *TOO_LATE)
    del provider.claims["nonce"], provider.claims["auth_time"]
    assert come_back(client, provider).status_code == 302
    assert SignIn.objects.get().user == author


def test_a_provider_that_keeps_the_time_to_itself_opens_nothing(client, provider):
    provider.claims["auth_time"] = None

    is_refused(come_back(client, provider), 502, "does not tell when you signed in there")


@pytest.mark.parametrize("moment", ["today", True, [1], 9_999_999_999, float("inf")], ids=str)
def test_what_is_no_time_that_has_been_proves_nothing(client, provider, moment):
    provider.claims["auth_time"] = moment

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_no_number_at_all_is_never_late_enough(client, provider):
    provider.claims["auth_time"] = float("nan")

    is_refused(come_back(client, provider), *TOO_LATE)


@pytest.fixture
def locked(client, provider):
    """A browser that was locked a minute ago, five minutes after its user had signed in at the provider."""
    come_back(client, provider)
    provider.claims |= {"auth_time": ago(6)}
    del provider.claims["nonce"]
    with time_machine.travel(timezone.now() - timedelta(minutes=1)):
        client.post(reverse("lock"))
    return client


def is_signed_in(client):
    return client.get("/app/settings/").headers["Location"] == "/app/settings/profile/"


def test_the_sign_in_there_from_before_the_lock_does_not_unlock(locked, provider):
    answer = come_back(locked, provider)

    assert (answer.status_code, TOO_LATE[1] in answer.content.decode()) == (401, True)
    assert locked.get("/app/settings/")["Location"].startswith("/app/unlock/")


def test_a_new_one_unlocks(locked, provider):
    del provider.claims["auth_time"]

    assert come_back(locked, provider).status_code == 302
    assert is_signed_in(locked)


def test_signing_out_of_a_locked_browser_is_no_way_round_the_lock(locked, provider, colleague):
    locked.post(reverse("logout"))
    locked.force_login(colleague)  # nor is somebody else's sign-in in between
    locked.post(reverse("logout"))

    assert way_of(begin(locked))["prompt"] == "login"
    answer = come_back(locked, provider)
    assert (answer.status_code, TOO_LATE[1] in answer.content.decode()) == (401, True)
    del provider.claims["auth_time"], provider.claims["nonce"]
    assert come_back(locked, provider).status_code == 302
    assert is_signed_in(locked)


def test_signing_out_of_a_browser_that_is_not_locked_asks_for_nothing_more(client, provider):
    come_back(client, provider)
    client.post(reverse("logout"))

    assert "prompt" not in way_of(begin(client))


def test_a_way_that_was_begun_before_the_lock_does_not_lead_around_it(client, provider):
    come_back(client, provider)
    way = way_of(begin(client))
    provider.claims |= {"auth_time": ago(6), "nonce": way["nonce"]}
    client.post(reverse("lock"))

    assert client.get(reverse("oidc-callback"), {"code": "a-code", "state": way["state"]}).status_code == 401
    assert client.get("/app/settings/")["Location"].startswith("/app/unlock/")


def test_a_browser_that_was_left_alone_was_locked_when_its_limit_was_over(client, provider):
    come_back(client, provider)
    SignIn.objects.update(last_seen_at=timezone.now() - timedelta(minutes=25))  # so the lock fell ten minutes ago
    provider.claims |= {"auth_time": ago(11)}
    del provider.claims["nonce"]
    assert come_back(client, provider).status_code == 401

    provider.claims |= {"auth_time": ago(9)}
    del provider.claims["nonce"]
    assert come_back(client, provider).status_code == 302


def test_a_cookie_that_was_made_up_is_no_lock_and_no_way_round_one(locked, provider):
    locked.post(reverse("logout"))
    locked.cookies[fresh_sign_in.COOKIE] = "0:made:up"

    assert "prompt" not in way_of(begin(locked))
    provider.claims["auth_time"] = ago(17)  # without the cookie the limit still counts
    is_late = come_back(locked, provider)
    assert is_late.status_code == 401


# --- Details from the userinfo endpoint --------------------------------------


def test_an_address_that_the_token_leaves_out_is_asked_for(client, provider, author):
    provider.claims = {"sub": "1"}

    assert come_back(client, provider).status_code == 302
    assert SignIn.objects.get().user == author
    headers = next(headers for path, headers, _ in provider.asked if path == "/userinfo")
    assert headers["Authorization"] == "Bearer an-access-token"


def test_details_about_somebody_else_are_not_believed(client, provider):
    provider.claims = {"sub": "2"}

    is_refused(come_back(client, provider), *NOT_PROVED)


def test_address_and_verification_are_never_taken_from_two_places(client, provider):
    provider.claims = {"sub": "1", "email": "author@clinic.test"}

    is_refused(come_back(client, provider), 403, "has not verified")


def test_a_provider_without_that_endpoint_must_put_the_address_into_the_token(client, provider):
    provider.claims, provider.configuration = {"sub": "1"}, {"userinfo_endpoint": None}

    is_refused(come_back(client, provider), 403, "did not name your e-mail address")


@pytest.mark.parametrize("email", ["not an address", 7, " ", "a@b\0.test"])
def test_what_is_no_address_opens_nothing(client, provider, email):
    provider.claims["email"], provider.configuration = email, {"userinfo_endpoint": None}

    is_refused(come_back(client, provider), 403, "did not name your e-mail address")


def test_the_word_true_counts_as_verified(client, provider):
    provider.claims["email_verified"] = "true"

    assert come_back(client, provider).status_code == 302


# --- How it is asked ---------------------------------------------------------


def test_the_code_is_traded_with_the_verifier_and_the_secret_in_a_header(client, provider):
    come_back(client, provider)

    (body,) = provider.bodies("/token")
    given = {name: values[0] for name, values in parse_qs(body).items()}
    assert given.keys() == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert given["redirect_uri"] == "http://testserver/app/oidc/callback/"
    headers = next(headers for path, headers, _ in provider.asked if path == "/token")
    assert headers["Authorization"] == f"Basic {b64encode(f'{CLIENT_ID}:{CLIENT_SECRET}'.encode()).decode()}"


def test_the_secret_goes_into_the_body_where_the_provider_takes_it_there(client, provider):
    provider.configuration["token_endpoint_auth_methods_supported"] = ["client_secret_post", "client_secret_basic"]

    come_back(client, provider)

    assert parse_qs(provider.bodies("/token")[0])["client_secret"] == [CLIENT_SECRET]


def test_parameters_in_the_providers_own_address_are_kept(client, provider):
    provider.configuration["authorization_endpoint"] = f"{provider.address}/authorize?policy=clinic"

    way = way_of(begin(client))

    assert (way["policy"], way["client_id"]) == ("clinic", CLIENT_ID)


def test_scopes_are_those_of_the_settings_and_of_nobody_else(client, provider, settings):
    settings.OIDC_SCOPES = ["openid", "email"]

    page = client.post(f"{reverse('oidc-login')}?scope=admin&auth_params=prompt%3Dnone&process=connect")

    assert way_of(page)["scope"] == "openid email"
    assert "prompt" not in way_of(page)


def test_a_locked_browser_asks_for_a_fresh_sign_in(client, provider, author, monkeypatch):
    come_back(client, provider)
    SignIn.objects.update(last_seen_at=timezone.now() - timedelta(hours=5))
    assert client.get("/app/settings/")["Location"].startswith("/app/unlock/")

    assert way_of(begin(client))["prompt"] == "login"
    del provider.claims["nonce"]
    assert come_back(client, provider).status_code == 302
    assert client.get("/app/settings/")["Location"] == "/app/settings/profile/"


# --- Answers that are none ---------------------------------------------------

EVERYWHERE = ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]
BAD = {
    "garbage": (200, b"\xff\xfe<html>", {}),
    "nothing": (200, b"", {}),
    "a list": (200, "[]", {}),
    "deep": (200, "[" * 100_000, {}),
    "a huge number": (200, '{"a": ' + "9" * 10_000 + "}", {}),
    "huge": (200, '{"a": "' + "x" * oidc_transport.LARGEST + '"}', {}),
}


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("reply", BAD.values(), ids=BAD.keys())
def test_garbage_is_refused_wherever_it_comes_from(client, provider, path, reply):
    is_refused(spoilt(client, provider, path, reply), *NOT_UNDERSTOOD)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_redirect_is_not_followed(client, provider, path):
    reply = (307, "", {"Location": f"{provider.address}/elsewhere"})

    is_refused(spoilt(client, provider, path, reply), *NOT_UNDERSTOOD)
    assert not provider.bodies("/elsewhere")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_fault_of_the_provider_is_told_as_such(client, provider, path):
    is_refused(spoilt(client, provider, path, (503, "down", {})), 502, "fault of its own")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_connection_that_breaks_is_told(client, provider, path):
    def hang_up(handler):
        handler.connection.close()

    is_refused(spoilt(client, provider, path, hang_up), 502, "cannot be reached")


def test_an_answer_that_is_cut_off_is_told(client, provider):
    reply = (200, '{"a":', {"Content-Length": "100"})

    is_refused(spoilt(client, provider, "/token", reply), 502, "The sign-in service")


def test_a_provider_that_says_nothing_is_not_waited_for(client, provider, monkeypatch):
    monkeypatch.setattr(oidc_transport, "READ", 0.2)
    release = Barrier(2)

    def wait(handler):
        release.wait(timeout=30)

    answer = spoilt(client, provider, "/token", wait)
    release.wait(timeout=30)

    is_refused(answer, 502, "takes too long to answer")


def test_a_provider_that_trickles_is_not_waited_for(client, provider, monkeypatch):
    monkeypatch.setattr(oidc_transport, "WHOLE", 0)

    is_refused(begin(client), 502, "takes too long to answer")


def test_a_token_without_access_token_is_refused(client, provider):
    is_refused(spoilt(client, provider, "/token", (200, '{"id_token": "x"}', {})), *NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("invalid_client", 502, "does not accept this server"),
        ("invalid_grant", 400, "used already"),
        ("invalid_request", 502, "not OpenID Connect"),
    ],
)
def test_refusals_of_the_token_endpoint_are_told_apart(client, provider, error, status, words):
    is_refused(spoilt(client, provider, "/token", (400, f'{{"error": "{error}"}}', {})), status, words)


def test_refusals_in_other_words_are_told_too(client, provider):
    is_refused(spoilt(client, provider, "/token", (401, "no", {})), 502, "does not accept this server")


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://another.test"},
        {"issuer": None},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"token_endpoint": ["https://a.test"]},
    ],
    ids=str,
)
def test_a_description_that_leads_astray_is_refused(client, provider, configuration):
    provider.configuration = configuration

    is_refused(begin(client), *NOT_UNDERSTOOD)


def test_a_slash_at_the_end_of_the_issuer_does_not_matter(client, provider, settings):
    provider.configuration["issuer"] = provider.claims["iss"] = f"{provider.address}/"

    assert come_back(client, provider).status_code == 302
    assert SocialAccount.objects.get().provider == provider.address


def test_a_callback_without_code_or_error_is_refused(client, provider):
    way = way_of(begin(client))

    answer = client.get(reverse("oidc-callback"), {"state": way["state"]})

    is_refused(answer, *NOT_UNDERSTOOD)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(client, settings, author, tmp_path):
    script, server = serve(certificate=self_signed(tmp_path))
    settings.OIDC_ISSUER = script.address
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    try:
        is_refused(begin(client), 502, "does not trust the certificate")
        assert not script.asked
    finally:
        server.shutdown()
        server.server_close()


# --- Settings ----------------------------------------------------------------


@pytest.fixture
def usable():
    return {
        "issuer": "https://id.test",
        "client_id": "a",
        "client_secret": "b",
        "name": "x",
        "scopes": ("openid",),
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"issuer": "http://127.0.0.1:8080/realms/a"}, ""),
        ({"issuer": "http://id.test"}, "https"),
        ({"issuer": "http://127.0.0.1.id.test"}, "https"),
        ({"issuer": "https://user:word@id.test"}, "https"),
        ({"issuer": "https://id.test?a=b"}, "https"),
        ({"issuer": "id.test"}, "https"),
        ({"issuer": "https://"}, "https"),
        ({"issuer": "https://[::1"}, "https"),
        ({"issuer": "https://id.test/" + "x" * 200}, "longer"),
        ({"client_id": ""}, "OIDC_CLIENT_ID"),
        ({"client_secret": ""}, "OIDC_CLIENT_SECRET"),
        ({"scopes": ("email",)}, "openid"),
    ],
    ids=str,
)
def test_settings_that_are_not_safe_are_named(usable, change, words):
    problem = problem_of(ProviderSettings(**(usable | change)))

    assert words in problem
    assert bool(problem) == bool(words)


def test_an_unsafe_address_is_never_a_string_of_another_kind():
    assert not is_safe_url(None)
    assert not is_safe_url(["https://id.test"])


def test_unusable_settings_switch_it_off_and_are_named_before_any_command(client, settings, db):
    settings.OIDC_ISSUER = "http://id.test"

    assert oidc.provider() is None
    assert begin(client).status_code == 404
    (message,) = check_single_sign_on()
    assert message.id == "accounts.E001"
    assert "https" in message.hint


def test_without_an_issuer_there_is_nothing(client, db):
    assert oidc.provider() is None
    assert check_single_sign_on() == []
    assert begin(client).status_code == 404
    assert client.get(reverse("oidc-callback"), {"code": "a", "state": "b"}).status_code == 404


def test_the_sign_in_page_is_given_name_and_address(settings, provider):
    assert oidc.provider() == oidc.SignInChoice(name="Clinic login", url="/app/oidc/login/")


def test_the_address_of_the_description_is_taken_as_the_issuers(settings, provider):
    settings.OIDC_ISSUER = f"{provider.address}/.well-known/openid-configuration"

    assert oidc.provider() is not None


def test_beginning_is_limited(client, provider, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "oidc": "2/h"}

    assert [begin(client).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_email",
        "account_reset_password",
        "socialaccount_signup",
        "socialaccount_connections",
        "openid_connect_login",
        "openid_connect_callback",
        "mfa_index",
    ],
)
def test_no_page_of_the_library_is_mounted(name):
    with pytest.raises(NoReverseMatch):
        reverse(name, kwargs={"provider_id": "x"} if name.startswith("openid") else None)


# --- At the same moment ------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_same_person_in_two_tabs_at_once_becomes_one_user():
    values = {"registration_mode": "listed_domains", "registration_domains": ["clinic.test"]}
    system_settings.set_values(values, by_id=None)
    identity = Identity("https://id.test", "1", "new@clinic.test", email_verified=True)
    together, came_in = Barrier(3), []

    def come_in():
        together.wait(timeout=30)
        came_in.append(single_sign_on.user_for(identity=identity, now=timezone.now()).pk)
        connections.close_all()

    tabs = [Thread(target=come_in) for _ in range(3)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(timeout=30)

    assert came_in == [User.objects.get().pk] * 3
    assert SocialAccount.objects.count() == 1


def test_an_identity_that_another_tab_has_just_attached_is_found(author, monkeypatch):
    identity = Identity("https://id.test", "1", author.email, email_verified=True)
    look = single_sign_on._known
    others = iter([lambda: single_sign_on.user_for(identity=identity, now=timezone.now())])

    def look_too_early(wanted):
        found = look(wanted)
        for come_in in others:
            come_in()
        return found

    monkeypatch.setattr(single_sign_on, "_known", look_too_early)

    assert single_sign_on.user_for(identity=identity, now=timezone.now()) == author
    assert SocialAccount.objects.count() == 1


def test_a_detached_identity_leaves_room_for_the_next(author):
    first, second = (Identity("https://id.test", sub, author.email, email_verified=True) for sub in "12")
    single_sign_on.user_for(identity=first, now=timezone.now())

    call_command("detach_identity", email=author.email.upper())

    assert single_sign_on.user_for(identity=second, now=timezone.now()) == author


def test_nobody_is_detached_by_a_mistyped_address(author):
    with pytest.raises(CommandError, match="does not exist"):
        call_command("detach_identity", email="nobody@clinic.test")


def spoilt(client, provider, path, reply):
    """Come in while one endpoint answers something else."""
    if path == "/userinfo":
        provider.claims = {"sub": "1"}
    way = None if path.endswith("configuration") else way_of(begin(client))
    provider.replies[path] = reply
    if way is None:
        return begin(client)
    provider.claims["nonce"] = way["nonce"]
    return client.get(reverse("oidc-callback"), {"code": "a-code", "state": way["state"]})


def replaced(provider, path, reply):
    right = provider.right_reply
    return lambda asked: reply if asked == path else right(asked)


def self_signed(folder):
    """Make a certificate for 127.0.0.1 that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, private
