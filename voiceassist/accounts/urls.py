from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView

from voiceassist.accounts.views import (
    entering,
    locking,
    oidc,
    preferences,
    profile,
    registering,
    resetting,
    second_factor,
    security,
)

urlpatterns = [
    path("login/", entering.SignInView.as_view(), name="login"),
    path("login/second-factor/", entering.SecondFactorView.as_view(), name="second-factor"),
    path("oidc/login/", oidc.OidcLoginView.as_view(), name="oidc-login"),
    path("oidc/callback/", oidc.OidcCallbackView.as_view(), name="oidc-callback"),
    path("logout/", locking.SignOutView.as_view(), name="logout"),
    path("unlock/", locking.UnlockView.as_view(), name="unlock"),
    path("lock/", locking.lock, name="lock"),
    path("seen/", locking.seen, name="seen"),
    path("register/", registering.RegisterView.as_view(), name="register"),
    path("register/sent/", registering.RegisterSentView.as_view(), name="register-sent"),
    path("verify/", registering.VerifyView.as_view(), name="verify-email"),
    path("password/reset/", resetting.ResetRequestView.as_view(), name="password-reset"),
    path("password/reset/sent/", resetting.reset_sent, name="password-reset-sent"),
    path("password/reset/confirm/", resetting.ResetView.as_view(), name="password-reset-confirm"),
    path("password/reset/done/", resetting.reset_done, name="password-reset-done"),
    path("settings/", login_required(RedirectView.as_view(pattern_name="profile")), name="settings"),
    path("settings/profile/", profile.ProfileView.as_view(), name="profile"),
    path("settings/preferences/", preferences.PreferencesView.as_view(), name="preferences"),
    path("settings/security/", security.security, name="security"),
    path("settings/security/password/", security.PasswordView.as_view(), name="password-change"),
    path("settings/security/second-factor/", second_factor.SetupView.as_view(), name="second-factor-setup"),
    path("settings/security/second-factor/remove/", second_factor.RemoveView.as_view(), name="second-factor-remove"),
    path("settings/security/recovery-codes/", second_factor.RecoveryCodesView.as_view(), name="recovery-codes"),
    path("settings/security/recovery-codes/save/", second_factor.save_codes, name="recovery-codes-save"),
    path("settings/security/sign-ins/<uuid:sign_in_id>/end/", security.end_sign_in, name="sign-in-end"),
    path("settings/security/sign-ins/end-others/", security.end_other_sign_ins, name="sign-ins-end-others"),
    path("settings/security/sign-out-everywhere/", security.sign_out_everywhere, name="sign-out-everywhere"),
]
