from django.urls import path

from voiceassist.accounts.api import entering, invitations, own, profile

urlpatterns = [
    path("auth/register", entering.RegisterView.as_view(), name="api-register"),
    path("auth/verify-email", entering.VerifyView.as_view(), name="api-verify-email"),
    path("auth/verify-email/resend", entering.ResendView.as_view(), name="api-verify-email-resend"),
    path("auth/login", entering.LoginView.as_view(), name="api-login"),
    path("auth/mfa", entering.SecondFactorView.as_view(), name="api-mfa"),
    path("auth/refresh", entering.RefreshView.as_view(), name="api-refresh"),
    path("auth/password/reset", entering.ResetRequestView.as_view(), name="api-password-reset"),
    path("auth/password/reset/confirm", entering.ResetView.as_view(), name="api-password-reset-confirm"),
    path("auth/password/strength", entering.StrengthView.as_view(), name="api-password-strength"),
    path("auth/password/change", own.PasswordChangeView.as_view(), name="api-password-change"),
    path("auth/me", own.MeView.as_view(), name="api-me"),
    path("auth/logout", own.LogoutView.as_view(), name="api-logout"),
    path("auth/logout-all", own.LogoutAllView.as_view(), name="api-logout-all"),
    path("auth/sessions", own.SignInsView.as_view(), name="api-sessions"),
    path("auth/sessions/<uuid:sign_in_id>", own.SignInView.as_view(), name="api-session"),
    path("auth/invitations", invitations.InvitationsView.as_view(), name="api-invitations"),
    path("auth/invitations/<uuid:invitation_id>", invitations.InvitationView.as_view(), name="api-invitation"),
    path("users/me", profile.ProfileView.as_view(), name="api-profile"),
    path("users/me/settings", profile.PreferencesView.as_view(), name="api-preferences"),
    path("users/professionals", profile.ProfessionalsView.as_view(), name="api-professionals"),
    path("users/professionals/<uuid:user_id>", profile.ProfessionalView.as_view(), name="api-professional"),
]
