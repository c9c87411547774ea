from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.http import require_safe

from voiceassist.console.health import readiness
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
    """Answer 200 when everything that a request needs answers, else 503 and which part does not."""
    parts = readiness()
    healthy = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if healthy else "unavailable", "parts": parts}
    return JsonResponse(body, status=200 if healthy else 503)
