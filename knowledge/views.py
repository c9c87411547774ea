from __future__ import annotations

import uuid
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from knowledge.access import DocumentNotFound, get_readable_document
from knowledge.contexts.source import source_view
from voiceassist.accounts.models import User


@never_cache
@login_required
@require_safe
def source(request: HttpRequest, document_id: uuid.UUID) -> HttpResponse:
    """Show one page of a source; `from` and `to` are offsets in its text to light up."""
    document = get_readable_document(user=cast("User", request.user), document_id=document_id)
    page = document.pages.filter(number=_number(request, "page", 1)).first()
    if page is None:
        raise DocumentNotFound("This source has no such page.")
    quote = (_number(request, "from", 0), _number(request, "to", 0))
    view = source_view(document=document, page=page, count=document.pages.count(), quote=quote)
    return render(request, "knowledge/source.html", {"source": view})


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else default
