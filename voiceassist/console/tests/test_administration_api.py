import pytest

from voiceassist.accounts.models import FeatureFlag, User
from voiceassist.core.models import SystemSetting

USERS, SETTINGS, FLAGS = "/api/v1/admin/users", "/api/v1/admin/settings", "/api/v1/admin/feature-flags"
CLOSED = [
    ("get", USERS),
    ("get", f"{USERS}/00000000-0000-0000-0000-000000000000"),
    ("patch", f"{USERS}/00000000-0000-0000-0000-000000000000"),
    ("get", SETTINGS),
    ("put", SETTINGS),
    ("get", f"{SETTINGS}/idle_lock_minutes/history"),
    ("get", FLAGS),
    ("post", FLAGS),
    ("get", f"{FLAGS}/reader"),
    ("put", f"{FLAGS}/reader"),
    ("delete", f"{FLAGS}/reader"),
    ("get", f"{FLAGS}/reader/history"),
]


def data_of(response, status=200):
    assert response.status_code == status, response.content
    return response.json()["data"]


def field_of(response, status=400):
    assert response.status_code == status, response.content
    return response.json()["error"]["field"]


def test_only_administrators_get_in(api, author, curator, auditor, newcomer):
    clients = [api(user) for user in (author, curator, auditor, newcomer)]
    for method, path in CLOSED:
        assert [getattr(client, method)(path).status_code for client in clients] == [403] * 4, path
        assert getattr(api(None), method)(path).status_code == 401, path


# --- People ------------------------------------------------------------------


@pytest.fixture
def switched_off(stranger):
    User.objects.filter(pk=stranger.pk).update(is_active=False)


def test_users_are_listed_by_address(api, administrator, author, newcomer):
    response = api(administrator).get(USERS, {"limit": 2})

    assert [row["email"] for row in data_of(response)] == ["administrator@clinic.test", "author@clinic.test"]
    assert response.json()["metadata"]["pagination"] == {"limit": 2, "offset": 0, "total": 3}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "AUTH"}, ["author"]),
        ({"role": "administrator"}, ["administrator"]),
        ({"role": "none"}, ["newcomer"]),
        ({"active": "false"}, ["stranger"]),
        ({"active": "true", "role": "clinician"}, ["author"]),
        ({"q": "nobody"}, []),
    ],
)
@pytest.mark.usefixtures("author", "newcomer", "switched_off")
def test_users_are_filtered(api, administrator, query, names):
    assert [row["name"] for row in data_of(api(administrator).get(USERS, query))] == names


@pytest.mark.parametrize("query", [{"role": "king"}, {"active": "perhaps"}, {"q": "x" * 101}, {"limit": 0}])
def test_a_filter_that_makes_no_sense_is_named(api, administrator, query):
    assert field_of(api(administrator).get(USERS, query)) == next(iter(query))


def test_listing_users_costs_the_same_for_many(api, administrator, author, stranger, django_assert_num_queries):
    client = api(administrator)
    with django_assert_num_queries(3):  # the sign-in with its user, the count, the rows
        client.get(USERS)


def test_a_user_is_read_and_changed(api, administrator, author):
    path = f"{USERS}/{author.pk}"
    client = api(administrator)

    assert data_of(client.get(path))["role"] == "clinician"
    changed = data_of(client.patch(path, {"role": "curator", "name": "Dr Author"}))
    assert (changed["role"], changed["name"], changed["is_active"]) == ("curator", "Dr Author", True)
    assert data_of(client.get(path)) == changed


@pytest.mark.parametrize("body", [{"role": "king"}, {"role": None}, {"is_active": "no"}, {"name": 5}])
def test_what_is_wrong_with_a_change_is_named(api, administrator, author, body):
    assert field_of(api(administrator).patch(f"{USERS}/{author.pk}", body)) == next(iter(body))


def test_an_administrator_cannot_lock_everybody_out(api, administrator):
    client, path = api(administrator), f"{USERS}/{administrator.pk}"

    assert field_of(client.patch(path, {"role": "clinician"}), status=409) == "role"
    assert field_of(client.patch(path, {"is_active": False}), status=409) == "is_active"


def test_a_user_who_is_not_there_is_not_found(api, administrator):
    missing = f"{USERS}/00000000-0000-0000-0000-000000000000"

    assert api(administrator).get(missing).status_code == 404
    assert api(administrator).patch(missing, {"role": ""}).status_code == 404


# --- System settings ---------------------------------------------------------


def test_settings_say_what_they_may_hold_and_what_they_hold(api, administrator):
    rows = {row["key"]: row for row in data_of(api(administrator).get(SETTINGS))}

    lock = rows["idle_lock_minutes"]
    assert (lock["kind"], lock["minimum"], lock["maximum"], lock["default"], lock["value"]) == ("int", 1, 240, 15, 15)
    assert (lock["is_set"], lock["changed_at"], lock["changed_by"]) == (False, None, None)
    assert rows["registration_mode"]["choices"] == ["invitation", "listed_domains", "open"]


def test_settings_change_together(api, administrator):
    client = api(administrator)

    rows = {row["key"]: row for row in data_of(client.put(SETTINGS, {"idle_lock_minutes": 5, "lockout_minutes": 9}))}

    assert (rows["idle_lock_minutes"]["value"], rows["lockout_minutes"]["value"]) == (5, 9)
    assert rows["idle_lock_minutes"]["changed_by"] == {"id": str(administrator.pk), "name": "administrator"}
    assert data_of(client.put(SETTINGS, {"idle_lock_minutes": None}))[3]["value"] == 15


@pytest.mark.parametrize("body", [{"idle_lock_minutes": 0}, {"registration_domains": ["x"]}, {"colour": "red"}])
def test_what_is_wrong_with_settings_is_named_and_nothing_changes(api, administrator, body):
    response = api(administrator).put(SETTINGS, {"lockout_minutes": 9} | body)

    assert field_of(response) == next(iter(body))
    assert list(response.json()["error"]["details"]) == list(body)
    assert not SystemSetting.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 5])
def test_settings_are_an_object(api, administrator, body):
    assert api(administrator).put(SETTINGS, body).status_code == 400


def test_the_history_of_a_setting_names_who_changed_it(api, administrator, django_assert_num_queries):
    client = api(administrator)
    for minutes in (5, 6, 7):
        client.put(SETTINGS, {"idle_lock_minutes": minutes})

    with django_assert_num_queries(4):  # the sign-in with its user, the count, the rows, the names
        response = client.get(f"{SETTINGS}/idle_lock_minutes/history", {"limit": 2})

    assert [(row["before"], row["after"], row["by"]["name"]) for row in data_of(response)] == [
        (6, 7, "administrator"),
        (5, 6, "administrator"),
    ]
    assert response.json()["metadata"]["pagination"]["total"] == 3


def test_an_unknown_setting_has_no_history(api, administrator):
    assert api(administrator).get(f"{SETTINGS}/colour/history").status_code == 404


# --- Feature flags -----------------------------------------------------------


def test_a_flag_is_made_read_changed_and_taken_away(api, administrator):
    client, path = api(administrator), f"{FLAGS}/reader"

    made = data_of(client.post(FLAGS, {"name": "reader", "percent": 12.5}), status=201)
    assert (made["everyone"], made["percent"], made["roles"]) == (None, 12.5, [])
    changed = data_of(client.put(path, {"roles": ["curator"], "everyone": True}))
    assert (changed["everyone"], changed["percent"], changed["roles"]) == (True, 12.5, ["curator"])
    assert data_of(client.get(FLAGS)) == [changed] == [data_of(client.get(path))]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert [row["after"] is None for row in data_of(client.get(f"{path}/history"))] == [True, False, False]


def test_a_flag_of_the_same_name_is_a_conflict(api, administrator):
    client = api(administrator)
    client.post(FLAGS, {"name": "reader"})

    assert field_of(client.post(FLAGS, {"name": "reader"}), status=409) == "name"


@pytest.mark.parametrize(
    "body",
    [{"name": "A B"}, {"percent": 100}, {"percent": "5"}, {"percent": 1.25}, {"everyone": 1}, {"roles": ["king"]}],
)
def test_what_is_wrong_with_a_flag_is_named(api, administrator, body):
    assert field_of(api(administrator).post(FLAGS, {"name": "reader"} | body)) == next(iter(body))
    assert not FeatureFlag.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_a_flag_that_is_not_there_is_not_found(api, administrator, method):
    assert getattr(api(administrator), method)(f"{FLAGS}/reader").status_code == 404


def test_a_flag_that_never_was_has_no_history(api, administrator):
    assert api(administrator).get(f"{FLAGS}/reader/history").status_code == 404


def test_everybody_learns_what_is_on_for_them(api, administrator, author, newcomer):
    api(administrator).post(FLAGS, {"name": "reader", "roles": ["clinician"]})
    api(administrator).post(FLAGS, {"name": "writer", "everyone": True})

    assert data_of(api(author).get("/api/v1/feature-flags")) == {"on": ["reader", "writer"]}
    assert data_of(api(newcomer).get("/api/v1/feature-flags")) == {"on": ["writer"]}
    assert api(None).get("/api/v1/feature-flags").status_code == 401
