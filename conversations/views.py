"""The chat pages. A user without a role is told so; another user's things do not exist."""

from __future__ import annotations

import re
import uuid
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from conversations import access
from conversations.contexts.evidence import evidence_view
from conversations.contexts.page import Library, chat_page
from conversations.contexts.rail import PAGE_SIZE, Rail, rail
from conversations.contexts.thread import message_view
from conversations.models import Conversation
from conversations.queries import cited_page, conversations_of, current_thread
from conversations.services.conversations import create_conversation
from knowledge.queries import library_documents
from voiceassist.accounts.models import User
from voiceassist.core.middleware import wants_json

_OFFSET = re.compile(r"[0-9]{1,6}")


@never_cache
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Open the conversation used last, or a new one when there is none or `?new` asks for it."""
    user = _chatting_user(request)
    newest = None if "new" in request.GET else conversations_of(user).first()
    if newest is not None:
        return redirect("conversation", newest.pk)
    return _chat(request, user, None)


@never_cache
@login_required
@require_safe
def conversation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Show one conversation."""
    user = _chatting_user(request)
    return _chat(request, user, access.get_readable_conversation(user=user, conversation_id=conversation_id))


@login_required
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Begin a conversation; a script gets its id and address."""
    made = create_conversation(by=_chatting_user(request))
    url = reverse("conversation", args=[made.pk])
    if wants_json(request):
        return JsonResponse({"id": str(made.pk), "url": url}, status=201)
    return redirect(url)


@never_cache
@login_required
@require_safe
def conversation_list(request: HttpRequest) -> HttpResponse:
    """Show a page of the list of conversations."""
    opened = _uuid(request.GET.get("open", ""))
    listed = _rail(_chatting_user(request), _offset(request.GET.get("offset", "")), opened)
    return render(request, "conversations/_conversation_list.html", {"rail": listed})


@never_cache
@login_required
@require_safe
def message(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Show one message exactly as a reload of its conversation does."""
    found = access.get_readable_message(user=_chatting_user(request), message_id=message_id)
    asked = found.parent.content if found.parent else ""
    return render(request, "conversations/_message.html", {"message": message_view(found, question=asked)})


@never_cache
@vary_on_headers("HX-Request")
@login_required
@require_safe
def citation(request: HttpRequest, citation_id: uuid.UUID) -> HttpResponse:
    """Show a citation in its page: the panel's content for htmx, else a page of its own."""
    found = access.get_readable_citation(user=_chatting_user(request), citation_id=citation_id)
    siblings = list(found.message.citations.all())
    evidence = evidence_view(citation=found, page=cited_page(found), siblings=siblings)
    template = "_evidence.html" if "HX-Request" in request.headers else "evidence.html"
    return render(request, f"conversations/{template}", {"evidence": evidence})


def _chatting_user(request: HttpRequest) -> User:
    user = cast("User", request.user)
    access.check_can_chat(user)
    return user


def _chat(request: HttpRequest, user: User, opened: Conversation | None) -> HttpResponse:
    page = chat_page(
        user=user,
        rail=_rail(user, 0, opened.pk if opened else None),
        library=_library(),
        conversation=opened,
        messages=current_thread(opened) if opened else [],
    )
    return render(request, "conversations/chat.html", {"page": page})


def _rail(user: User, offset: int, opened: uuid.UUID | None) -> Rail:
    rows = list(conversations_of(user)[offset : offset + PAGE_SIZE + 1])
    return rail(rows=rows, offset=offset, opened=opened)


def _library() -> Library:
    documents = library_documents()
    return Library(documents.count(), documents.filter(is_demonstration=True).count())


def _offset(text: str) -> int:
    return int(text) if _OFFSET.fullmatch(text) else 0


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
