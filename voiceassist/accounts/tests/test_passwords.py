"""How strong a password is, and why it is not stronger."""

import pytest

from voiceassist.accounts.passwords import LONGEST, strength_of
from voiceassist.accounts.tests.api import Program

ABOUT = ("Ana Author", "ana.author@clinic.test")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "at least 12"),
        ("", "at least 12"),
        ("x1!" * 60, "at most 128"),
        ("password1234", "guessed first"),
        ("P@ssw0rd!!!!", "guessed first"),
        ("123456789012", "more different"),
        ("aaaaaaaaaaaaaaaa", "more different"),
        ("abcdefghijklmnop", "more different"),
        ("qwertyuiop123456", "guessed first"),
        ("abcabcabcabcabc", "more different"),
        ("ana.author@clinic.test", "Leave out"),
        ("AnaAuthor2026", "Leave out"),
    ],
)
def test_what_is_wrong_with_a_weak_password_is_said(password, problem):
    strength = strength_of(password, about=ABOUT)

    assert problem in " ".join(strength.problems)
    assert not strength.is_enough
    assert strength.score < 50


@pytest.mark.parametrize(
    "password", ["seven green bicycles", "correct horse battery", "kJ8#mQz!4pLw", "Zwölf Boxkämpfer 7"]
)
def test_long_and_varied_passwords_are_taken(password):
    strength = strength_of(password, about=ABOUT)

    assert (strength.is_enough, strength.problems) == (True, ())
    assert strength.score >= 50


def test_more_is_never_weaker():
    scores = [strength_of("seven green bicycles"[:length]).score for length in range(21)]

    assert scores == sorted(scores)
    assert scores[0] == 0


@pytest.mark.parametrize("password", ["a" + "2" * 200_000 + "a", "aB3$xQ" * 50_000])
def test_a_password_without_end_is_refused_without_being_looked_at(password):
    assert strength_of(password, about=ABOUT).problems == (f"Use at most {LONGEST} characters.",)


def test_the_strength_is_told_to_anybody_who_asks(db):
    answer = Program().post("auth/password/strength", {"password": "anaauthor2026", "name": ABOUT[0]}).json()["data"]

    assert set(answer) == {"score", "label", "is_enough", "problems"}
    assert answer["problems"] == ["Leave out your name and address."]
