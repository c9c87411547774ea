"""Every route of the API, by area. `core.api.aliases` leads earlier clients' addresses here."""

from django.urls import URLPattern, URLResolver, include, path

from voiceassist.core.api.views import DocsView, schema

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema", schema, name="api-schema"),
    path("docs", DocsView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("voiceassist.core.api.urls")),
    path("", include("voiceassist.accounts.api.urls")),
    path("", include("knowledge.api.urls")),
    path("", include("conversations.api.urls")),
    path("", include("voiceassist.console.api.urls")),
]
