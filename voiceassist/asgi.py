"""ASGI entry point: HTTP by Django, WebSockets by Channels (cookie sign-in, Origin checked)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceassist.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (models load only after Django is set up)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from conversations.routing import websocket_urlpatterns  # noqa: E402
from voiceassist.accounts.routing import websocket_urlpatterns as own_websocket_urlpatterns  # noqa: E402
from voiceassist.accounts.uploads import looks_signed_in  # noqa: E402
from voiceassist.core.body_limit import BodyLimit, Uploads, bound_requests_of_daphne  # noqa: E402
from voiceassist.core.forwarding import TrustedForwarding  # noqa: E402
from voiceassist.core.same_origin import SameOriginMiddleware  # noqa: E402
from voiceassist.core.socket_log import logged  # noqa: E402

UPLOADS = Uploads(frozenset({"/console/knowledge/document/add/", "/api/v1/admin/kb/documents"}), looks_signed_in)

sockets = logged([*own_websocket_urlpatterns, *websocket_urlpatterns])  # the last takes every other address

bound_requests_of_daphne(UPLOADS)
by_protocol = ProtocolTypeRouter(
    {
        "http": BodyLimit(django_application, uploads=UPLOADS),
        "websocket": SameOriginMiddleware(AuthMiddlewareStack(URLRouter(sockets))),
    }
)
application = TrustedForwarding(by_protocol)
