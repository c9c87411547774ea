"""The secrets of second factors at rest, and when the keys change."""

import io
import secrets

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.management import CommandError, call_command

from voiceassist.core.encryption import EncryptionError, Key

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


@pytest.fixture(autouse=True)
def old_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


def test_second_factors_are_kept_encrypted_and_renewed(author, settings):
    adapter = get_adapter()
    app = Authenticator.objects.create(
        user=author, type="totp", data={"secret": adapter.encrypt("JBSWY3DP"), "last": 7}
    )
    codes = RecoveryCodes.activate(author)
    expected = codes.get_unused_codes()
    assert "JBSWY3DP" not in str(Authenticator.objects.values_list("data", flat=True))

    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out = io.StringIO()
    call_command("rotate_keys", stdout=out, stderr=io.StringIO())
    assert f"Key {Key.from_text(NEW).id} (the newest): 2 values." in out.getvalue()

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    app.refresh_from_db()
    assert adapter.decrypt(app.data["secret"]) == "JBSWY3DP"
    assert app.data["last"] == 7
    assert RecoveryCodes(Authenticator.objects.get(pk=codes.instance.pk)).get_unused_codes() == expected


def test_a_second_factor_whose_key_is_gone_is_named(author, settings):
    app = Authenticator.objects.create(user=author, type="totp", data={"secret": get_adapter().encrypt("JBSWY3DP")})
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    err = io.StringIO()
    with pytest.raises(CommandError):
        call_command("rotate_keys", stdout=io.StringIO(), stderr=err)

    assert f"Unreadable: mfa.Authenticator {app.pk} secret" in err.getvalue()
    with pytest.raises(EncryptionError):
        get_adapter().decrypt(app.data["secret"])
