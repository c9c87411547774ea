import pytest

from voiceassist.accounts.models import UserSettings
from voiceassist.core.system_settings import set_values

ME, SETTINGS, PROFESSIONALS = "/api/v1/users/me", "/api/v1/users/me/settings", "/api/v1/users/professionals"
DEFAULTS = {
    "citation_style": "vancouver",
    "email_notifications": False,
    "idle_lock_minutes": None,
    "language": "en",
    "speech_rate": 1.0,
    "theme": "system",
    "time_zone": "UTC",
    "voice": "alloy",
}


def field_of(response, status=400):
    assert response.status_code == status, response.json()
    return response.json()["error"]["field"]


@pytest.mark.parametrize("path", [ME, SETTINGS, PROFESSIONALS])
def test_nobody_sees_a_profile(api, db, path):
    assert api(None).get(path).status_code == 401


@pytest.mark.parametrize("path", [ME, SETTINGS])
def test_a_newcomer_has_a_profile_and_preferences(api, newcomer, path):
    assert api(newcomer).get(path).status_code == 200


def test_a_profile_says_who_one_is(api, author):
    data = api(author).get(ME).json()["data"]

    assert (data["email"], data["name"], data["role"]) == ("author@clinic.test", "author", "clinician")


def test_parts_of_a_profile_are_changed_and_the_rest_stays(api, author):
    changes = {"department": " Cardiology ", "employee_id": "E-17", "phone_number": "+49 30 123-45 ext. 6"}

    data = api(author).put(ME, changes).json()["data"]

    assert data | {"department": "Cardiology", "employee_id": "E-17"} == data
    assert data["name"] == "author"
    author.refresh_from_db()
    assert (author.employee_id, author.phone_number) == ("E-17", "+49 30 123-45 ext. 6")


def test_a_whole_profile_may_be_sent_back_as_it_is(api, author):
    client = api(author)
    profile = client.get(ME).json()["data"]

    assert client.put(ME, profile).json()["data"] == profile


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "else@clinic.test"),
        ("role", "administrator"),
        ("name", "x" * 151),
        ("name", 5),
        ("name", "two\nlines"),
        ("employee_id", "9" * 65),
        ("phone_number", "call me"),
        ("department", "x" * 81),
    ],
)
def test_what_is_wrong_with_a_profile_is_named_and_nothing_changes(api, author, field, value):
    response = api(author).put(ME, {"professional_role": "nurse", field: value})

    assert field_of(response) == field
    author.refresh_from_db()
    assert (author.email, author.role, author.professional_role) == ("author@clinic.test", "clinician", "")


def test_an_employee_number_belongs_to_one_person(api, author, colleague):
    api(colleague).put(ME, {"employee_id": "E-17"})

    assert field_of(api(author).put(ME, {"employee_id": " e-17"}), status=409) == "employee_id"
    assert api(colleague).put(ME, {"employee_id": "E-17"}).status_code == 200


def test_many_have_no_employee_number(api, author, colleague):
    assert [api(user).put(ME, {"employee_id": ""}).status_code for user in (author, colleague)] == [200, 200]


def test_preferences_begin_as_the_defaults_and_reading_writes_nothing(api, author):
    assert api(author).get(SETTINGS).json()["data"] == DEFAULTS
    assert not UserSettings.objects.exists()


def test_preferences_change_one_by_one(api, author):
    client = api(author)
    client.put(SETTINGS, {"theme": "dark"})

    data = client.put(SETTINGS, {"language": "DE-at", "time_zone": "Europe/Vienna", "idle_lock_minutes": 5}).json()[
        "data"
    ]

    changed = {"theme": "dark", "language": "de-AT", "time_zone": "Europe/Vienna", "idle_lock_minutes": 5}
    assert data == DEFAULTS | changed
    assert client.get(SETTINGS).json()["data"] == data


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("theme", "pink"),
        ("citation_style", "harvard"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("language", "deutsch"),
        ("language", "de_DE"),
        ("voice", "robot"),
        ("speech_rate", 2.5),
        ("speech_rate", "1"),
        ("idle_lock_minutes", 0),
        ("idle_lock_minutes", 16),
        ("idle_lock_minutes", True),
        ("email_notifications", "yes"),
        ("email_notifications", None),
    ],
)
def test_what_is_wrong_with_preferences_is_named_and_nothing_changes(api, author, field, value):
    response = api(author).put(SETTINGS, {"theme": "dark", field: value})

    assert field_of(response) == field
    assert not UserSettings.objects.exists()


def test_a_lock_may_be_as_long_as_the_system_allows(api, author):
    set_values({"idle_lock_minutes": 60}, by_id=None)

    assert api(author).put(SETTINGS, {"idle_lock_minutes": 60}).status_code == 200
    assert field_of(api(author).put(SETTINGS, {"idle_lock_minutes": 61})) == "idle_lock_minutes"


def test_the_directory_lists_those_who_have_a_role_and_are_active(api, author, curator, newcomer, stranger):
    stranger.is_active = False
    stranger.save()

    response = api(author).get(PROFESSIONALS).json()

    assert [row["name"] for row in response["data"]] == ["author", "curator"]
    assert response["metadata"]["pagination"]["total"] == 2


def test_the_directory_is_closed_without_a_role(api, newcomer):
    assert api(newcomer).get(PROFESSIONALS).status_code == 403


def test_the_directory_is_searched_by_words(api, author, curator):
    api(curator).put(ME, {"department": "Intensive care", "professional_role": "Nurse"})
    client = api(author)

    found = {
        q: [row["name"] for row in client.get(PROFESSIONALS, {"q": q}).json()["data"]] for q in ("nurse inten", "%")
    }

    assert found == {"nurse inten": ["curator"], "%": []}


@pytest.mark.parametrize("query", [{"q": "x" * 101}, {"q": "a\0b"}, {"limit": "many"}])
def test_a_directory_search_that_makes_no_sense_is_refused_by_name(api, author, query):
    assert field_of(api(author).get(PROFESSIONALS, query)) == next(iter(query))


def test_listing_costs_the_same_for_many(api, author, colleague, django_assert_num_queries):
    client = api(author)
    with django_assert_num_queries(3):  # the sign-in with its user, the count, the rows
        client.get(PROFESSIONALS)


def test_an_administrator_and_the_person_change_an_entry_of_the_directory(api, author, administrator):
    path = f"{PROFESSIONALS}/{author.pk}"

    assert api(author).put(path, {"department": "Surgery"}).json()["data"]["department"] == "Surgery"
    assert api(administrator).put(path, {"employee_id": "E-9"}).json()["data"]["employee_id"] == "E-9"


def test_nobody_else_does(api, author, colleague, curator):
    path = f"{PROFESSIONALS}/{author.pk}"

    assert [api(user).put(path, {"name": "x"}).status_code for user in (colleague, curator, None)] == [403, 403, 401]


def test_who_is_not_in_the_directory_has_no_entry(api, administrator, newcomer):
    assert api(administrator).put(f"{PROFESSIONALS}/{newcomer.pk}", {"name": "x"}).status_code == 404
