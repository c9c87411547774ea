"""Which kind of answerer takes a question."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings


class Route(StrEnum):
    """`extractive` quotes and calls no model; `local` calls a model on this machine."""

    EXTRACTIVE = "extractive"
    LOCAL = "local"


def choose() -> Route:
    """Choose the answerer: a model when an endpoint is set, quotations otherwise."""
    return Route.LOCAL if settings.OPENAI_BASE_URL else Route.EXTRACTIVE
