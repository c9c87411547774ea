"""Rules of the house that the import contracts cannot see."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from celery import current_app
from django.apps import apps

from knowledge import jobs
from voiceassist.console.middleware import WATCHED

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    "core",
    "audit",
    "accounts",
    "files",
    "privacy",
    "ai",
    "evidence",
    "knowledge",
    "clinical",
    "conversations",
    "voice",
    "sharing",
    "console",
]
ANSWERED_BEFORE_SIGN_IN = {
    "/health": "a load balancer has no account",
    "/health/ready": "as /health, which it is",
    "/health/live": "a supervisor has no account",
    "/health/openai": "as /health; says whether the model answers, nothing of its address or key",
    "/metrics": "has a door of its own: this machine, or METRICS_TOKEN",
}


def test_foreign_keys_point_down():
    for model in apps.get_models():
        if model._meta.app_label not in LAYERS:
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "remote_field", None) and field.concrete and field.related_model
            if target and target._meta.app_label in LAYERS:
                here, there = LAYERS.index(model._meta.app_label), LAYERS.index(target._meta.app_label)
                assert there <= here, f"{model.__name__}.{field.name} points up to {target.__name__}"


def test_every_named_job_is_a_registered_task():
    current_app.loader.import_default_modules()
    names = [value for name, value in vars(jobs).items() if name.isupper()]
    assert names
    assert set(names) <= set(current_app.tasks)


def test_what_is_answered_before_anybody_is_asked_for_is_so_for_a_reason():
    assert set(WATCHED) == set(ANSWERED_BEFORE_SIGN_IN)


def variables_read() -> set[str]:
    settings = (ROOT / "voiceassist/settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"""env(?:\.\w+)?\(\s*"([A-Z_]+)\"""", settings))


def test_every_setting_is_listed_in_the_example_with_its_default():
    listed = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == variables_read()


def test_no_committed_file_names_the_machine_it_was_made_on():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    home = re.compile(rb"/(?:work|home|Users)/(?!app\b|user\b|me\b)\w+")
    for name in tracked:
        if (ROOT / name).suffix in {".npz", ".png"} or not (ROOT / name).is_file():
            continue
        assert not home.search((ROOT / name).read_bytes()), name
