"""The script of docs/api-walkthrough.md, run as it stands by a client of its own."""

import os
import re
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from tests.app_server import AppServer, Valkey, Worker
from voiceassist.accounts.tests.api import PASSWORD
from voiceassist.accounts.tokens import Token, TokenUse

NOT_ON_A_HEALTHY_SERVER = {"FILE_INFECTED", "PROVIDER_UNAVAILABLE", "INTERNAL_ERROR"}
PAGE = (settings.BASE_DIR / "docs/api-walkthrough.md").read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_the_script_meets_every_code_that_a_healthy_server_has(administrator, tmp_path):
    [script] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    an_hour_ago = timezone.now() - timedelta(hours=1)
    old = Token.issue(TokenUse.ACCESS, user_id=administrator.pk, family=uuid.uuid4(), now=an_hour_ago)
    mails = tmp_path / "mails"
    own = {"DJANGO_SETTINGS_MODULE": "tests.quick_settings", "EMAIL_URL": f"filemail:///{mails}"}
    with Valkey() as broker, Worker(REDIS_URL=broker.url, **own), AppServer(REDIS_URL=broker.url, **own) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "API": f"{server.url}/api/v1/",
            "MAIL": str(mails),
            "ADMIN_EMAIL": administrator.email,
            "ADMIN_PASSWORD": PASSWORD,
            "EXPIRED_TOKEN": old.encode(),
        }
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.removeprefix("met:").split()) == documented - NOT_ON_A_HEALTHY_SERVER
