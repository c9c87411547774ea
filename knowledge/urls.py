from django.urls import path

from knowledge import views

urlpatterns = [path("sources/<uuid:document_id>/", views.source, name="source")]
