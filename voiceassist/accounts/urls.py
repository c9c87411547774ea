from django.contrib.auth.views import LogoutView
from django.urls import path

from voiceassist.accounts.views import SignInView

urlpatterns = [
    path("login/", SignInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("unlock/", SignInView.as_view(), name="unlock"),
    path("register/", SignInView.as_view(), name="register"),
    path("verify/", SignInView.as_view(), name="verify-email"),
    path("password/reset/confirm/", SignInView.as_view(), name="password-reset-confirm"),
]
