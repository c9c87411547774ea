from django.urls import path

from voiceassist.core import views

urlpatterns = [path("notifications/", views.notifications, name="notifications")]
