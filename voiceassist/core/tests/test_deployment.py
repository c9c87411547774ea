"""`check --deploy` on an installation as it should be."""

import os
import subprocess
import sys

from django.conf import settings as django_settings

from voiceassist.core.tests.test_settings import good_secrets


def test_a_good_installation_passes_djangos_own_deployment_check(tmp_path):
    names = ("PATH", "HOME", "DATABASE_URL", "REDIS_URL")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    production = {"HOST": "0.0.0.0", "HTTPS": "true", "ALLOWED_HOSTS": "clinic.example.org", "DATA_DIR": str(tmp_path)}
    production |= {"PUBLIC_URL": "https://clinic.example.org", "EMAIL_URL": "smtp+tls://user:word@mail.example.org:587"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**kept, **production, **good_secrets()},
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues (1 silenced)" in done.stdout  # the preload list: see settings
