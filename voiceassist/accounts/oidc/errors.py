"""What can go wrong on the way in through the provider. `advice` says what to do; neither holds what was sent to us."""

from __future__ import annotations

from voiceassist.core.errors import DomainError, ErrorCode

BEGIN_AGAIN = "Go back to the sign-in page and begin again."
ASK = "Ask an administrator of this server."


class SingleSignOnError(DomainError):
    """A sign-in that came to nothing. Nobody is signed in and nothing was stored."""

    advice = BEGIN_AGAIN


class NotBegunHere(SingleSignOnError):
    """State is missing, unknown, used or older than ten minutes: perhaps somebody else's sign-in (login CSRF)."""

    user_message = "This sign-in was not begun in this browser, or it was begun more than ten minutes ago."


class Declined(SingleSignOnError):
    user_message = "The sign-in service did not let you in, or you cancelled there."


class CodeNotAccepted(SingleSignOnError):
    user_message = (
        "The sign-in service does not accept this sign-in any more: it was used already, or it took too long."
    )


class ProviderError(SingleSignOnError):
    """A fault that is not the user's."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    http_status = 502


class ProviderFailed(ProviderError):
    user_message = "The sign-in service reported a fault of its own."
    advice = "Wait a minute and begin again. If it stays so, ask whoever runs the sign-in service."


class Unreachable(ProviderError):
    user_message = "The sign-in service cannot be reached at the moment, or it takes too long to answer."
    advice = "Wait a minute and begin again. If it stays so, ask whoever runs the sign-in service."


class CertificateNotTrusted(ProviderError):
    user_message = "This server does not trust the certificate of the sign-in service, and did not go on."
    advice = f"{ASK} The certificate may have expired, or its issuer is not known here."


class ClientNotAccepted(ProviderError):
    user_message = (
        "The sign-in service does not accept this server: its client id, secret or address is not registered."
    )
    advice = f"{ASK} They can compare the settings with what is registered at the sign-in service."


class AnswerNotUnderstood(ProviderError):
    user_message = "The sign-in service gave an answer that is not OpenID Connect, and it was not used."
    advice = f"{ASK} The address of the sign-in service may be set wrongly."


class TokenNotTrusted(ProviderError):
    user_message = "What the sign-in service says about you could not be proved to come from it, and was not used."
    advice = f"Begin again. If it stays so: {ASK[0].lower()}{ASK[1:]}"


class NoAuthTime(ProviderError):
    user_message = "The sign-in service does not tell when you signed in there, so it opens nothing here."
    advice = f"{ASK} The sign-in service must pass on the claim auth_time."


class NotLately(SingleSignOnError):
    """`not_before` is the time that was asked for, in seconds since 1970."""

    code = ErrorCode.UNAUTHORIZED
    http_status = 401
    user_message = "You signed in at the sign-in service too long ago, or before this browser was locked."
    advice = "Begin again, and sign in there once more."

    def __init__(self, not_before: float) -> None:
        self.not_before = not_before
        super().__init__()


class Refused(SingleSignOnError):
    """The provider knows the person; this server does not let them in."""

    code = ErrorCode.FORBIDDEN
    http_status = 403
    advice = ASK


class NoAddress(Refused):
    user_message = "The sign-in service did not name your e-mail address, by which accounts are found here."
    advice = f"{ASK} The sign-in service must pass on the claims email and email_verified."


class AddressNotVerified(Refused):
    user_message = (
        "The sign-in service has not verified that your e-mail address is yours, so it opens no account here."
    )
    advice = "Have the address confirmed at the sign-in service, then begin again."


class NobodyInvited(Refused):
    user_message = "There is no account for you here yet."
    advice = "Ask an administrator to invite your e-mail address, then begin again."


class SwitchedOff(Refused):
    user_message = "This account is switched off."
    advice = "An administrator can switch it on."


class AnotherIdentity(Refused):
    user_message = "The account with your e-mail address belongs to another identity at the sign-in service."
    advice = "An administrator can detach that identity if it was yours too; then begin again."


class NotByThisWay(Refused):
    user_message = "The demonstration account cannot be used through the sign-in service."
    advice = "Use another account."
