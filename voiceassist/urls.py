from django.contrib import admin
from django.urls import include, path

from voiceassist.console import views as console

handler404 = "voiceassist.core.middleware.not_found"
handler500 = "voiceassist.core.middleware.server_error"
urlpatterns = [
    path("", console.root, name="root"),
    path("api/v1/", include("voiceassist.api")),
    path("app/", include("voiceassist.core.urls")),
    path("app/", include("voiceassist.accounts.urls")),
    path("app/", include("knowledge.urls")),
    path("app/", include("conversations.urls")),
    path("console/", admin.site.urls),
]
