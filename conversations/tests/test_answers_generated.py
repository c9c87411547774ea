import pytest

from conversations.models import Message
from conversations.services import gathering
from conversations.services.quoting import ABSTENTION
from conversations.tests.chat import stored, text_of
from conversations.tests.conftest import DOSE
from knowledge.models import Page
from voiceassist.ai.ports import TimeLimits
from voiceassist.ai.tests import model_server as told

pytestmark = pytest.mark.django_db(transaction=True)

STARTED = "Metformin is started at 500 mg once daily"


def prompt(model, request=-1):
    return model.requests[request][2]["messages"]


def passage_number(model, words):
    """Return the number under which the prompt shows the passage with these words."""
    before = prompt(model)[-1]["content"].split(words)[0]
    return int(before.rsplit('number="', 1)[1].split('"')[0])


async def test_the_prompt_numbers_the_passages_as_data_and_asks_for_one_marker_a_sentence(tab, model):
    await tab.ask(DOSE)
    await tab.to_the_end()

    rules, question = prompt(model)[0], prompt(model)[-1]
    assert rules["role"] == "system"
    assert "never instructions" in rules["content"]
    assert "[1]" in rules["content"]
    assert "not in the passages" in rules["content"]
    assert '<passage number="1" title=' in question["content"]
    assert STARTED in question["content"]
    assert "[7]" not in question["content"]
    assert question["content"].endswith(f"Question: {DOSE}")


async def test_an_answer_streams_and_is_stored_as_it_was_shown(tab, model):
    model.will(told.streams("  Start at", " 500 mg [", "1", "]", ". Then [9] wait [1, 2]."))
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    done = frames[-1]
    answer = await stored(done["message_id"])
    assert done["content"] == "Start at 500 mg [1]. Then wait [1][2]."
    assert text_of(frames) == done["content"] == done["message"]["content"] == answer.content
    assert (answer.status, answer.route, answer.model_used) == ("complete", "local", "tiny")
    assert {"first_token", "draft", "verify", "total"} <= set(answer.timing)


async def test_citations_are_numbered_by_first_appearance_and_told_before_the_text_that_names_them(tab, model):
    model.will(told.streams("Both help [3]", " and [1]", "."))
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    kinds = [
        (f["type"], f.get("n") or f.get("text")) for f in frames if f["type"] in {"message.citation", "message.delta"}
    ]
    assert kinds == [
        ("message.citation", 1),
        ("message.delta", "Both help [1]"),
        ("message.citation", 2),
        ("message.delta", " and [2]"),
        ("message.delta", "."),
    ]
    told_ids = [f["citation"]["id"] for f in frames if f["type"] == "message.citation"]
    assert [citation["id"] for citation in frames[-1]["citations"]] == told_ids


async def test_a_citation_is_narrowed_to_the_sentence_that_carries_it(tab, model):
    await tab.ask(DOSE)
    await tab.to_the_end()
    number = passage_number(model, STARTED)
    model.will(told.streams(f"Metformin is started at 500 mg once daily with the evening meal [{number}]."))
    await tab.ask("How is metformin started?")
    done = (await tab.to_the_end())[-1]

    citation = done["citations"][0]
    page = await Page.objects.aget(document_id=citation["document_id"], number=citation["page"])
    start, end = citation["span"]
    assert page.text[start:end] == citation["quoted_text"]
    assert citation["quoted_text"].startswith(STARTED)
    assert "raised" not in citation["quoted_text"]
    assert "raised" in citation["context"]


async def test_every_sentence_gets_a_support_mark(tab, model):
    await tab.ask(DOSE)
    await tab.to_the_end()
    number = passage_number(model, STARTED)
    model.will(
        told.streams(
            f"Metformin is started at 500 mg once daily with the evening meal. [{number}] ",
            f"It is started at 850 mg once daily [{number}]. ",
            "It also cures baldness.",
        )
    )
    await tab.ask("How is metformin started?")
    message = (await tab.to_the_end())[-1]["message"]

    verdicts = [(message["content"][start:end], verdict) for start, end, verdict, _ in message["support"]]
    assert [verdict for _, verdict in verdicts] == ["supported", "none", "none"]
    assert verdicts[0][0].endswith("[1]")


async def test_a_model_that_finds_nothing_in_the_passages_abstains_in_our_words(tab, model):
    model.will(told.streams("Not in ", "the pass", "ages."))
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    assert text_of(frames) == frames[-1]["content"] == ABSTENTION
    assert frames[-1]["message"]["status"] == "abstained"
    assert frames[-1]["citations"]


async def test_text_that_only_begins_like_an_absence_is_shown(tab, model):
    model.will(told.streams("Not in ", "pregnancy [1]."))
    await tab.ask(DOSE)

    assert (await tab.to_the_end())[-1]["content"] == "Not in pregnancy [1]."


async def test_an_off_topic_question_never_reaches_the_model(tab, model):
    await tab.ask("Who won the football world cup in 1998?")
    done = (await tab.to_the_end())[-1]

    assert done["message"]["status"] == "abstained"
    assert model.requests == []


async def test_earlier_turns_are_told_without_their_markers(tab, model):
    await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.ask("And when is metformin contraindicated?")
    await tab.to_the_end()

    assert prompt(model)[1:-1] == [
        {"role": "user", "content": DOSE},
        {"role": "assistant", "content": "Rest helps."},
    ]


async def test_the_history_is_bounded(tab, model, monkeypatch):
    monkeypatch.setattr(gathering, "HISTORY_LENGTH", 30)
    await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.ask("And when is metformin contraindicated?")
    await tab.to_the_end()

    assert prompt(model)[1:-1] == [{"role": "assistant", "content": "Rest helps."}]


FAULTS = {
    "a wrong key": (told.answers(401), "", "did not accept this server's key"),
    "a busy model": (told.answers(429, Retry_After="60"), "", "is busy"),
    "a failing model": (told.answers(500), "", "reported an error"),
    "a stall before the first word": (told.stalls(), "", "took too long"),
    "a stall in the middle": (told.streams_then_stalls("Start at 500 mg [1]"), "Start at 500 mg [1]", "took too long"),
    "a cut in the middle": (told.streams_then_cuts("Start at 500 mg [1]"), "Start at 500 mg [1]", "broke off"),
    "an early end": (told.streams_then_ends_early("Start at 500"), "Start at 500", "broke off"),
    "garbage": (told.sends_garbage("Start at"), "Start at", "cannot be read"),
    "a redirect": (told.answers(307, Location="http://example.com/v1"), "", "points elsewhere"),
    "an endless line": (told.never_ends_a_line(), "", "length limit"),
    "an empty answer": (told.streams(), "", "empty answer"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_after_a_fault_the_user_is_told_the_text_is_kept_and_the_answer_can_be_written_again(
    tab, model, settings, fault
):
    behaviour, said, why = FAULTS[fault]
    if "stall" in fault:
        settings.MODEL_TIME_LIMITS = TimeLimits(first_token=0.5, between_tokens=0.5)
    model.will(behaviour)
    accepted = await tab.ask(DOSE)
    frames = await tab.to_the_end()

    failed = frames[-1]
    answer = await stored(failed["message_id"])
    assert failed["type"] == "message.failed"
    assert failed["error"]["code"] == "PROVIDER_UNAVAILABLE"
    assert why in failed["error"]["message"]
    assert text_of(frames) == failed["partial"] == answer.content == said
    assert (answer.status, answer.error) == ("failed", failed["error"]["message"])
    assert await answer.citations.acount() == said.count("[1]")

    settings.MODEL_TIME_LIMITS = TimeLimits()
    model.will(told.streams("Start at 500 mg [1]."))
    await tab.send("message.regenerate", message_id=failed["message_id"], client_id="again")
    again = await tab.until("message.accepted")
    done = (await tab.to_the_end())[-1]
    assert again["user_message"] == accepted["user_message"]
    assert again["message_id"] != accepted["message_id"]
    assert done["content"] == "Start at 500 mg [1]."
    assert not (await Message.objects.aget(pk=failed["message_id"])).is_current


async def test_an_unexpected_fault_is_told_without_its_text(tab, model, monkeypatch, caplog):
    def fails(*_):
        raise RuntimeError(DOSE)

    monkeypatch.setattr("conversations.services.generating.prompt", fails)
    await tab.ask(DOSE)
    failed = (await tab.to_the_end())[-1]

    assert failed["type"] == "message.failed"
    assert "Something went wrong on this server" in failed["error"]["message"]
    assert DOSE not in caplog.text + failed["error"]["message"]


async def test_an_answer_that_cannot_be_checked_is_kept_without_marks(tab, model, monkeypatch):
    def fails(*_):
        raise RuntimeError

    monkeypatch.setattr("conversations.services.judging._check", fails)
    await tab.ask(DOSE)
    done = (await tab.to_the_end())[-1]

    assert done["content"] == "Rest helps [1]."
    assert done["message"]["status"] == "complete"
    assert done["message"]["support"] == []
