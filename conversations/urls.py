from django.urls import path

from conversations import views

urlpatterns = [
    path("", views.home, name="home"),
    path("conversations/", views.create, name="conversation-create"),
    path("conversations/list/", views.conversation_list, name="conversation-list"),
    path("conversations/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("messages/<uuid:message_id>/", views.message, name="message"),
    path("citations/<uuid:citation_id>/", views.citation, name="citation"),
]
