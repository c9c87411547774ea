import json
import secrets

import pytest
from django import forms
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import Case, F, Subquery, Value, When
from django.db.models.functions import Concat, Lower
from django.test.utils import isolate_apps
from rest_framework.serializers import ModelSerializer

from voiceassist.core.encryption import EncryptionError, KeyRing, key_id_of
from voiceassist.core.fields import BlindIndexField, EncryptedJSONField, EncryptedTextField, normalized

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
TEXTS = ["x", " leading and trailing ", "Ångström 病歴 🩺", "1:00000000:AAAA", "x" * 100_000, "line\nline\x1f"]
VALUES = [0, False, 1.5, "", "text", "null", [], {}, {"dose": "5 mg", "ö": [None, True]}, [[]]]


@pytest.fixture(scope="module", autouse=True)
def models_of_these_tests():
    with isolate_apps("voiceassist.core"):

        class Sheet(models.Model):
            name = EncryptedTextField(blank=True)
            note = EncryptedTextField(null=True, blank=True)
            number = EncryptedTextField(blank=True)
            number_index = BlindIndexField(of="number", unique=True)
            extra = EncryptedJSONField(default=dict, blank=True)
            maybe = EncryptedJSONField(null=True, blank=True)
            plain = models.TextField(blank=True)

            class Meta:
                app_label = "core"

            def __str__(self):
                return str(self.pk)

        yield Sheet


@pytest.fixture
def model(models_of_these_tests, db):
    with connection.schema_editor() as editor:
        editor.create_model(models_of_these_tests)
    return models_of_these_tests


@pytest.fixture(autouse=True)
def keys(settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]


def stored(row, column):
    """Return what the database holds."""
    with connection.cursor() as cursor:
        table, name = connection.ops.quote_name(row._meta.db_table), connection.ops.quote_name(column)
        cursor.execute(f"SELECT {name} FROM {table} WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def again(row):
    return type(row)._default_manager.get(pk=row.pk)


def found(model, number, index="number_index"):
    return model.objects.filter(**{f"{index}__in": model._meta.get_field(index).look_up(number)})


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_and_the_database_holds_none_of_it(model, text):
    row = model.objects.create(name=text)

    assert again(row).name == text
    assert key_id_of(stored(row, "name"))
    assert model.objects.values_list("name", flat=True).get() == text


@pytest.mark.parametrize("value", VALUES)
def test_json_comes_back(model, value):
    row = model.objects.create(extra=value)

    assert again(row).extra == value
    assert type(again(row).extra) is type(value)
    assert stored(row, "extra") == "" or key_id_of(stored(row, "extra"))


def test_none_is_null_and_an_empty_text_stays_empty(model):
    row = model.objects.create(name="", note=None, maybe=None)

    assert stored(row, "name") == ""
    assert stored(row, "note") is None
    assert stored(row, "maybe") is None
    assert (again(row).name, again(row).note, again(row).maybe) == ("", None, None)
    assert model.objects.filter(maybe__isnull=True, note__isnull=True, name__isnull=False).get() == row


def test_null_within_json_is_kept(model):
    row = model.objects.create(maybe=[None])
    assert again(row).maybe == [None]


@pytest.mark.parametrize("value", [{"a": object()}, float("nan"), {"a": float("inf")}, {"secret-word": "\ud800"}])
def test_what_is_no_json_is_refused_without_being_shown(model, value):
    with pytest.raises(EncryptionError) as caught, transaction.atomic():
        model.objects.create(extra=value)
    assert "secret-word" not in str(caught.value)
    assert caught.value.__context__ is None


def test_text_that_is_read_as_json_is_refused_without_being_shown(model, models_of_these_tests):
    with pytest.raises(EncryptionError) as caught:
        models_of_these_tests._meta.get_field("extra").from_text("secret-word")
    assert "secret-word" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_value_moved_to_another_column_does_not_decrypt(model):
    row = model.objects.create(name="x", note="y")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_sheet SET name = note")
    with pytest.raises(EncryptionError, match=r"core\.sheet\.name"):
        again(row)


def test_bulk_create_encrypts_and_indexes(model):
    model.objects.bulk_create([model(name="a", number="N 1"), model(name="b", number="N 2")])

    row = found(model, "n 2").get()
    assert row.name == "b"
    assert key_id_of(stored(row, "name"))


def test_update_encrypts(model):
    row = model.objects.create(name="old")
    model.objects.update(name="new", extra={"a": 1}, note=None)

    assert (again(row).name, again(row).extra) == ("new", {"a": 1})
    assert key_id_of(stored(row, "name"))
    assert key_id_of(stored(row, "extra"))


def test_bulk_update_encrypts(model):
    rows = model.objects.bulk_create([model(name="a"), model(name="b")])
    for row in rows:
        row.name, row.extra = row.name * 2, {"of": row.name}
    model.objects.bulk_update(rows, ["name", "extra", "note"])

    assert [again(row).name for row in rows] == ["aa", "bb"]
    assert again(rows[1]).extra == {"of": "b"}
    assert all(key_id_of(stored(row, "name")) for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.objects.update(number="secret-word"),
        lambda m: m.objects.update(number=""),
        lambda m: m.objects.bulk_update([m(pk=1, number="secret-word")], ["number"]),
    ],
)
def test_a_text_with_an_index_is_not_changed_without_it(model, change):
    model.objects.create(number="1")
    with pytest.raises(TypeError, match=r"core\.sheet\.number has a blind index") as caught, transaction.atomic():
        change(model)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    "expression",
    [
        F("plain"),
        Value("secret-word"),
        Value("secret-word", output_field=models.TextField()),
        Concat("name", Value("secret-word")),
        Case(When(pk=1, then=Value("secret-word")), default=F("plain")),
        Case(When(pk=1, then=F("plain")), default=Value(None)),
    ],
)
def test_an_expression_is_refused(model, expression):
    row = model.objects.create(name="a", plain="b")
    with pytest.raises((TypeError, FieldError)) as caught, transaction.atomic():
        model.objects.update(name=expression)
    row.name = expression
    with pytest.raises((TypeError, FieldError)), transaction.atomic():
        row.save()
    assert "secret-word" not in str(caught.value)


def test_an_expression_is_refused_in_a_new_row(model):
    with pytest.raises(TypeError, match="not expressions"), transaction.atomic():
        model.objects.create(name=Value("x"))
    with pytest.raises(TypeError, match="not expressions"), transaction.atomic():
        model.objects.create(number=Value("x"))


def test_a_subquery_is_refused(model):
    model.objects.create(name="a")
    with pytest.raises(TypeError, match="not expressions"):
        model.objects.update(name=Subquery(model.objects.values("plain")[:1]))


@pytest.mark.parametrize(
    "lookup",
    [
        "name",
        "name__exact",
        "name__in",
        "name__contains",
        "name__iexact",
        "name__gt",
        "name__unaccent",
        "extra__a",
        "name__regex",
    ],
)
def test_a_lookup_is_refused_with_a_clear_error(model, lookup):
    with pytest.raises(FieldError, match=r"core\.sheet\.\w+ is encrypted and cannot be looked up by") as caught:
        list(model.objects.filter(**{lookup: ["secret-word"]}))
    assert "secret-word" not in str(caught.value)


def test_the_error_names_the_blind_index(model):
    with pytest.raises(FieldError, match="number_index__in"):
        model.objects.get(number="x")
    with pytest.raises(FieldError, match="number_index__in"):
        model.objects.exclude(number="x")
    with pytest.raises(FieldError, match="number_index__in"):
        model.objects.get_or_create(number="x")


def test_transforms_are_refused(model):
    with pytest.raises(FieldError):
        list(model.objects.filter(name__unaccent__exact="x"))
    with pytest.raises(FieldError):
        list(model.objects.annotate(low=Lower("name")).filter(low="x"))


def test_plain_text_enters_no_statement_as_a_value_of_the_field(model):
    with pytest.raises(TypeError, match="stand in no query"):
        list(model.objects.annotate(x=Value("secret-word", output_field=model._meta.get_field("name"))))


@pytest.mark.parametrize("written", ["MRN 42", "  mrn   42 ", "ＭＲＮ 42", "Mrn\u00a042"])
def test_an_index_finds_a_value_however_it_is_written(model, written):
    row = model.objects.create(number="mrn 42")

    assert found(model, written).get() == row
    assert not found(model, "mrn 43").exists()


def test_composed_and_decomposed_letters_are_the_same():
    assert normalized("A\u030angel") == normalized("Ångel")


def test_empty_values_have_no_index_and_find_nothing(model):
    rows = [model.objects.create(number="") for _ in range(2)]

    assert [stored(row, "number_index") for row in rows] == [None, None]
    assert not found(model, "").exists()
    assert not found(model, "  ").exists()


def test_the_index_of_another_column_or_key_is_another(model, settings):
    index = model._meta.get_field("number_index")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert len({*index.look_up("1"), KeyRing.from_texts([NEW]).index("1", place="elsewhere")}) == 3


def test_values_are_found_under_any_key_of_the_ring(model, settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    old = model.objects.create(number="1")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    new = model.objects.create(number="2")

    assert (found(model, "1").get(), found(model, "2").get()) == (old, new)
    old.refresh_from_db()
    old.save()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert found(model, "1").get() == old


def test_uniqueness_holds_across_keys(model, settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    old = model.objects.create(number="1")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    old.save()  # itself is no other row
    model.objects.filter(pk=old.pk).update(
        number_index=KeyRing.from_texts([OLD]).index("1", place="core.sheet.number_index")
    )
    with pytest.raises(IntegrityError, match="Another row has the same value"), transaction.atomic():
        model.objects.create(number=" 1 ")
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.bulk_create([model(number="1")])


def test_uniqueness_is_held_by_the_database(model):
    model.objects.create(number="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(number="1")


def test_saving_the_text_alone_saves_its_index(model):
    row = model.objects.create(number="1", plain="kept")
    row.number, row.plain = "2", "not saved"
    row.save(update_fields=["number"])

    assert found(model, "2").get() == row
    assert not found(model, "1").exists()
    assert again(row).plain == "kept"


def test_saving_something_else_leaves_text_and_index(model):
    row = model.objects.create(number="1")
    row.number, row.plain = "2", "saved"
    row.save(update_fields=["plain"])

    assert (again(row).number, again(row).plain) == ("1", "saved")
    assert found(model, "1").get() == row


def test_a_row_loaded_without_its_index_saves_it(model):
    row = model.objects.defer("number_index").get(pk=model.objects.create(number="1").pk)
    row.number = "2"
    row.save()
    assert found(model, "2").get() == row


@pytest.mark.parametrize("format_", ["json", "python"])
def test_fixtures_are_written_and_read(model, settings, format_):
    row = model.objects.create(name="a", number="N1", extra={"a": [1]}, maybe="text")
    dumped = serializers.serialize(format_, model.objects.all())
    [entry] = json.loads(dumped) if format_ == "json" else dumped
    assert (entry["fields"]["name"], entry["fields"]["extra"], entry["fields"]["maybe"]) == ("a", {"a": [1]}, "text")

    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    model.objects.all().delete()
    loaded = serializers.base.build_instance(model, {**entry["fields"], "id": row.pk}, "default")
    serializers.base.DeserializedObject(loaded).save()

    assert again(row).extra == {"a": [1]}
    assert found(model, "n1").get() == row  # under the keys of here, not of where it was written


def test_dumpdata_and_loaddata_carry_a_user_to_other_keys(author, settings, tmp_path):
    author.employee_id, author.phone_number = "E 1", "555"
    author.save()
    fixture = tmp_path / "users.json"
    call_command("dumpdata", "accounts.user", output=str(fixture))
    type(author).objects.all().delete()

    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    call_command("loaddata", str(fixture), verbosity=0)

    assert found(type(author), "e 1", "employee_id_index").get().phone_number == "555"


def test_forms_read_and_write(model):
    form_class = forms.modelform_factory(model, fields=["name", "number", "extra", "maybe"])
    form = form_class({"name": "a", "number": "7", "extra": '{"a": 1}', "maybe": ""})
    row = form.save()

    assert (again(row).name, again(row).extra, again(row).maybe) == ("a", {"a": 1}, None)
    assert found(model, "7").get() == row
    assert "number_index" not in forms.modelform_factory(model, fields="__all__").base_fields
    shown = form_class(instance=again(row)).as_p()
    assert ">\na</textarea>" in shown
    assert "{&quot;a&quot;: 1}" in shown


def test_an_empty_json_form_field_means_the_default(model):
    form = forms.modelform_factory(model, fields=["extra"])({"extra": ""})
    assert again(form.save()).extra == {}


def test_a_form_says_what_is_no_json(model):
    form = forms.modelform_factory(model, fields=["extra"])({"extra": "{"})
    assert "Enter a valid JSON." in form.errors["extra"]


def test_api_serializers_read_and_write(model):
    class Serializer(ModelSerializer):
        class Meta:
            fields = ["name", "note", "number"]

    Serializer.Meta.model = model
    serializer = Serializer(data={"name": "a", "note": None, "number": "9"})
    serializer.is_valid(raise_exception=True)
    row = serializer.save()

    assert Serializer(again(row)).data == {"name": "a", "note": None, "number": "9"}
    assert found(model, "9").get() == row


def test_migrations_can_write_the_fields_down(models_of_these_tests):
    for field in models_of_these_tests._meta.local_concrete_fields[1:7]:
        written, imports = MigrationWriter.serialize(field)
        assert f"voiceassist.core.fields.{type(field).__name__}(" in written
        assert imports == {"import voiceassist.core.fields"}
        assert field.clone().deconstruct()[1:] == field.deconstruct()[1:]
    assert models_of_these_tests._meta.get_field("number_index").clone().of == "number"


@isolate_apps("voiceassist.core")
def test_what_would_compare_or_show_ciphertexts_is_refused_by_a_check():
    class Wrong(models.Model):
        a = EncryptedTextField(unique=True)
        b = EncryptedTextField(db_index=True)
        c = EncryptedTextField(db_default="x")
        d = BlindIndexField(of="nothing")
        e = EncryptedJSONField(default=dict)
        f = BlindIndexField(of="e")
        g = EncryptedJSONField(default={})

        class Meta:
            app_label = "core"

        def __str__(self):
            return str(self.pk)

    found = {(error.obj.name, error.id) for error in Wrong.check() if error.obj is not Wrong}
    expected = {("a", "core.E001"), ("b", "core.E001"), ("c", "core.E001"), ("d", "core.E002"), ("f", "core.E002")}
    assert found == {*expected, ("g", "fields.E010")}


def test_no_query_log_shows_the_text(model, django_assert_num_queries):
    with django_assert_num_queries(2) as log:
        row = model.objects.create(name="secret-word", extra={"secret-word": 1})
        model.objects.filter(pk=row.pk).update(name="secret-word")
    assert "secret-word" not in str(log.captured_queries)
