from __future__ import annotations

import uuid
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from voiceassist.core.contexts import bell
from voiceassist.core.queries import jobs_to_watch, notifications_of, unread_count

SHOWN = 20  # of each


@never_cache
@login_required
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """Show what is under the bell: work under way, and what was told lately."""
    user_id = cast("uuid.UUID", request.user.pk)
    under_bell = bell(
        jobs=jobs_to_watch(user_id, now=timezone.now())[:SHOWN],
        notifications=notifications_of(user_id).select_related("job")[:SHOWN],
        unread=unread_count(user_id),
    )
    return render(request, "core/_notifications.html", {"bell": under_bell})
