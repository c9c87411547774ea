import json

import pytest
import structlog
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.urls import path
from django.utils.functional import SimpleLazyObject
from prometheus_client import REGISTRY
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.core.user_id import user_id_of

pytestmark = pytest.mark.django_db
PATIENT = "Jane Roe"


def fails(_request, word):
    raise ValueError(f"{PATIENT} {word}")


def breaks_a_constraint(_request):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE patient (name text UNIQUE) ON COMMIT DROP")
        cursor.execute("INSERT INTO patient VALUES (%s), (%s)", [PATIENT, PATIENT])


class WhoAmI(APIView):
    permission_classes = []

    def get(self, request):
        return Response(str(request.user.pk))


class AsToken:
    """Stands for any way in which a view finds out late who asks."""

    def authenticate(self, request):
        return get_user_model().objects.get(email=request.headers["X-Email"]), None

    def authenticate_header(self, _request):
        return "Bearer"


class ByToken(WhoAmI):
    authentication_classes = [AsToken]


urlpatterns = [
    path("fails/<str:word>/", fails),
    path("breaks/", breaks_a_constraint),
    path("who/", ByToken.as_view()),
]


@pytest.fixture
def our_own_routes(settings, client):
    settings.ROOT_URLCONF = __name__
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    client.raise_request_exception = False


def finished(lines):
    (line,) = [line for line in lines if line["event"] == "request_finished"]
    return line


@pytest.mark.parametrize(
    ("method", "address", "expected"),
    [
        ("get", "/nosuch-secret?note=secret", ("GET", "?", 404)),
        ("get", "/app/login/?q=secret", ("GET", "app/login/", 200)),
        ("delete", "/app/login/?q=secret", ("DELETE", "app/login/", 405)),
    ],
)
def test_an_address_is_logged_as_its_route(client, lines, method, address, expected):
    getattr(client, method)(address, headers={"user-agent": "secret", "x-request-id": "secret words"})

    logged = lines()
    line = finished(logged)
    assert (line["method"], line["route"], line["status"]) == expected
    assert line["duration_ms"] > 0
    assert line["ip"] == "127.0.0.1"
    assert line["user_id"] is None
    assert len(line["request_id"]) == 32
    assert "secret" not in json.dumps(logged)


def test_the_line_carries_the_id_that_the_answer_carries(client, lines):
    answer = client.get("/app/login/", headers={"x-request-id": "abc-1"})

    assert finished(lines())["request_id"] == answer["X-Request-ID"] == "abc-1"


def test_what_a_request_bound_to_its_lines_does_not_reach_the_next(client, lines):
    structlog.contextvars.bind_contextvars(left_over="from before")
    client.get("/app/login/")

    assert structlog.contextvars.get_contextvars() == {}
    assert "left_over" not in finished(lines())


def test_a_method_that_nobody_knows_is_not_quoted(client, lines):
    client.generic("JANE-ROE", "/app/login/")

    assert finished(lines())["method"] == "OTHER"


def test_a_signed_in_user_is_named_by_id(client, author, lines):
    client.force_login(author)
    client.get("/console/")

    assert finished(lines())["user_id"] == str(author.pk)


def test_a_user_whom_the_view_finds_out_is_named_too(client, author, lines, our_own_routes):
    assert client.get("/who/", headers={"x-email": author.email}).status_code == 200

    assert finished(lines())["user_id"] == str(author.pk)


def test_nobody_is_loaded_for_the_log(author):
    asked = []
    user = SimpleLazyObject(lambda: asked.append(1) or author)

    assert (user_id_of(user), asked) == (None, [])
    assert user.email
    assert user_id_of(user) == str(author.pk)


def test_what_a_view_raised_is_told_without_its_words(client, lines, our_own_routes):
    assert client.get("/fails/secret/?q=secret", headers={"x-request-id": "abc-1"}).status_code == 500

    logged = lines()
    (failed,) = [line for line in logged if line["event"] == "request_failed"]
    assert failed["route"] == "fails/<str:word>/"
    assert failed["request_id"] == "abc-1"
    assert failed["exception"].endswith("\nValueError")
    assert "voiceassist/core/tests/test_request_log.py" in failed["exception"]
    assert "in fails" in failed["exception"]
    assert finished(logged)["status"] == 500
    assert "secret" not in json.dumps(logged)
    assert PATIENT not in json.dumps(logged)


def test_a_value_that_the_database_quotes_is_not_logged(client, lines, our_own_routes):
    with pytest.raises(IntegrityError, match=PATIENT):
        breaks_a_constraint(None)

    assert client.get("/breaks/").status_code == 500

    logged = lines()
    (failed,) = [line for line in logged if line["event"] == "request_failed"]
    assert failed["exception"].endswith("IntegrityError: SQLSTATE 23505, table patient, constraint patient_name_key")
    assert PATIENT not in json.dumps(logged)


def test_requests_are_counted_by_route_and_unknown_addresses_are_one(client):
    def counted(**labels):
        return REGISTRY.get_sample_value("voiceassist_http_requests_total", labels) or 0

    login = {"method": "GET", "route": "app/login/", "status": "200"}
    nowhere = {"method": "GET", "route": "?", "status": "404"}
    before = counted(**login), counted(**nowhere)

    client.get("/app/login/?q=secret")
    for name in ("secret-1", "secret-2", "secret-3"):
        client.get(f"/{name}")

    assert (counted(**login), counted(**nowhere)) == (before[0] + 1, before[1] + 3)
    labels = {label for metric in REGISTRY.collect() for sample in metric.samples for label in sample.labels.values()}
    assert not [label for label in labels if "secret" in label]
    assert REGISTRY.get_sample_value(
        "voiceassist_http_request_duration_seconds_count", {"method": "GET", "route": "app/login/"}
    )
