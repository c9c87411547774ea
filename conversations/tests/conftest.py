import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from conversations.services import runs
from conversations.services.conversations import create_conversation
from conversations.tests.chat import Tab
from knowledge.services.importing import get_collection, import_path
from knowledge.services.limits import library_limits
from voiceassist.ai.ports import TimeLimits
from voiceassist.ai.tests.model_server import ModelServer

METFORMIN = """---
title: Metformin
authors: [Rena L, Clear A]
year: 2024
---
# Metformin

## Dosing

Metformin is started at 500 mg once daily with the evening meal [7].
The dose of metformin is raised by 500 mg each week, to at most 2000 mg a day.

## Renal impairment

Metformin is contraindicated when the eGFR is below 30 mL/min/1.73 m².
"""
ASTHMA = """# Asthma

## Relievers

Low-dose budesonide-formoterol as needed is the preferred reliever for adults with asthma.

## Exacerbations

Prednisolone 40 mg daily for five to seven days treats an acute exacerbation of asthma.
"""
DOSE = "At what dose is metformin started?"


@pytest.fixture
def library(transactional_db, tmp_path):
    """A knowledge base of two short monographs."""
    (tmp_path / "metformin.md").write_text(METFORMIN, encoding="utf-8")
    (tmp_path / "asthma.md").write_text(ASTHMA, encoding="utf-8")
    collection = get_collection()
    import_path(path=tmp_path, collection=collection, limits=library_limits())
    return collection


@pytest.fixture
def conversation(library, author):
    return create_conversation(by=author)


@pytest.fixture
async def tab(conversation, author):
    """The author's browser tab in the conversation."""
    tab = await Tab.open(conversation, author)
    yield tab
    await tab.close()


@pytest.fixture
async def model(settings):
    """A language model on loopback that the server is set up with; it does as it is told."""
    async with ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_MODEL = "tiny"
        settings.MODEL_TIME_LIMITS = TimeLimits(connect=2, first_token=5, between_tokens=5, total=30)
        yield server


@pytest.fixture(autouse=True)
async def _no_run_outlives_its_test():
    yield
    for task in list(runs._tasks):
        task.cancel()
    await asyncio.gather(*runs._tasks, return_exceptions=True)
    await sync_to_async(connections.close_all)()
