import re

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts.models import FeatureFlag, Role, User
from voiceassist.accounts.screens import Screen
from voiceassist.accounts.services.administration import change_user
from voiceassist.accounts.services.flags import change_flag
from voiceassist.console.site import OURS, ConsoleSite
from voiceassist.core import system_settings
from voiceassist.core.models import SettingArea, SettingChange

SETTINGS = "/console/core/systemsetting/"
HISTORY = "/console/core/settingchange/"
DOCUMENTS = "/console/knowledge/document/"
USERS, FLAGS = "/console/accounts/user/", "/console/accounts/featureflag/"


@pytest.fixture
def console(client, administrator):
    client.force_login(administrator)
    return client


@pytest.fixture
def second(db):
    return User.objects.create_user(email="second@clinic.test", password="", role=Role.ADMINISTRATOR)


def text_of(response, status=200):
    assert response.status_code == status
    return response.content.decode()


def all_settings(**changes):
    """Return what a browser sends when the page is saved: every field, and what each held when the page was made."""
    values = {state.setting.key: state.value for state in system_settings.states()}
    values["registration_domains"] = "\n".join(values["registration_domains"])
    return values | {f"initial-{key}": value for key, value in values.items()} | changes


def user_form(user, **changes):
    """Return what a browser sends when the page of this user is saved, with what each field held when it was made."""
    names = ["name", "role", "is_active", "professional_role", "department", "employee_id", "phone_number"]
    values = {name: getattr(user, name) for name in names}
    before = {f"initial-{name}": value for name, value in values.items()}
    return before | {name: value for name, value in (values | changes).items() if value is not False}


def page_as_sent(page):
    """Return what a browser would send back from a page with a form, unchanged."""
    fields = re.findall(r"<input[^>]*>|<select.*?</select>|<textarea.*?</textarea>", page, re.DOTALL)
    sent: dict[str, list[str]] = {}
    for field in fields:
        name = re.search(r'\bname="([^"]*)"', field)
        if name is None or (
            re.search(r'type="(checkbox|radio)"', field) and not re.search(r"\schecked(?=[\s>])", field)
        ):
            continue
        if field.startswith("<select"):
            values = re.findall(r'value="([^"]*)"[^>]*\sselected', field)
        elif field.startswith("<textarea"):
            values = [re.search(r">\s*(.*?)</textarea>", field, re.DOTALL)[1]]
        else:
            value = re.search(r'\bvalue="([^"]*)"', field)
            values = [value[1] if value else "on" if "checkbox" in field else ""]
        sent[name[1]] = [*sent.get(name[1], []), *values]
    return {name: values for name, values in sent.items() if not name.startswith("_") and name != "action"}


def test_only_our_own_models_have_screens_on_our_own_site():
    assert isinstance(admin.site._wrapped, ConsoleSite)
    assert {model.__module__.partition(".")[0] for model in admin.site._registry} <= OURS


@pytest.mark.parametrize("path", [SETTINGS, HISTORY, USERS, FLAGS, f"{FLAGS}add/"])
@pytest.mark.parametrize("role", ["curator", "auditor"])
def test_these_screens_are_for_administrators(client, db, path, role):
    client.force_login(User.objects.create_user(email="x@clinic.test", password="", role=role))

    assert client.get(path).status_code == 403
    assert path not in text_of(client.get("/console/"))


@pytest.mark.parametrize("path", [SETTINGS, HISTORY, USERS, FLAGS])
def test_a_clinician_is_refused(client, author, path):
    client.force_login(author)

    assert client.get(path).status_code == 403


PROBES = ["password__startswith=bcrypt", "password=x", "employee_id_index__isnull=1", "email__regex=a", "nosuch=1"]
PROBES += ["role__startswith=c", "sign_ins__id=1", "groups__name=x", "valid_after__lt=1"]


@pytest.mark.parametrize("query", PROBES)
@pytest.mark.parametrize("path", [USERS, HISTORY])
def test_a_list_is_filtered_by_what_it_offers_only(console, path, query):
    assert console.get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        f"{USERS}?role__exact=curator&is_active__exact=1&o=1&p=0&q=a",
        f"{HISTORY}?area__exact=flag&key__exact=reader",
        f"{DOCUMENTS}?status__exact=indexed&is_demonstration__exact=0",
    ],
)
def test_what_a_list_offers_works(console, address):
    assert console.get(address).status_code == 200


def test_every_screen_keeps_to_it():
    assert all(isinstance(screen, Screen) for screen in admin.site._registry.values())


@pytest.mark.parametrize("path", [USERS, FLAGS, SETTINGS, HISTORY, DOCUMENTS])
def test_odd_addresses_are_no_fault_of_ours(console, path):
    for query in ("role__exact=%00", "area__exact=%00", "key__exact=%00", "status__exact=%00", "q=%00", "%00=1"):
        assert console.get(f"{path}?{query}").status_code == 400
    for page in ("change", "delete", "history"):
        for odd in ("_00", "anything", "%00", "99999999999999999999"):
            for method in (console.get, console.post):
                assert method(f"{path}{odd}/{page}/").status_code in {302, 403, 404}
    for chosen in ("anything", "\0", "99999999999999999999"):
        sent = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        assert console.post(path, sent).status_code < 500


@pytest.mark.parametrize("page", ["anything", "0", "99"])
def test_there_is_no_such_page_of_what_was_found(console, page):
    assert console.get("/console/search/", {"s": "user", "page": page}).status_code == 404


# --- System settings ---------------------------------------------------------


def test_the_form_shows_groups_bounds_and_defaults(console):
    page = text_of(console.get(SETTINGS))

    assert all(group in page for group in ("Registration", "Signing in", "Rate limits"))
    assert "From 1 to 240 minutes. Default: 15." in page
    assert "Default: By invitation." in page


def test_saving_changes_what_was_changed_and_says_so(console, administrator):
    sent = all_settings(
        idle_lock_minutes="5", registration_domains="Clinic.example\r\n", second_factor_roles=["curator"]
    )

    page = text_of(console.post(SETTINGS, sent, follow=True))

    assert "Saved: Listed mail domains, A browser locks after, Second factor needed by." in page
    assert system_settings.get("idle_lock_minutes") == 5
    assert system_settings.get("registration_domains") == ["clinic.example"]
    assert set(SettingChange.objects.values_list("by_id", flat=True)) == {administrator.pk}
    assert "UTC by administrator." in page


def test_saving_nothing_records_nothing(console):
    assert "nothing was saved" in text_of(console.post(SETTINGS, all_settings(), follow=True))
    assert not SettingChange.objects.exists()


def test_an_empty_number_means_the_default(console):
    system_settings.set_values({"idle_lock_minutes": 5}, by_id=None)

    console.post(SETTINGS, all_settings(idle_lock_minutes=""))

    assert system_settings.get("idle_lock_minutes") == 15


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"idle_lock_minutes": "500"}, "less than or equal to 240"),
        ({"registration_domains": "clinic.example\nno domain"}, "is no mail domain"),
        ({"registration_mode": "anybody"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(console, changes, message):
    page = text_of(console.post(SETTINGS, all_settings(lockout_minutes="9", **changes)))

    assert message in page
    assert not SettingChange.objects.exists()


def test_saving_does_not_set_back_what_somebody_else_changed_meanwhile(console):
    sent = all_settings(lockout_minutes="9")
    system_settings.set_values({"idle_lock_minutes": 5}, by_id=None)

    console.post(SETTINGS, sent)

    assert (system_settings.get("idle_lock_minutes"), system_settings.get("lockout_minutes")) == (5, 9)


def test_a_setting_has_no_page_of_its_own(console):
    system_settings.set_values({"idle_lock_minutes": 5}, by_id=None)

    assert console.get(f"{SETTINGS}idle_lock_minutes/change/")["Location"] == "../../"
    assert console.get(f"{SETTINGS}add/").status_code == 403
    assert console.post(f"{SETTINGS}idle_lock_minutes/delete/").status_code == 403


def test_the_history_is_read_only_and_costs_the_same_for_many(console, administrator, django_assert_max_num_queries):
    for minutes in range(5, 12):
        system_settings.set_values({"idle_lock_minutes": minutes}, by_id=administrator.pk)
    change = SettingChange.objects.first()

    with django_assert_max_num_queries(8):
        page = text_of(console.get(HISTORY, {"area__exact": SettingArea.SETTING, "key__exact": "idle_lock_minutes"}))

    assert page.count("idle_lock_minutes") >= 7
    assert console.get(f"{HISTORY}add/").status_code == 403
    assert console.post(f"{HISTORY}{change.pk}/delete/").status_code == 403
    assert "_save" not in text_of(console.get(f"{HISTORY}{change.pk}/change/"))


# --- People ------------------------------------------------------------------


def test_people_are_listed_without_a_query_for_each(console, author, newcomer, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = text_of(console.get(USERS))
    assert "author@clinic.test" in page
    assert "No role" in page


def test_a_role_and_a_profile_are_given(console, newcomer):
    sent = user_form(newcomer, role="clinician", employee_id="E-17", phone_number="+49 30 12")

    assert console.post(f"{USERS}{newcomer.pk}/change/", sent).status_code == 302

    newcomer.refresh_from_db()
    assert (newcomer.role, newcomer.employee_id, newcomer.email) == ("clinician", "E-17", "newcomer@clinic.test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"role": "curator"}, "last active administrator"),
        ({"is_active": ""}, "cannot switch off your own account"),
        ({"phone_number": "call me"}, "Give a telephone number"),
    ],
)
def test_what_a_service_refuses_is_said_on_the_form(console, administrator, changes, message):
    page = text_of(console.post(f"{USERS}{administrator.pk}/change/", user_form(administrator, name="New", **changes)))

    assert message in page
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active, administrator.name) == ("administrator", True, "administrator")


def test_a_taken_employee_number_is_said_beside_the_field_and_takes_the_role_back(console, author, newcomer):
    author.employee_id = "E-17"
    author.save()

    page = text_of(
        console.post(f"{USERS}{newcomer.pk}/change/", user_form(newcomer, role="auditor", employee_id="e-17"))
    )

    assert "Somebody else has this employee number" in page
    newcomer.refresh_from_db()
    assert newcomer.role == ""


@pytest.mark.parametrize(
    "meanwhile", [{"role": "clinician"}, {"is_active": False}, {"department": "Ward 3"}, {"employee_id": "E-9"}]
)
def test_saving_somebody_does_not_set_back_what_was_changed_meanwhile(console, administrator, auditor, meanwhile):
    page = f"{USERS}{auditor.pk}/change/"
    sent = page_as_sent(text_of(console.get(page))) | {"name": "Dr Audit"}
    change_user(user_id=auditor.pk, by=administrator, now=timezone.now(), **meanwhile)

    assert console.post(page, sent).status_code == 302

    auditor.refresh_from_db()
    assert {name: getattr(auditor, name) for name in meanwhile} == meanwhile
    assert auditor.name == "Dr Audit"


def test_a_saved_page_that_nobody_touched_changes_nobody(console, auditor):
    page = f"{USERS}{auditor.pk}/change/"

    assert console.post(page, page_as_sent(text_of(console.get(page)))).status_code == 302

    auditor.refresh_from_db()
    assert (auditor.role, auditor.is_active, auditor.name) == ("auditor", True, "auditor")


def test_people_are_neither_added_nor_deleted_here(console, author):
    assert console.get(f"{USERS}add/").status_code == 403
    assert console.post(f"{USERS}{author.pk}/delete/").status_code == 403


def test_whoever_gives_up_the_role_is_signed_out(console, administrator, second):
    console.post(f"{USERS}{administrator.pk}/change/", user_form(administrator, role="clinician"))

    assert console.get(USERS).status_code == 302


# --- Feature flags -----------------------------------------------------------


def test_a_flag_is_made_changed_and_taken_away_on_the_record(console):
    made = {"name": "reader", "everyone": "", "roles": ["curator", "auditor"], "percent": "12.5", "note": "A trial."}
    assert console.post(f"{FLAGS}add/", made).status_code == 302
    flag = FeatureFlag.objects.get()
    assert (flag.everyone, flag.roles, float(flag.percent)) == (None, ["curator", "auditor"], 12.5)

    page = text_of(console.get(f"{FLAGS}{flag.pk}/change/"))
    chosen = re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)" value="(\w*)"[^>]*\schecked(?=[\s>])', page)
    assert chosen == [("everyone", ""), ("roles", "curator"), ("roles", "auditor")]
    assert 'name="superusers"' not in page
    assert "key__exact=reader" in console.get(f"{FLAGS}{flag.pk}/history/")["Location"]

    console.post(f"{FLAGS}{flag.pk}/change/", made | {"everyone": "on"})
    console.post(f"{FLAGS}{flag.pk}/delete/", {"post": "yes"})

    assert [change.after and change.after["everyone"] for change in SettingChange.objects.order_by("id")] == [
        None,
        True,
        None,
    ]
    assert not FeatureFlag.objects.exists()


def test_saving_a_flag_does_not_set_back_what_was_changed_meanwhile(console, administrator):
    console.post(f"{FLAGS}add/", {"name": "reader", "everyone": "on", "roles": ["curator"], "percent": "12.5"})
    page = f"{FLAGS}{FeatureFlag.objects.get().pk}/change/"
    sent = page_as_sent(text_of(console.get(page))) | {"note": "A trial."}
    change_flag(name="reader", values={"everyone": False, "roles": [], "percent": None}, by=administrator)

    assert console.post(page, sent).status_code == 302

    flag = FeatureFlag.objects.get()
    assert (flag.everyone, flag.roles, flag.percent, flag.note) == (False, [], None, "A trial.")


def test_chosen_flags_are_taken_away_on_the_record(console):
    console.post(f"{FLAGS}add/", {"name": "reader"})
    chosen = [str(FeatureFlag.objects.get().pk)]

    console.post(FLAGS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})

    assert SettingChange.objects.first().after is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Reader"}, "lower-case letters"),
        ({"percent": "100"}, "less than or equal to 99.9"),
        ({"name": "taken"}, "of this name already"),
    ],
)
def test_what_is_wrong_with_a_flag_is_said(console, changes, message):
    console.post(f"{FLAGS}add/", {"name": "taken"})

    assert message in text_of(console.post(f"{FLAGS}add/", {"name": "reader"} | changes))
    assert FeatureFlag.objects.count() == 1


def test_the_console_names_its_screens(console):
    page = text_of(console.get(reverse("admin:index")))

    assert all(path in page for path in (SETTINGS, HISTORY, USERS, FLAGS))
