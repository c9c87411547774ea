"""Links of mails, when it is not one of ours that is opened."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from voiceassist.accounts.tests.pages import heading

pytestmark = pytest.mark.django_db
LINKS = [("verify-email", "token"), ("password-reset-confirm", "token"), ("register", "invitation")]


@pytest.mark.parametrize(("name", "parameter"), LINKS)
@pytest.mark.parametrize("token", ["x", "a:b:c", "MQ.abc-def", "é", "x" * 5_000])
def test_a_token_that_is_not_ours_is_not_stored(client, name, parameter, token):
    before = Session.objects.count()
    response = client.get(reverse(name), {parameter: token})
    page = client.get(response["Location"])

    assert "not valid any more" in heading(page)
    assert Session.objects.count() == before


def test_tokens_are_not_tried_without_end_on_whichever_page(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "link": "2/h"}

    given = [client.get(reverse(name), {parameter: "x"}, REMOTE_ADDR="192.0.2.7") for name, parameter in LINKS]
    assert [response.status_code for response in given] == [302, 302, 429]
