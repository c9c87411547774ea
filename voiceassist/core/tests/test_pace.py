from voiceassist.core.pace import PER_SECOND, Pace


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def told(stages, *, every):
    """Return how many of the reports are let through, with so many seconds between them."""
    clock, count = Clock(), 0
    pace = Pace(clock)
    for stage in stages:
        count += pace.allows(stage)
        clock.now += every
    return count


def test_a_hundred_thousand_steps_are_told_at_most_four_times_a_second():
    assert told(["embedding"] * 100_000, every=0.0001) == 10 * PER_SECOND


def test_slow_steps_are_all_told():
    assert told(["embedding"] * 20, every=0.3) == 20


def test_a_new_stage_need_not_wait_its_turn():
    assert told(["extracting", "embedding", "storing"], every=0.001) == 3


def test_as_many_stages_as_steps_do_not_get_around_it():
    assert told([f"file {number}" for number in range(1000)], every=0.001) == PER_SECOND


def test_a_stage_that_had_to_wait_is_told_with_its_next_step():
    clock = Clock()
    pace = Pace(clock)
    for number in range(PER_SECOND):
        assert pace.allows(f"stage {number}")
    assert not pace.allows("last")
    clock.now += 1.01
    assert pace.allows("last")
