"""Who gets through which door: every route, every role, every outcome."""

import re

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib import admin
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import URLPattern

from knowledge.models import Document
from knowledge.services.importing import get_collection
from voiceassist.accounts.models import FeatureFlag, Role, User
from voiceassist.core.models import SettingArea, SettingChange, SystemSetting

ANONYMOUS, NO_ROLE = "anonymous", "no role"
ROLES = [ANONYMOUS, NO_ROLE, *Role.values]
CLINICIAN, CURATOR, AUDITOR, ADMINISTRATOR = Role.values
IN, SIGN_IN_FIRST, REFUSED, NOT_THERE = "in", "sign in first", "refused", "not there"

ANYBODY = dict.fromkeys(ROLES, IN)
SIGNED_IN = {**ANYBODY, ANONYMOUS: SIGN_IN_FIRST}
WITH_ROLE = {**SIGNED_IN, NO_ROLE: REFUSED}
CURATORS = {**dict.fromkeys(ROLES, REFUSED), ANONYMOUS: SIGN_IN_FIRST, CURATOR: IN, ADMINISTRATOR: IN}
LEAVES = dict.fromkeys(ROLES, SIGN_IN_FIRST)  # a page that ends the sign-in
ADMINISTRATORS = {**dict.fromkeys(ROLES, REFUSED), ANONYMOUS: SIGN_IN_FIRST, ADMINISTRATOR: IN}

API = {
    "schema": {"GET": ANYBODY},
    "docs": {"GET": ANYBODY},
    "auth/register": {"POST": ANYBODY},
    "auth/verify-email": {"POST": ANYBODY},
    "auth/verify-email/resend": {"POST": ANYBODY},
    "auth/login": {"POST": ANYBODY},
    "auth/mfa": {"POST": ANYBODY},
    "auth/refresh": {"POST": ANYBODY},
    "auth/password/reset": {"POST": ANYBODY},
    "auth/password/reset/confirm": {"POST": ANYBODY},
    "auth/password/strength": {"POST": ANYBODY},
    "auth/password/change": {"POST": SIGNED_IN},
    "auth/me": {"GET": SIGNED_IN},
    "auth/logout": {"POST": SIGNED_IN},
    "auth/logout-all": {"POST": SIGNED_IN},
    "auth/sessions": {"GET": SIGNED_IN, "DELETE": SIGNED_IN},
    "auth/sessions/{id}": {"GET": SIGNED_IN, "DELETE": SIGNED_IN},
    "auth/invitations": {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS},
    "auth/invitations/{id}": {"DELETE": ADMINISTRATORS},
    "users/me": {"GET": SIGNED_IN, "PUT": SIGNED_IN},
    "users/me/settings": {"GET": SIGNED_IN, "PUT": SIGNED_IN},
    "users/professionals": {"GET": WITH_ROLE},
    "users/professionals/{id}": {"PUT": WITH_ROLE},
    "jobs": {"GET": WITH_ROLE},
    "jobs/{id}": {"GET": WITH_ROLE},
    "jobs/{id}/cancel": {"POST": WITH_ROLE},
    "jobs/{id}/retry": {"POST": WITH_ROLE},
    "notifications": {"GET": WITH_ROLE},
    "notifications/read-all": {"POST": WITH_ROLE},
    "notifications/{id}/read": {"POST": WITH_ROLE},
    "search": {"POST": WITH_ROLE},
    "sources": {"GET": WITH_ROLE},
    "sources/{id}": {"GET": WITH_ROLE},
    "admin/kb/documents": {"GET": CURATORS, "POST": CURATORS},
    "admin/kb/documents/{id}": {"GET": CURATORS, "PATCH": CURATORS, "DELETE": CURATORS},
    "admin/kb/documents/{id}/reindex": {"POST": CURATORS},
    "admin/kb/jobs": {"GET": CURATORS},
    "conversations": {"GET": WITH_ROLE, "POST": WITH_ROLE},
    "conversations/{id}": dict.fromkeys(["GET", "PUT", "PATCH", "DELETE"], WITH_ROLE),
    "conversations/{id}/messages": {"GET": WITH_ROLE, "POST": WITH_ROLE},
    "chat": {"POST": WITH_ROLE},
    "messages/{id}/regenerate": {"POST": WITH_ROLE},
    "messages/{id}/stop": {"POST": WITH_ROLE},
    "messages/{id}/citations": {"GET": WITH_ROLE},
    "citations/{id}/source": {"GET": WITH_ROLE},
    "feature-flags": {"GET": SIGNED_IN},
    "admin/users": {"GET": ADMINISTRATORS},
    "admin/users/{id}": {"GET": ADMINISTRATORS, "PATCH": ADMINISTRATORS},
    "admin/settings": {"GET": ADMINISTRATORS, "PUT": ADMINISTRATORS},
    "admin/settings/{key}/history": {"GET": ADMINISTRATORS},
    "admin/feature-flags": {"GET": ADMINISTRATORS, "POST": ADMINISTRATORS},
    "admin/feature-flags/{name}": {"GET": ADMINISTRATORS, "PUT": ADMINISTRATORS, "DELETE": ADMINISTRATORS},
    "admin/feature-flags/{name}/history": {"GET": ADMINISTRATORS},
}
PAGES = {
    "": ANYBODY,
    "app/": WITH_ROLE,
    "app/login/": ANYBODY,
    "app/login/second-factor/": SIGNED_IN,
    "app/oidc/login/": ANYBODY,
    "app/oidc/callback/": ANYBODY,
    "app/logout/": LEAVES,
    "app/unlock/": SIGNED_IN,
    "app/lock/": SIGNED_IN,
    "app/seen/": SIGNED_IN,
    "app/register/": ANYBODY,
    "app/register/sent/": ANYBODY,
    "app/verify/": ANYBODY,
    "app/password/reset/": ANYBODY,
    "app/password/reset/sent/": ANYBODY,
    "app/password/reset/confirm/": ANYBODY,
    "app/password/reset/done/": ANYBODY,
    "app/settings/": SIGNED_IN,
    "app/settings/profile/": SIGNED_IN,
    "app/settings/preferences/": SIGNED_IN,
    "app/settings/security/": SIGNED_IN,
    "app/settings/security/password/": SIGNED_IN,
    "app/settings/security/second-factor/": SIGNED_IN,
    "app/settings/security/second-factor/remove/": SIGNED_IN,
    "app/settings/security/recovery-codes/": SIGNED_IN,
    "app/settings/security/recovery-codes/save/": SIGNED_IN,
    "app/settings/security/sign-ins/{id}/end/": SIGNED_IN,
    "app/settings/security/sign-ins/end-others/": SIGNED_IN,
    "app/settings/security/sign-out-everywhere/": LEAVES,
    "app/notifications/": SIGNED_IN,
    "app/sources/{id}/": WITH_ROLE,
    "app/conversations/": WITH_ROLE,
    "app/conversations/list/": WITH_ROLE,
    "app/conversations/{id}/": WITH_ROLE,
    "app/messages/{id}/": WITH_ROLE,
    "app/citations/{id}/": WITH_ROLE,
}
STAFF = {**dict.fromkeys(ROLES, IN), ANONYMOUS: SIGN_IN_FIRST, NO_ROLE: REFUSED, CLINICIAN: REFUSED}
NOBODY = {**dict.fromkeys(ROLES, REFUSED), ANONYMOUS: SIGN_IN_FIRST}
CONSOLE = {
    "": STAFF,
    "login/": LEAVES,  # to our own page, which leads back whoever has signed in
    "logout/": {**STAFF, ANONYMOUS: IN},  # leads on
    "password_change/": STAFF,
    "password_change/done/": STAFF,
    "jsi18n/": STAFF,
    "search/": STAFF,
    "accounts/": {**ADMINISTRATORS, CURATOR: NOT_THERE, AUDITOR: NOT_THERE},
    "core/": {**ADMINISTRATORS, CURATOR: NOT_THERE, AUDITOR: NOT_THERE},
    "knowledge/": {**CURATORS, AUDITOR: NOT_THERE},
    "nosuch": {**STAFF, CURATOR: NOT_THERE, AUDITOR: NOT_THERE, ADMINISTRATOR: NOT_THERE},
    "knowledge/document/": CURATORS,
    "knowledge/document/add/": CURATORS,
    "knowledge/document/{row}/": STAFF,  # leads to its change page
    "knowledge/document/{row}/change/": CURATORS,
    "knowledge/document/{row}/delete/": CURATORS,
    "knowledge/document/{row}/history/": CURATORS,
    "accounts/user/": ADMINISTRATORS,
    "accounts/user/add/": NOBODY,
    "accounts/user/{row}/": STAFF,
    "accounts/user/{row}/change/": ADMINISTRATORS,
    "accounts/user/{row}/delete/": NOBODY,
    "accounts/user/{row}/history/": ADMINISTRATORS,
    "accounts/invitation/": ADMINISTRATORS,
    "accounts/invitation/add/": ADMINISTRATORS,
    "accounts/invitation/{row}/": STAFF,
    "accounts/invitation/{row}/change/": ADMINISTRATORS,
    "accounts/invitation/{row}/delete/": ADMINISTRATORS,
    "accounts/invitation/{row}/history/": ADMINISTRATORS,
    "accounts/featureflag/": ADMINISTRATORS,
    "accounts/featureflag/add/": ADMINISTRATORS,
    "accounts/featureflag/{row}/": STAFF,
    "accounts/featureflag/{row}/change/": ADMINISTRATORS,
    "accounts/featureflag/{row}/delete/": ADMINISTRATORS,
    "accounts/featureflag/{row}/history/": ADMINISTRATORS,
    "core/systemsetting/": ADMINISTRATORS,
    "core/systemsetting/add/": NOBODY,
    "core/systemsetting/{row}/": STAFF,
    "core/systemsetting/{row}/change/": STAFF,  # leads to the one form
    "core/systemsetting/{row}/delete/": NOBODY,
    "core/systemsetting/{row}/history/": ADMINISTRATORS,
    "core/settingchange/": ADMINISTRATORS,
    "core/settingchange/add/": NOBODY,
    "core/settingchange/{row}/": STAFF,
    "core/settingchange/{row}/change/": ADMINISTRATORS,
    "core/settingchange/{row}/delete/": NOBODY,
    "core/settingchange/{row}/history/": ADMINISTRATORS,
}
POSTED = {  # where sending is for others than looking
    "core/settingchange/{row}/change/": NOBODY,
    "accounts/invitation/{row}/change/": NOBODY,
}
METHODS = ("get", "post", "put", "patch", "delete")
SOME_ID = "00000000-0000-4000-8000-000000000000"


def shape_of(route):
    """Return a route with `{id}` for each uuid and `{name}` for each text."""
    return re.sub(r"<name:(\w+)>", r"{\1}", re.sub(r"<uuid:\w+>", "{id}", route))


def routes(patterns, prefix=""):
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield shape_of(prefix + str(entry.pattern)), entry.callback


def api_routes():
    for route, view in routes(get_resolver().url_patterns):
        if route.startswith("api/v1/"):
            yield route.removeprefix("api/v1/"), {method.upper() for method in methods_of(view)}


def methods_of(view):
    if actions := getattr(view, "actions", None):
        return set(actions) & set(METHODS)
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    return (
        {method for method in METHODS if hasattr(kind, method)}
        if kind
        else set(getattr(view, "allowed_methods", {"get"}))
    )


def is_async(path):
    """Tell whether a view gives its database connections back, so that a test's transaction cannot hold one."""
    return path == "chat" or path.endswith(("/regenerate", "/stop"))


def test_the_table_names_every_route_of_the_api_and_no_other():
    assert {path: set(methods) for path, methods in API.items()} == dict(api_routes())


def test_the_table_names_every_page_and_no_other():
    pages = {route for route, _ in routes(get_resolver().url_patterns) if not route.startswith(("api/", "console/"))}
    assert pages == set(PAGES)


def client_of(role):
    client = Client()
    if role != ANONYMOUS:
        granted = "" if role == NO_ROLE else role
        user = User.objects.create_user(email=f"{role.replace(' ', '-')}@clinic.test", password=None, role=granted)
        client.force_login(user)
    return client


def address_of(path):
    return re.sub(r"\{(key|name)\}", "anything", path.replace("{id}", SOME_ID))


def outcome_of(response):
    if response.status_code == 401 or "/login/" in response.headers.get("Location", ""):
        return SIGN_IN_FIRST
    return REFUSED if response.status_code == 403 else IN


def is_about_signing_in(path):
    """Tell whether 401 and 403 of a route speak of what was sent, not of who sent it."""
    return API.get(path, {}).get("POST") is ANYBODY


def each_route():
    for path, methods in API.items():
        mark = pytest.mark.django_db(transaction=is_async(path))
        yield from (pytest.param(path, method, marks=mark) for method in methods)


@pytest.mark.parametrize(("path", "method"), list(each_route()))
def test_each_role_gets_through_its_doors_and_no_other(path, method):
    found = {}
    for role in ROLES:
        call = getattr(client_of(role), method.lower())
        response = call(f"/api/v1/{address_of(path)}", *([] if method == "GET" else [{}, "application/json"]))
        found[role] = IN if is_about_signing_in(path) else outcome_of(response)
        assert response.status_code < 500, (role, response.status_code)
        if found[role] != IN:
            assert (
                response.json()["error"]["code"] == {SIGN_IN_FIRST: "UNAUTHORIZED", REFUSED: "FORBIDDEN"}[found[role]]
            )

    assert found == API[path][method]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_each_role_opens_its_pages_and_no_other(path):
    found = {}
    for role in ROLES:
        client = client_of(role)
        response = client.get(f"/{address_of(path)}")
        found[role] = outcome_of(client.post(f"/{address_of(path)}") if response.status_code == 405 else response)

    assert found == PAGES[path]


def console_routes():
    """Yield the routes of the console, one for each app of its lists of apps; `nosuch` stands for the rest."""
    for route, _ in routes(admin.site.get_urls()):
        if "app_label" in route:
            yield from (f"{label}/" for label in re.search(r">(.*)\)/", route)[1].split("|"))
        else:
            yield "nosuch" if route == "(?P<url>.*)$" else route.replace("<path:object_id>", "{row}")


def test_the_table_names_every_route_of_the_console_and_no_other():
    assert set(console_routes()) == set(CONSOLE)


@pytest.fixture
def rows(db):
    """One row for each screen of the console, by the screen's path."""
    made = {
        "knowledge/document": Document.objects.create(
            id=SOME_ID, collection=get_collection(), title="T", content_hash="1"
        ),
        "accounts/user": User.objects.create_user(email="row@clinic.test", password=None),
        "accounts/featureflag": FeatureFlag.objects.create(name="row"),
        "core/systemsetting": SystemSetting.objects.create(key="idle_lock_minutes", value=5),
        "core/settingchange": SettingChange.objects.create(area=SettingArea.SETTING, key="row"),
    }
    return {path: row.pk for path, row in made.items()}


@pytest.mark.parametrize("path", CONSOLE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_each_role_opens_its_parts_of_the_console_and_no_other(path, method, rows):
    address = f"/console/{path}".replace("{row}", str(rows.get(path.partition("/{row}")[0])))
    found = {}
    for role in ROLES:
        response = getattr(client_of(role), method)(address)
        assert response.status_code < 500, (role, response.status_code)
        found[role] = NOT_THERE if response.status_code == 404 else outcome_of(response)

    assert found == (POSTED.get(path) if method == "post" and path in POSTED else CONSOLE[path])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/ws/chat/00000000-0000-4000-8000-000000000000/", [4401, 4403, 4404, 4404, 4404, 4404]),
        ("/ws/events/", [4401, None, None, None, None, None]),
        ("/ws/nosuch/", [4404] * 6),
    ],
)
async def test_each_role_opens_its_sockets_and_no_other(path, codes):
    from asgiref.sync import sync_to_async

    from voiceassist.asgi import application

    found = []
    for role in ROLES:
        client = await sync_to_async(client_of)(role)
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000"), (b"cookie", cookie.encode())]
        socket = WebsocketCommunicator(application, path, headers if cookie else headers[:2])
        await socket.connect()
        await socket.send_to(text_data='{"type": "ping"}')
        answer = await socket.receive_output(timeout=30)
        found.append(answer.get("code"))
        await socket.disconnect()

    assert found == codes
