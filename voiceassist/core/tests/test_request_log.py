import logging

import pytest
from django.urls import path

from voiceassist.core.request_log import RequestLogMiddleware

pytestmark = pytest.mark.django_db


def fails(_request, word):
    raise ZeroDivisionError


urlpatterns = [path("fails/<str:word>/", fails)]


@pytest.fixture
def records(caplog):
    """Every record of every logger, with whatever hangs on it, as one text."""
    caplog.set_level(logging.DEBUG)
    return lambda: [f"{vars(record)}" for record in caplog.records]


@pytest.mark.parametrize(
    ("method", "address", "route"),
    [
        ("get", "/nosuch-secret?note=secret", "GET ?"),
        ("get", "/app/login/?q=secret", "GET app/login/"),
        ("delete", "/app/login/?q=secret", "DELETE app/login/"),
    ],
)
def test_an_address_is_logged_as_its_route(client, records, method, address, route):
    getattr(client, method)(address, headers={"user-agent": "secret", "x-request-id": "secret words"})

    finished = [line for line in records() if "request_finished" in line]
    assert len(finished) == 1
    assert f"'request': '{route}'" in finished[0]
    assert "secret" not in "".join(records())


def test_a_failed_request_is_logged_with_its_route_and_its_error(client, settings, caplog):
    settings.ROOT_URLCONF = __name__
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    client.raise_request_exception = False

    assert client.get("/fails/secret/?q=secret").status_code == 500
    (failed,) = [record for record in caplog.records if "request_failed" in record.getMessage()]
    assert failed.msg["request"] == "GET fails/<str:word>/"
    assert failed.msg["exc_info"]
    assert "secret" not in caplog.text


def test_a_signed_in_user_is_named_by_id_without_another_query(client, author, records, django_assert_num_queries):
    client.force_login(author)
    client.get("/app/")

    assert any(f"'user_id': '{author.pk}'" in line for line in records())
    with django_assert_num_queries(0):
        RequestLogMiddleware.bind_user_id(client.get("/nosuch").wsgi_request)
