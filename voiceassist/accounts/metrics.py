"""What is counted of signing in."""

from prometheus_client import Counter

SIGN_INS = Counter("voiceassist_sign_ins_total", "Attempts to sign in, by outcome.", ["outcome"])
