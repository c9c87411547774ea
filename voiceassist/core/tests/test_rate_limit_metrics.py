import pytest
from prometheus_client import REGISTRY

from voiceassist.core import rate_limits


def refused(scope):
    return REGISTRY.get_sample_value("voiceassist_rate_limited_total", {"scope": scope}) or 0


@pytest.fixture
def two_an_hour(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"register": "2/h"}


def test_only_what_is_over_a_limit_counts_as_refused(two_an_hour):
    before = refused("register")

    within = [rate_limits.count("register", "somebody of this test").is_within for _ in range(5)]

    assert within == [True, True, False, False, False]
    assert refused("register") == before + 3
