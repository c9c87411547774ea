import pytest
from prometheus_client import REGISTRY

from conversations.tests.conftest import DOSE
from voiceassist.ai.tests import model_server as told

pytestmark = pytest.mark.django_db(transaction=True)


def answers(outcome):
    return REGISTRY.get_sample_value("voiceassist_answers_total", {"outcome": outcome}) or 0


def timed(metric, **labels):
    return REGISTRY.get_sample_value(f"voiceassist_{metric}_duration_seconds_count", labels) or 0


async def test_an_answer_is_counted_with_the_time_of_each_stage(tab):
    def counted():
        stages = [timed("answer_stage", stage=stage) for stage in ("searching", "first_token", "total")]
        return [answers("complete"), *stages, timed("search", part="embed"), timed("search", part="find")]

    before = counted()

    await tab.ask(DOSE)
    await tab.to_the_end()

    assert counted() == [number + 1 for number in before]


@pytest.mark.parametrize(
    ("question", "behaviour", "outcome"),
    [
        ("Which inhaler treats malaria in Atlantis?", told.streams("Rest [1]."), "abstained"),
        (DOSE, told.answers(401), "failed"),
        (DOSE, told.streams("Metformin is started at 500 mg [1]."), "complete"),
    ],
)
async def test_every_way_to_end_has_its_count(tab, model, question, behaviour, outcome):
    model.will(behaviour)
    before = answers(outcome)

    await tab.ask(question)
    await tab.to_the_end()

    assert answers(outcome) == before + 1


async def test_a_stopped_answer_counts_as_stopped(tab, model):
    model.will(told.streams_then_stalls("Metformin is started "))
    before = answers("stopped")

    accepted = await tab.ask(DOSE)
    await tab.until("message.delta")
    await tab.send("message.stop", message_id=accepted["message_id"])
    await tab.until("message.done")

    assert answers("stopped") == before + 1
