import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from voiceassist.ai import gateway
from voiceassist.ai.checks import check_model_settings
from voiceassist.ai.providers.openai_compatible import OpenAICompatibleChat
from voiceassist.ai.routing import Route, choose
from voiceassist.runtime.loopback import is_loopback_url


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/v1",
        "http://LOCALHOST/v1",
        "https://127.0.0.1/v1",
        "http://127.8.9.10:1234",
        "http://[::1]:8080/v1",
    ],
)
def test_an_endpoint_on_loopback_is_accepted(url):
    assert is_loopback_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://192.168.1.4:8080/v1",
        "http://0.0.0.0:8080/v1",
        "http://[::]:8080/v1",
        "http://[::ffff:8.8.8.8]/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://localhost@example.com/v1",
        "http://127.0.0.1:80@example.com/v1",
        "http://example.com\\@127.0.0.1/v1",
        "http://127.0.0.1\\.example.com/v1",
        "http://exa\tmple.com#@127.0.0.1",
        "http://127.0.0.1%2eexample.com/v1",
        "http://\uff4cocalhost/v1",
        "http://127.1/v1",
        "http://2130706433/v1",
        "http://localhost.:8080/v1",
        "http://127.0.0.1:99999/v1",
        "ftp://127.0.0.1/v1",
        "unix:///run/model.sock",
        "127.0.0.1:8080",
        "http://",
        "http://[::1",
        "http://evil.com[::1]/v1",
        "http://[::1].evil.com/v1",
        "http://[::1]evil.com:80/v1",
        "http://127.0.0.1:/v1",
        "http://127.0.0.1:80:80/v1",
    ],
)
def test_any_other_endpoint_is_refused(url):
    assert not is_loopback_url(url)


def test_a_key_without_an_endpoint_means_the_cloud_and_is_refused(settings):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-secret", ""

    with pytest.raises(ImproperlyConfigured, match="OPENAI_API_KEY is set without OPENAI_BASE_URL") as caught:
        check_model_settings()
    assert "sk-secret" not in str(caught.value)


def test_no_model_at_all_is_accepted_and_means_quotations(settings):
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""

    check_model_settings()
    assert choose() is Route.EXTRACTIVE


def test_a_local_endpoint_means_a_local_model(settings):
    settings.OPENAI_BASE_URL = "http://127.0.0.1:8080/v1"

    check_model_settings()
    assert choose() is Route.LOCAL


async def test_the_provider_checks_again_whatever_the_settings_became(settings):
    settings.OPENAI_BASE_URL = "https://example.com/v1"

    with pytest.raises(ImproperlyConfigured):
        gateway.chat_model()
    with pytest.raises(ImproperlyConfigured):
        OpenAICompatibleChat(base_url="http://10.0.0.1/v1", api_key="", model="tiny")


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-c", "import voiceassist.asgi"],
        ["-c", "import django; django.setup()"],
        ["-m", "celery", "-A", "voiceassist", "report"],
    ],
)
@pytest.mark.parametrize("changed", [{"OPENAI_BASE_URL": "https://example.com/v1"}, {"OPENAI_API_KEY": "sk-1"}])
def test_no_process_starts_when_a_question_could_leave_this_machine(command, changed, settings):
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "DATA_DIR", "DATABASE_URL", "REDIS_URL")
        if name in os.environ
    }
    environment = {**kept, "HOST": "127.0.0.1", "DJANGO_SETTINGS_MODULE": "voiceassist.settings", **changed}
    result = subprocess.run(
        [sys.executable, *command],
        check=False,
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.returncode != 0
    assert "Until the privacy gate is built" in result.stderr + result.stdout
    assert "sk-1" not in result.stderr + result.stdout
