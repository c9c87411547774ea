"""What `manage.py prepare` leaves behind: a demonstration user and a demonstration base."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.management import call_command

from knowledge.models import Document, Passage
from knowledge.services import demonstration
from knowledge.services.preparing import headline
from voiceassist.accounts.models import User
from voiceassist.accounts.tests.pages import sign_in
from voiceassist.ai.embedding import embed_texts

pytestmark = pytest.mark.django_db


def prepare(**options) -> str:
    out = io.StringIO()
    call_command("prepare", stdout=out, stderr=out, **options)
    return out.getvalue()


def password_in(output: str) -> str:
    return output.split("Password")[1].split(maxsplit=1)[0]


def may_sign_in(client, password: str) -> bool:
    client.logout()
    sign_in(client, "demo@voiceassist.test", password=password)
    return "_auth_user_id" in client.session


def test_the_first_start_shows_a_sign_in_that_works(client):
    shown = prepare()

    assert may_sign_in(client, password_in(shown))


def test_the_second_start_shows_no_password_and_keeps_everything(client):
    first = prepare()
    passages = set(Passage.objects.values_list("pk", flat=True))

    second = prepare()

    assert "shown only now" not in second
    assert set(Passage.objects.values_list("pk", flat=True)) == passages
    assert may_sign_in(client, password_in(first))


def test_a_lost_demonstration_password_can_be_replaced(client):
    first = password_in(prepare())
    second = password_in(prepare(new_demo_password=True))

    assert not may_sign_in(client, first)
    assert may_sign_in(client, second)


def test_two_starts_give_two_passwords():
    first = password_in(prepare())
    User.objects.all().delete()
    assert password_in(prepare()) != first


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "clinic.example.org", "::", ""])
def test_there_is_no_demonstration_user_where_others_reach_the_server(settings, client, host):
    password = password_in(prepare())
    settings.HOST = host

    assert not may_sign_in(client, password)
    User.objects.all().delete()
    assert "no demonstration user" in prepare()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("elsewhere", "shown"),
    [
        ({}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "192.168.1.5"}, False),
        ({"REMOTE_ADDR": ""}, False),
        ({"HTTP_X_FORWARDED_FOR": "192.168.1.5"}, False),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"HTTP_FORWARDED": "for=192.168.1.5"}, False),
    ],
)
def test_the_demonstration_user_signs_in_from_this_machine_and_without_a_proxy_only(client, elsewhere, shown):
    form = {"username": "demo@voiceassist.test", "password": password_in(prepare())}

    assert client.get("/app/login/", **elsewhere).context["is_local"] is shown
    client.post("/app/login/", form, **elsewhere)
    assert ("_auth_user_id" in client.session) is shown


def test_others_sign_in_from_anywhere(client, author):
    client.post(
        "/app/login/",
        {"username": author.email, "password": "correct horse battery"},
        headers={"x-forwarded-for": "192.168.1.5"},
    )
    assert "_auth_user_id" in client.session


def test_a_demonstration_browser_session_ends_when_the_server_opens_up(settings, client):
    may_sign_in(client, password_in(prepare()))
    assert client.get("/app/").status_code == 200

    settings.HOST = "0.0.0.0"
    assert client.get("/app/").status_code == 302


def test_the_demonstration_base_is_marked_as_such_and_cites_real_works():
    prepare()

    documents = list(Document.objects.all())
    assert len(documents) >= 24
    for document in documents:
        assert document.is_demonstration
        for work in document.bibliography["references"]:
            assert work.get("doi") or work.get("pmid")


def test_a_removed_demonstration_monograph_does_not_come_back():
    prepare()
    Document.objects.exclude(pk=Document.objects.first().pk).delete()

    prepare()

    assert Document.objects.count() == 1


def test_every_demonstration_passage_has_shipped_vectors(monkeypatch):
    def model_asked(texts, _spans):
        assert not texts, f"run `manage.py build_demonstration`: {len(texts)} passages changed"
        return []

    monkeypatch.setattr(demonstration, "embed_with_spans", model_asked)
    prepare()


def test_shipped_vectors_are_the_models_own():
    prepare()
    passage = Passage.objects.select_related("document").first()
    stored = np.array(passage.embeddings.get().vector)

    (computed,) = embed_texts([f"{headline(passage.document.title, passage.heading_path)}\n{passage.text}"])

    assert float(stored @ computed) == pytest.approx(1, abs=0.01)
