from django.urls import path

from voiceassist.accounts.api import views

urlpatterns = [path("auth/me", views.MeView.as_view(), name="api-me")]
