"""The secrets of second factors stand inside the JSON of allauth's rows; key rotation renews them there."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from voiceassist.accounts.second_factor_adapter import PLACE
from voiceassist.core.encryption import KeyRing
from voiceassist.core.rotation import Renewal, Row, Store, register

SECRETS = ("secret", "seed")  # of an authenticator app, of recovery codes


def renewed(row: Row, ring: KeyRing) -> Renewal:
    """Renew the secrets of one authenticator."""
    renewal, data = Renewal(), dict(row["data"])
    for name in SECRETS:
        if name in data:
            data[name] = renewal.renew_text(data[name], ring=ring, place=PLACE, name=name)
    if data != row["data"]:
        renewal.changes["data"] = data
    return renewal


register(Store(Authenticator, ("data",), renewed))
