"""Single sign-on with a real OpenID Connect provider, in a process of its own, over real HTTP."""

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.utils import timezone

from tests.oidc_provider.browser import Browser
from tests.oidc_provider.running import CLIENT_ID, CLIENT_SECRET, running_provider
from voiceassist.accounts.models import EndReason, Invitation, SignIn, User
from voiceassist.accounts.services import second_factor, sign_ins
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def connected(settings, live_server):
    """Connect our server to a provider."""

    def connect(running):
        settings.OIDC_ISSUER, settings.OIDC_NAME = running.issuer, "Clinic login"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
        running.registers(f"{live_server.url}/app/oidc/callback/")
        return running

    return connect


@pytest.fixture
def provider(started, connected):
    return connected(started)


@pytest.fixture
def browser(live_server):
    with Browser(live_server.url) as opened:
        yield opened


@pytest.fixture
def other_browser(live_server):
    with Browser(live_server.url) as opened:
        yield opened


@pytest.fixture
def listed_domain(db):
    values = {"registration_mode": "listed_domains", "registration_domains": ["clinic.test"]}
    system_settings.set_values(values, by_id=None)


@pytest.fixture(autouse=True)
def _many_from_one_address(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "oidc": "1000/min", "login": "1000/min"}


def identities():
    return set(SocialAccount.objects.values_list("user__email", "uid"))


def page_says(answer, status, words):
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert "/app/login/" in answer.text  # the way back


# --- Coming in ---------------------------------------------------------------


def test_a_new_person_with_an_address_of_a_listed_domain_comes_in_without_a_role(provider, browser, listed_domain):
    provider.knows("nora", email="Nora@Clinic.test", email_verified=True, name="Nora  New")

    answer = browser.sign_in("nora", next_url="/app/settings/profile/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/settings/profile/")
    assert browser.is_signed_in
    nora = User.objects.get(email="nora@clinic.test")
    assert (nora.name, nora.role, nora.is_active, nora.has_usable_password()) == ("Nora New", "", True, False)
    assert nora.email_verified_at is not None
    row = SignIn.objects.get(user=nora)
    assert (row.kind, row.second_factor, row.ended_at) == ("browser", False, None)


def test_an_invitation_brings_its_role_and_is_used_up(provider, browser, administrator):
    provider.knows("iris", email="iris@elsewhere.test", email_verified=True)
    invitation = Invitation.objects.create(
        email="iris@elsewhere.test",
        name="Iris",
        role="curator",
        invited_by=administrator,
        expires_at=timezone.now() + timedelta(days=1),
    )

    assert browser.sign_in("iris").headers["Location"] == "/app/"

    iris = User.objects.get(email="iris@elsewhere.test")
    assert (iris.role, iris.name) == ("curator", "Iris")
    invitation.refresh_from_db()
    assert invitation.accepted_at is not None


@pytest.mark.parametrize("spoilt", ["expires_at", "revoked_at", "accepted_at"])
def test_an_invitation_that_is_not_open_lets_nobody_in(provider, browser, administrator, spoilt):
    provider.knows("iris", email="iris@elsewhere.test", email_verified=True)
    later, earlier = timezone.now() + timedelta(days=1), timezone.now() - timedelta(minutes=1)
    times = {"expires_at": later, spoilt: earlier}
    Invitation.objects.create(email="iris@elsewhere.test", role="curator", invited_by=administrator, **times)

    page_says(browser.sign_in("iris"), 403, "no account for you")
    assert not User.objects.filter(email="iris@elsewhere.test").exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "clinician"}])
def test_an_invitation_of_a_former_administrator_lets_nobody_in(provider, browser, administrator, change):
    provider.knows("iris", email="iris@elsewhere.test", email_verified=True)
    later = timezone.now() + timedelta(days=1)
    Invitation.objects.create(email="iris@elsewhere.test", role="curator", invited_by=administrator, expires_at=later)
    User.objects.filter(pk=administrator.pk).update(**change)

    page_says(browser.sign_in("iris"), 403, "no account for you")
    assert not User.objects.filter(email="iris@elsewhere.test").exists()


def test_somebody_whom_nobody_invited_is_told_to_ask(provider, browser):
    provider.knows("uma", email="uma@elsewhere.test", email_verified=True)

    page_says(browser.sign_in("uma"), 403, "Ask an administrator to invite your e-mail address")
    assert not User.objects.exists()
    assert not browser.is_signed_in


def test_a_verified_address_opens_the_account_that_has_it_and_keeps_its_password(provider, browser, author):
    provider.knows("ann", email="AUTHOR@clinic.test", email_verified=True, name="Somebody Else")

    browser.sign_in("ann")

    assert SignIn.objects.get().user == author
    author.refresh_from_db()
    assert author.check_password("correct horse battery")
    assert author.name == "author"


def test_the_second_time_the_same_identity_is_found_again(provider, browser, other_browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)

    browser.sign_in("ann")
    other_browser.sign_in("ann")

    assert SocialAccount.objects.count() == 1
    assert SignIn.objects.filter(user=author, ended_at=None).count() == 2


def test_of_what_the_provider_says_only_issuer_and_subject_are_kept(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True, name="A", birthdate="1970-01-01")

    browser.sign_in("ann")

    account = SocialAccount.objects.get()
    assert account.provider == provider.issuer
    assert account.extra_data == {"iss": provider.issuer, "sub": account.uid}
    assert not SocialToken.objects.exists()
    assert "1970" not in str([session.get_decoded() for session in Session.objects.all()])


def test_whoever_was_signed_in_at_this_browser_before_is_signed_out(provider, browser, author, colleague):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    provider.knows("cole", email="colleague@clinic.test", email_verified=True)
    browser.sign_in("ann")
    address = browser.begin()
    browser.cookies.clear(domain="127.0.0.1")  # the provider forgets Ann

    browser.visit(browser.at_provider(address, "cole"))

    assert SignIn.objects.get(user=author).end_reason == EndReason.SIGNED_OUT
    assert SignIn.objects.get(user=colleague).ended_at is None


def test_ending_the_sign_in_signs_the_browser_out(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    browser.sign_in("ann")
    assert browser.is_signed_in

    sign_ins.end(sign_in=SignIn.objects.get(user=author), reason=EndReason.REVOKED, now=timezone.now())

    assert not browser.is_signed_in


# --- Not coming in as somebody else ------------------------------------------


def test_an_unverified_address_opens_nobodys_account(provider, browser, author):
    provider.knows("mallory", email="author@clinic.test", email_verified=False)

    page_says(browser.sign_in("mallory"), 403, "has not verified")
    assert not SocialAccount.objects.exists()
    assert not SignIn.objects.exists()


@pytest.mark.parametrize("claims", [{}, *({"email_verified": value} for value in (False, None, "false", 1, [True]))])
def test_an_unverified_address_makes_no_account_either(provider, browser, listed_domain, claims):
    provider.knows("mallory", email="new@clinic.test", **claims)

    page_says(browser.sign_in("mallory"), 403, "has not verified")
    assert not User.objects.exists()


def test_an_account_cannot_be_taken_before_its_owner_comes(provider, browser, other_browser, listed_domain):
    """Account pre-hijacking: Mallory claims an address first, its owner comes later."""
    provider.knows("mallory", email="olga@clinic.test", email_verified=False)
    provider.knows("olga", email="olga@clinic.test", email_verified=True)

    other_browser.sign_in("mallory")
    browser.sign_in("olga")

    assert browser.is_signed_in
    assert not other_browser.is_signed_in
    page_says(other_browser.sign_in("mallory"), 403, "has not verified")
    assert SocialAccount.objects.count() == 1


def test_a_password_set_before_the_address_was_verified_is_void(provider, browser, listed_domain):
    mallory = User.objects.create_user(
        email="olga@clinic.test", password="chosen by Mallory", name="Mallory", email_verified_at=None
    )
    Authenticator.objects.create(user=mallory, type=Authenticator.Type.TOTP, data={})
    provider.knows("olga", email="olga@clinic.test", email_verified=True, name="Olga")

    browser.sign_in("olga")

    assert browser.is_signed_in
    olga = User.objects.get()
    assert (olga.name, olga.has_usable_password()) == ("Olga", False)
    assert olga.email_verified_at is not None
    assert not Authenticator.objects.exists()


def test_another_subject_with_the_same_address_is_another_identity(provider, browser, other_browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True, sub="first")
    browser.sign_in("ann")
    provider.knows("ann", email="author@clinic.test", email_verified=True, sub="second")

    page_says(other_browser.sign_in("ann"), 403, "belongs to another identity")
    assert identities() == {("author@clinic.test", "first")}


def test_a_changed_address_changes_neither_account_nor_owner(provider, browser, other_browser, author, colleague):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    browser.sign_in("ann")
    provider.knows("ann", email="colleague@clinic.test", email_verified=True)

    other_browser.sign_in("ann")

    assert set(SignIn.objects.values_list("user__email", flat=True)) == {"author@clinic.test"}
    author.refresh_from_db()
    assert author.email == "author@clinic.test"


def test_a_known_identity_needs_no_address_any_more(provider, browser, other_browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    browser.sign_in("ann")
    provider.knows("ann")

    other_browser.sign_in("ann")

    assert other_browser.is_signed_in


def test_an_unknown_identity_without_an_address_is_told_what_is_missing(provider, browser, author):
    provider.knows("ann")

    page_says(browser.sign_in("ann"), 403, "email_verified")


@pytest.mark.parametrize("is_known", [True, False])
def test_an_account_that_is_switched_off_stays_shut(provider, browser, other_browser, author, is_known):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    if is_known:
        browser.sign_in("ann")
    User.objects.filter(pk=author.pk).update(is_active=False)

    page_says(other_browser.sign_in("ann"), 403, "switched off")
    assert not other_browser.is_signed_in


def test_the_demonstration_account_is_not_for_single_sign_on(provider, browser, author):
    User.objects.filter(pk=author.pk).update(is_demo=True)
    provider.knows("ann", email="author@clinic.test", email_verified=True)

    page_says(browser.sign_in("ann"), 403, "demonstration account")
    assert not SocialAccount.objects.exists()


@pytest.mark.usefixtures("author", "colleague")
def test_the_same_subject_at_another_provider_is_somebody_else(started, connected, browser, other_browser, tmp_path):
    provider = connected(started)
    provider.knows("ann", email="author@clinic.test", email_verified=True, sub="1")
    browser.sign_in("ann")
    with running_provider(tmp_path) as second:
        connected(second)
        second.knows("cole", email="colleague@clinic.test", email_verified=True, sub="1")
        other_browser.sign_in("cole")

    assert identities() == {("author@clinic.test", "1"), ("colleague@clinic.test", "1")}


# --- The second factor -------------------------------------------------------


def test_a_second_factor_that_is_set_up_here_is_asked_for(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    now = timezone.now()
    secret = second_factor.propose(author).secret
    step = int(now.timestamp()) // second_factor.PERIOD
    second_factor.set_up(user=author, secret=secret, code=second_factor._code_at(secret, step - 1), keep=None, now=now)

    answer = browser.sign_in("ann", next_url="/app/settings/profile/")

    assert answer.headers["Location"] == "/app/login/second-factor/"
    assert not browser.is_signed_in
    code = second_factor._code_at(secret, step)
    answer = browser.send_form("/app/login/second-factor/", code=code)
    assert answer.headers["Location"] == "/app/settings/profile/"
    assert SignIn.objects.get(user=author).second_factor


# --- Attacks on the way ------------------------------------------------------


def test_the_way_to_the_provider_carries_state_nonce_and_a_challenge(provider, browser):
    query = parse_qs(urlsplit(browser.begin()).query)

    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid email profile"]
    assert all(len(query[name][0]) >= 16 for name in ("state", "nonce", "code_challenge"))
    assert query["max_age"] == ["900"]
    assert "prompt" not in query


def test_a_visit_does_not_begin_anything(provider, browser):
    before = Session.objects.count()
    answer = browser.visit("/app/oidc/login/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/login/")
    assert Session.objects.count() == before


def test_another_site_cannot_begin_it(provider, browser):
    before = Session.objects.count()
    browser.visit("/app/login/")

    assert browser.send_form("/app/oidc/login/", csrfmiddlewaretoken="guessed").status_code == 403
    assert Session.objects.count() == before


def test_a_callback_that_was_not_begun_here_signs_nobody_in(provider, browser, other_browser, author):
    """Login CSRF: Mallory makes a victim's browser open the callback of Mallory's own sign-in."""
    provider.knows("mallory", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "mallory")
    other_browser.begin()

    page_says(other_browser.visit(callback), 400, "not begun in this browser")
    assert not other_browser.is_signed_in


@pytest.mark.parametrize("change", [{"state": "x" * 16}, {"state": ""}, {"state": None}])
def test_a_state_that_was_tampered_with_is_refused(provider, browser, author, change):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann")

    page_says(browser.visit(changed(callback, **change)), 400, "not begun in this browser")


def test_a_state_is_good_for_ten_minutes(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann")

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        page_says(browser.visit(callback), 400, "more than ten minutes ago")


def test_a_callback_is_good_once(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann")
    browser.visit(callback)

    page_says(browser.visit(callback), 400, "not begun in this browser")


def test_a_code_of_an_earlier_sign_in_is_refused(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    first = browser.at_provider(browser.begin(), "ann")
    second = browser.at_provider(browser.begin(), "ann")

    stolen = changed(second, code=parse_qs(urlsplit(first).query)["code"][0])

    page_says(browser.visit(stolen), 400, "used already")
    assert not browser.is_signed_in


def test_the_answer_of_another_provider_is_refused(provider, browser, author):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann")

    page_says(browser.visit(changed(callback, iss="https://other.test")), 400, "not begun")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(provider, browser, author, target):
    provider.knows("ann", email="author@clinic.test", email_verified=True)

    assert browser.sign_in("ann", next_url=target).headers["Location"] == "/app/"


@pytest.mark.parametrize("signs_out", [False, True])
def test_a_locked_browser_opens_by_a_new_sign_in_there_alone(provider, browser, author, signs_out):
    """Whoever sits at it can take `prompt=login` out of the address: the provider's own session then does the rest."""
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    browser.sign_in("ann")
    browser.send_form("/app/lock/")
    if signs_out:
        browser.send_form("/app/logout/")
    address = browser.begin() if signs_out else browser.begin_from("/app/unlock/")
    assert "prompt=login" in address

    callback = browser.at_provider(changed(address, prompt=None, max_age=None), "nobody-is-asked")

    page_says(browser.visit(callback), 401, "before this browser was locked")
    assert not browser.is_open


# --- What goes wrong ---------------------------------------------------------


def test_somebody_who_declines_at_the_provider_is_told_so(provider, browser):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann", allow=False)
    assert "error=access_denied" in callback

    page_says(browser.visit(callback), 400, "or you cancelled there")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("server_error", 502, "fault of its own"),
        ("temporarily_unavailable", 502, "fault of its own"),
        ("unauthorized_client", 502, "does not accept this server"),
        ("<script>alert(1)</script>", 502, "fault of its own"),
    ],
)
def test_what_the_provider_reports_is_told_in_our_words(provider, browser, error, status, words):
    state = parse_qs(urlsplit(browser.begin()).query)["state"][0]

    answer = browser.visit(
        f"/app/oidc/callback/?{urlencode({'error': error, 'state': state, 'error_description': 'x<b>'})}"
    )

    page_says(answer, status, words)
    assert "<script>alert" not in answer.text


def test_a_wrong_client_secret_is_the_administrators_business(provider, browser, settings):
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    settings.OIDC_CLIENT_SECRET = "another"

    page_says(browser.sign_in("ann"), 502, "does not accept this server")


def test_a_provider_that_goes_down_in_the_middle_is_named(connected, browser, tmp_path):
    with running_provider(tmp_path) as second:
        connected(second)
        second.knows("ann", email="author@clinic.test", email_verified=True)
        callback = browser.at_provider(browser.begin(), "ann")
        second.stop()

        page_says(browser.visit(callback), 502, "cannot be reached")
        page_says(browser.leave(), 502, "cannot be reached")


def test_neither_code_nor_state_nor_secret_is_logged(provider, browser, author, caplog):
    caplog.set_level("DEBUG")
    provider.knows("ann", email="author@clinic.test", email_verified=True)
    callback = browser.at_provider(browser.begin(), "ann")
    browser.visit(callback)
    browser.visit(callback)

    ours = [record for record in caplog.records if record.threadName != "MainThread"]  # this test's browser logs too
    told = "".join(f"{record.msg}{record.args}{record.exc_info}" for record in ours)
    query = parse_qs(urlsplit(callback).query)
    assert "single_sign_on_failed" in told
    assert "/o/token/" in told
    for secret in (query["code"][0], query["state"][0], CLIENT_SECRET):
        assert secret not in told


def changed(address, **parameters):
    """Return an address with other parameters; None takes one away."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()
