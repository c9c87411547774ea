from django.urls import include, path

from tests.oidc_provider import views

urlpatterns = [
    path("sign-in/", views.sign_in),
    path("control/", views.control),
    path("o/", include("oauth2_provider.urls")),
]
