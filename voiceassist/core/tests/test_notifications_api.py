from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from voiceassist.core.notifications import mark_read, notify

pytestmark = pytest.mark.django_db
MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def signed_in(client, author):
    client.force_login(author)
    return client


def tell(user, title="Indexing finished"):
    return notify(user_id=user.pk, kind="job.done", title=title, url="/app/")


def test_the_list_holds_the_users_own_newest_first_in_pages(signed_in, author, stranger):
    rows = [tell(author) for _ in range(3)]
    tell(stranger)

    body = signed_in.get("/api/v1/notifications?limit=2").json()

    assert [row["id"] for row in body["data"]] == [str(rows[2].pk), str(rows[1].pk)]
    assert body["metadata"]["pagination"] == {"limit": 2, "offset": 0, "total": 3}
    assert set(body["data"][0]) == {"id", "kind", "title", "text", "url", "job", "created_at", "read_at"}


def test_the_unread_and_the_read_can_be_told_apart(signed_in, author):
    read, unread = tell(author), tell(author)
    mark_read(read)

    assert [row["id"] for row in signed_in.get("/api/v1/notifications?unread=true").json()["data"]] == [str(unread.pk)]
    assert [row["id"] for row in signed_in.get("/api/v1/notifications?unread=false").json()["data"]] == [str(read.pk)]


@pytest.mark.parametrize("query", ["unread=yes", "unread=", "limit=201", "offset=-1"])
def test_a_filter_that_means_nothing_is_refused(signed_in, query):
    response = signed_in.get(f"/api/v1/notifications?{query}")

    assert (response.status_code, response.json()["error"]["field"]) == (400, query.partition("=")[0])


def test_one_is_read(signed_in, author):
    row = tell(author)

    response = signed_in.post(f"/api/v1/notifications/{row.pk}/read")

    assert response.status_code == 200
    assert response.json()["data"]["read_at"]
    assert signed_in.get("/api/v1/notifications?unread=true").json()["metadata"]["pagination"]["total"] == 0


def test_all_are_read_at_once(signed_in, author, stranger):
    for user in (author, author, stranger):
        tell(user)

    assert signed_in.post("/api/v1/notifications/read-all").json()["data"] == {"marked": 2}
    assert signed_in.post("/api/v1/notifications/read-all").json()["data"] == {"marked": 0}


@pytest.mark.parametrize("who", ["stranger", "administrator"])
def test_another_users_and_a_missing_one_look_the_same(who, client, author, request):
    client.force_login(request.getfixturevalue(who))
    row = tell(author)

    answers = [client.post(f"/api/v1/notifications/{key}/read") for key in (row.pk, MISSING)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["error"] == answers[1].json()["error"]
    assert client.get("/api/v1/notifications").json()["data"] == []
    row.refresh_from_db()
    assert row.read_at is None


def test_nobody_looks_without_signing_in(client):
    assert client.get("/api/v1/notifications").status_code == 401
    for path in ("read-all", f"{MISSING}/read"):
        assert client.post(f"/api/v1/notifications/{path}").status_code == 401


def test_more_of_them_take_no_more_queries(signed_in, author):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            signed_in.get("/api/v1/notifications")
        return len(captured)

    tell(author)
    queries()
    few = queries()
    for _ in range(10):
        tell(author)

    assert queries() == few
