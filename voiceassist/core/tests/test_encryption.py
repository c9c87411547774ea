import base64
import pickle
import secrets
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.core.encryption import EncryptionError, Key, KeyRing, key_id_of, key_ring

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
SECRET = "MRN 12345, Ms. Ángel"
PLACE = "core.patient.name"


def ring(*texts):
    return KeyRing.from_texts(texts)


def chain(error):
    """Return an exception with all that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def all_that_is_known_of(error):
    seen = [repr(vars(e)) + repr(e) + repr(e.args) + repr(getattr(e, "object", "")) for e in chain(error)]
    return "".join(seen) + "".join(traceback.format_exception(error))


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back(text):
    keys = ring(NEW)
    assert keys.decrypt(keys.encrypt(text, place=PLACE), place=PLACE) == text


def test_the_same_text_is_never_encrypted_the_same():
    assert ring(NEW).encrypt(SECRET, place=PLACE) != ring(NEW).encrypt(SECRET, place=PLACE)


def test_the_stored_form_shows_nothing():
    stored = ring(NEW).encrypt(SECRET, place=PLACE)
    assert "12345" not in stored
    assert b"12345" not in base64.urlsafe_b64decode(stored.split(":")[2])


def test_any_altered_byte_is_noticed():
    keys = ring(NEW)
    head, key_id, body = keys.encrypt("x", place=PLACE).split(":")
    sealed = base64.urlsafe_b64decode(body)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(EncryptionError, match="altered"):
            keys.decrypt(f"{head}:{key_id}:{base64.urlsafe_b64encode(altered).decode()}", place=PLACE)


@pytest.mark.parametrize("cut", [1, 4, 16, 30])
def test_a_cut_value_is_noticed(cut):
    keys = ring(NEW)
    with pytest.raises(EncryptionError):
        keys.decrypt(keys.encrypt("some text", place=PLACE).rstrip("=")[:-cut], place=PLACE)


@pytest.mark.parametrize(
    "stored", ["plain text", "1:", "1:00000000:", "2:00000000:AAAA", "1:00000000:!!!", "1:é:x", ":"]
)
def test_what_was_never_encrypted_is_refused_without_being_shown(stored):
    with pytest.raises(EncryptionError) as caught:
        ring(NEW).decrypt(stored, place=PLACE)
    assert stored not in str(caught.value).replace(PLACE, "").replace(": ", "") or stored == ":"


def test_characters_that_base64_readers_skip_are_refused():
    keys = ring(NEW)
    stored = keys.encrypt("x", place=PLACE)
    with pytest.raises(EncryptionError):
        keys.decrypt(stored[:20] + "\n" + stored[20:], place=PLACE)


def test_a_value_moved_to_another_column_does_not_decrypt():
    keys = ring(NEW)
    with pytest.raises(EncryptionError, match="moved"):
        keys.decrypt(keys.encrypt("x", place=PLACE), place="core.patient.phone")


def test_another_key_that_claims_the_same_id_does_not_decrypt():
    mine, other = Key.from_text(OLD), Key.from_text(NEW)
    forged = KeyRing((Key(mine.id, other.encryption, other.index),))
    with pytest.raises(EncryptionError, match="altered"):
        forged.decrypt(KeyRing((mine,)).encrypt("x", place=PLACE), place=PLACE)


def test_a_missing_key_is_named():
    stored = ring(OLD).encrypt("x", place=PLACE)
    with pytest.raises(EncryptionError, match=f"{key_id_of(stored)} of a value of {PLACE}"):
        ring(NEW).decrypt(stored, place=PLACE)


def test_older_keys_still_decrypt_and_the_newest_encrypts():
    stored = ring(OLD).encrypt("x", place=PLACE)
    both = ring(NEW, OLD)
    assert both.decrypt(stored, place=PLACE) == "x"
    assert not both.is_current(stored)
    assert both.is_current(both.encrypt("x", place=PLACE))


def test_half_of_a_surrogate_pair_is_refused_and_not_shown():
    with pytest.raises(EncryptionError) as caught:
        ring(NEW).encrypt(f"{SECRET}\ud800", place=PLACE)
    assert "12345" not in all_that_is_known_of(caught.value)


def test_no_error_of_decryption_carries_what_led_to_it():
    keys = ring(NEW)
    stored = keys.encrypt(SECRET, place=PLACE)
    with pytest.raises(EncryptionError) as caught:
        keys.decrypt(stored, place="elsewhere")
    assert list(chain(caught.value)) == [caught.value]


def test_no_repr_shows_a_key():
    keys = ring(NEW, OLD)
    material = [keys.newest.encryption, keys.newest.index, keys.keys[1].encryption]
    for shown in (repr(keys), str(keys), f"{keys.newest!r}", repr([keys])):
        assert all(repr(part)[2:-1] not in shown and part.hex() not in shown for part in material)
        assert keys.newest.id in shown


def test_encryption_and_index_keys_differ():
    key = Key.from_text(NEW)
    assert len({key.encryption, key.index, base64.urlsafe_b64decode(NEW)[:32]}) == 3
    assert key.id not in key.encryption.hex()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no URL-safe base64"),
        ("short", "no URL-safe base64"),
        ("c2hvcnQ", "holds 5 bytes"),
        (secrets.token_urlsafe(31), "holds 31 bytes"),
        (secrets.token_urlsafe(48)[:-1] + "+", "no URL-safe base64"),
        ("a b" + secrets.token_urlsafe(48), "no URL-safe base64"),
        ("é" * 60, "no URL-safe base64"),
        (NEW[:-3], "no URL-safe base64"),
    ],
)
def test_a_malformed_key_is_refused_without_being_shown(text, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        Key.from_text(text)
    assert not text or text not in all_that_is_known_of(caught.value)


def test_padding_makes_no_difference():
    bare = secrets.token_urlsafe(32)
    assert Key.from_text(bare) == Key.from_text(bare + "=")


def test_a_key_given_twice_and_an_empty_ring_are_refused():
    with pytest.raises(ValueError, match="twice"):
        ring(NEW, NEW)
    with pytest.raises(ValueError, match="no key"):
        ring()


def test_a_blind_index_depends_on_value_place_and_key():
    both = ring(NEW, OLD)
    indexes = {
        both.index("a", place=PLACE),
        both.index("b", place=PLACE),
        both.index("a", place="elsewhere"),
        ring(OLD).index("a", place=PLACE),
    }
    assert len(indexes) == 4
    assert both.indexes("a", place=PLACE) == [both.index("a", place=PLACE), ring(OLD).index("a", place=PLACE)]


def test_place_and_value_cannot_be_shifted_into_each_other():
    assert ring(NEW).index("bc", place="a") != ring(NEW).index("c", place="ab")


def test_the_ring_follows_the_settings(settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert [key.id for key in key_ring().keys] == [Key.from_text(NEW).id, Key.from_text(OLD).id]


def test_errors_survive_being_sent_to_another_process():
    error = EncryptionError("gone")
    assert str(pickle.loads(pickle.dumps(error))) == "gone"  # noqa: S301
