"""What holds for every route of the API: the envelope, the codes, the addresses."""

import re
from datetime import datetime

import pytest
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.core.api.aliases import canonical, is_api
from voiceassist.core.api.errors import to_domain_error
from voiceassist.core.api.pagination import Pages
from voiceassist.core.api.serializers import Strict, given
from voiceassist.core.errors import Conflict


class Shape(Strict):
    text = serializers.CharField(max_length=5, required=False)
    count = serializers.IntegerField(required=False)
    share = serializers.FloatField(required=False)
    on = serializers.BooleanField(required=False)
    when = serializers.DateTimeField(required=False)
    id = serializers.UUIDField(required=False)


class Probe(APIView):
    """Answers as its query asks."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        pages = Pages()
        rows = pages.paginate_queryset(range(7), request, view=self)
        return pages.get_paginated_response(rows)

    def post(self, request: Request) -> Response:
        return Response(given(Shape, request))

    def delete(self, _request: Request) -> Response:
        raise Conflict("No.", field="it", details={"why": 1})

    def put(self, _request: Request) -> Response:
        raise RuntimeError("the patient's name")


handler404 = "voiceassist.core.middleware.not_found"
handler500 = "voiceassist.core.middleware.server_error"
urlpatterns = [path("api/v1/probe", Probe.as_view())]


@pytest.fixture(autouse=True)
def _probe(settings, db):
    settings.ROOT_URLCONF = __name__


def post(client, body, content_type="application/json"):
    return client.post("/api/v1/probe", body, content_type=content_type)


def test_an_answer_stands_in_the_envelope(client):
    response = client.get("/api/v1/probe?limit=2&offset=4", headers={"x-request-id": "mine-1"})
    body = response.json()

    assert list(body) == ["success", "data", "error", "metadata", "timestamp"]
    assert (body["success"], body["data"], body["error"]) == (True, [4, 5], None)
    pagination = {"limit": 2, "offset": 4, "total": 7}
    assert body["metadata"] == {"version": "1.0", "request_id": "mine-1", "pagination": pagination}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    assert datetime.fromisoformat(body["timestamp"]).tzinfo
    assert response["X-Request-ID"] == "mine-1"


def test_an_error_stands_in_the_same_envelope(client):
    response = client.delete("/api/v1/probe")
    body = response.json()

    assert (response.status_code, body["success"], body["data"]) == (409, False, None)
    assert body["error"] == {"code": "CONFLICT", "message": "No.", "details": {"why": 1}, "field": "it"}
    assert "pagination" not in body["metadata"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "offset=-1", "offset=1e3"])
def test_a_page_out_of_bounds_is_refused_by_name(client, query):
    response = client.get(f"/api/v1/probe?{query}")

    assert response.status_code == 400
    assert response.json()["error"]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": 7}, "text"),
        ({"text": "sechs!"}, "text"),
        ({"text": "a\u0000"}, "text"),
        ({"count": "7"}, "count"),
        ({"count": True}, "count"),
        ({"count": 7.5}, "count"),
        ({"share": "0.5"}, "share"),
        ({"on": 1}, "on"),
        ({"on": "true"}, "on"),
        ({"when": 1700000000}, "when"),
        ({"id": 12}, "id"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(client, body, field):
    response = post(client, body)

    assert response.status_code == 400
    assert (response.json()["error"]["code"], response.json()["error"]["field"]) == ("VALIDATION_ERROR", field)


def test_a_whole_number_may_be_written_with_a_point(client):
    assert post(client, '{"count": 5.0, "share": 1}').json()["data"] == {"count": 5, "share": 1.0}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ('"x"', "application/json", 400),
        ("[1]", "application/json", 400),
        ('{"count": NaN}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        ("[" * 5000, "application/json", 400),
        ("a=1", "application/x-www-form-urlencoded", 415),
        ("x", "", 415),
    ],
)
def test_what_is_no_json_is_refused(client, body, content_type, status):
    response = post(client, body, content_type)

    assert response.status_code == status
    assert response.json()["error"]["code"] == "VALIDATION_ERROR"


def test_a_method_that_is_not_there_is_named(client):
    response = client.patch("/api/v1/probe")

    assert response.status_code == 405
    assert response.json()["success"] is False
    assert set(response["Allow"].split(", ")) == {"GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"}


def test_an_address_that_leads_nowhere_is_answered_in_the_envelope(client):
    for address in ("/api/v1/nothing", "/api/nothing/", "/users/nothing", "/api/v2/x"):
        response = client.get(address)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_fault_of_ours_says_so_and_nothing_else(client):
    client.raise_request_exception = False
    response = client.put("/api/v1/probe", {}, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "patient" not in response.content.decode()


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("/api/v1/chat", "/api/v1/chat"),
        ("/api/v1/chat/", "/api/v1/chat"),
        ("/api/chat", "/api/v1/chat"),
        ("/auth/login/", "/api/v1/auth/login"),
        ("/users/me", "/api/v1/users/me"),
        ("/api/sessions/1/messages", "/api/v1/conversations/1/messages"),
        ("/api/v1/sessions/", "/api/v1/conversations"),
        ("/auth/sessions", "/api/v1/auth/sessions"),
        ("/api/v1/openapi.json", "/api/v1/schema"),
        ("/docs", "/api/v1/docs"),
        ("/sessions", "/sessions"),
        ("/conversations", "/conversations"),
        ("/app/", "/app/"),
        ("/authors", "/authors"),
        ("/apix", "/apix"),
        ("/", "/"),
    ],
)
def test_earlier_addresses_stand_for_todays(address, stands_for):
    assert canonical(address) == stands_for
    assert is_api(address) == stands_for.startswith("/api/v1/")


@pytest.mark.parametrize("address", ["/api/v1/probe", "/api/v1/probe/", "/api/probe", "/api/probe/"])
def test_each_form_of_an_address_answers_without_a_redirect(client, address):
    assert client.get(address).json()["data"] == list(range(7))
    assert post(client, {}).status_code == 200


def test_the_wait_after_too_many_requests_is_told_in_whole_seconds():
    assert to_domain_error(exceptions.Throttled(wait=2.2)).retry_after == 3
