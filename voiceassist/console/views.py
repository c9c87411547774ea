from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from voiceassist.accounts.backends import comes_from_this_machine
from voiceassist.console.exposition import exposition
from voiceassist.console.health import readiness
from voiceassist.console.model_health import model_health
from voiceassist.core.api.envelope import failure_response
from voiceassist.core.errors import Unauthorized
from voiceassist.core.middleware import wants_json

DESCRIPTION = {
    "service": "VoiceAssist",
    "description": "Answers clinicians' questions from a curated knowledge base, with a citation for each claim.",
    "app": "/app/",
    "console": "/console/",
    "health": "/health/ready",
}


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """Send a browser to the application and describe the service to a JSON client."""
    return JsonResponse(DESCRIPTION) if wants_json(request) else HttpResponseRedirect("/app/")


@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """Answer as long as the process serves requests."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 while requests can be answered, with every part that something does not work without; else 503."""
    found = readiness()
    body = {"status": found.status, "parts": found.parts}
    return JsonResponse(body, status=503 if found.status == "unavailable" else 200)


@require_safe
def openai(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when the model's server has the model and takes the key, else 503 and why not."""
    found = model_health()
    return JsonResponse(found.as_body(), status=200 if found.is_ok else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the metrics to this machine, and to who knows METRICS_TOKEN."""
    if not (comes_from_this_machine(request) or _has_metrics_token(request)):
        return failure_response(Unauthorized("Metrics are shown to their collector only."), request=request)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _has_metrics_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected)
