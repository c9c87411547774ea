"""People, what they may do, and how they signed in."""

from voiceassist.accounts.models.feature_flag import FeatureFlag
from voiceassist.accounts.models.invitation import Invitation
from voiceassist.accounts.models.sign_in import EndReason, SignIn, SignInKind
from voiceassist.accounts.models.sign_in_failure import SignInFailure
from voiceassist.accounts.models.user import Role, User, normalize_email
from voiceassist.accounts.models.user_settings import CitationStyle, Theme, UserSettings

__all__ = [
    "CitationStyle",
    "EndReason",
    "FeatureFlag",
    "Invitation",
    "Role",
    "SignIn",
    "SignInFailure",
    "SignInKind",
    "Theme",
    "User",
    "UserSettings",
    "normalize_email",
]
