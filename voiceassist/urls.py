from django.contrib import admin
from django.urls import include, path, re_path

from voiceassist.console import views as console

urlpatterns = [
    path("", console.root, name="root"),
    re_path(r"^health/?$", console.ready, name="health"),
    re_path(r"^health/live/?$", console.live, name="health-live"),
    re_path(r"^health/ready/?$", console.ready, name="health-ready"),
    path("app/", include("voiceassist.accounts.urls")),
    path("app/", include("knowledge.urls")),
    path("app/", include("conversations.urls")),
    path("console/", admin.site.urls),
]
