"""What the API takes and gives about accounts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from voiceassist.accounts.client import agent_name
from voiceassist.accounts.models import Invitation, Role, SignIn, User
from voiceassist.accounts.passwords import LONGEST
from voiceassist.core.api.serializers import Strict

TOKEN_LENGTH = 2_000  # characters; ours are shorter


def _email() -> serializers.EmailField:
    return serializers.EmailField(max_length=254)


def _password() -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST, trim_whitespace=False, style={"input_type": "password"})


class LoginSerializer(Strict):
    email = _email()
    password = _password()


class LoginRequestSerializer(LoginSerializer):
    device_token = serializers.CharField(
        max_length=TOKEN_LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="As an earlier log-in gave it: guesses that others make do not lock this program out.",
    )


class SecondFactorSerializer(Strict):
    mfa_token = serializers.CharField(max_length=TOKEN_LENGTH)
    code = serializers.CharField(max_length=20, help_text="Of the authenticator app, or a recovery code.")


class RefreshSerializer(Strict):
    refresh = serializers.CharField(max_length=TOKEN_LENGTH)


class RegisterSerializer(Strict):
    email = _email()
    password = _password()
    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    invitation = serializers.CharField(max_length=TOKEN_LENGTH, required=False, default="", allow_blank=True)


class VerifySerializer(Strict):
    token = serializers.CharField(max_length=TOKEN_LENGTH)
    password = _password()


class PasswordChangeSerializer(Strict):
    current_password = _password()
    new_password = _password()


class ResetRequestSerializer(Strict):
    email = _email()


class ResetSerializer(Strict):
    token = serializers.CharField(max_length=TOKEN_LENGTH)
    password = _password()


class StrengthRequestSerializer(Strict):
    password = serializers.CharField(max_length=1_000, trim_whitespace=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, default="", allow_blank=True)
    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)


class InviteSerializer(Strict):
    email = _email()
    name = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices, required=False, default="", allow_blank=True)


class UserSerializer(serializers.ModelSerializer[User]):
    """The signed-in user, as they may see themselves."""

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "professional_role", "department", "created_at"]
        read_only_fields = fields


class TokensSerializer(serializers.Serializer[Any]):
    """A pair of tokens; `expires_in` is the access token's life in seconds."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField()
    session_id = serializers.UUIDField()


class LoginAnswerSerializer(TokensSerializer):
    """Tokens, who they are for, and what to send as `device_token` at the next log-in."""

    user = UserSerializer()
    device_token = serializers.CharField()


class RegisteredSerializer(serializers.Serializer[Any]):
    """`registered`: sign in. `verification_sent`: open the link in the message first."""

    status = serializers.ChoiceField(choices=["registered", "verification_sent"])


class StrengthSerializer(serializers.Serializer[Any]):
    score = serializers.IntegerField(min_value=0, max_value=100)
    label = serializers.CharField()  # type: ignore[assignment]  # hides DRF's `label` of a field, as is usual
    is_enough = serializers.BooleanField()
    problems = serializers.ListField(child=serializers.CharField())


class SignInSerializer(serializers.ModelSerializer[SignIn]):
    """One place where the user is signed in: a browser, or a program with tokens."""

    name = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = SignIn
        fields = [
            "id",
            "kind",
            "name",
            "address",
            "second_factor",
            "created_at",
            "last_seen_at",
            "expires_at",
            "is_current",
        ]

    def get_name(self, sign_in: SignIn) -> str:
        """Name browser and system."""
        return agent_name(sign_in.agent)

    def get_is_current(self, sign_in: SignIn) -> bool:
        """Tell whether this request came by it."""
        return bool(sign_in.pk == self.context.get("current"))


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields = ["id", "email", "name", "role", "created_at", "expires_at"]


class InvitationWithLinkSerializer(InvitationSerializer):
    """`link` is shown to the administrator once, in case the message does not arrive."""

    link = serializers.SerializerMethodField()

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]

    def get_link(self, _invitation: Invitation) -> str:
        """Return the address that the invited person opens."""
        return str(self.context["link"])
