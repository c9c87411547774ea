import pytest

from conversations.models import MessageStatus
from conversations.services.quoting import ABSTENTION
from conversations.tests.chat import Tab, stored, text_of
from conversations.tests.conftest import DOSE
from knowledge.models import Page

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_question_is_answered_with_quotations(tab):
    accepted = await tab.ask(DOSE)
    frames = await tab.to_the_end()

    done = frames[-1]
    assert done["type"] == "message.done"
    assert "Metformin is started at 500 mg once daily with the evening meal." in done["content"]
    assert done["message"]["status"] == "complete"
    assert done["message"]["model_used"] == ""
    assert done["message"]["route"] == "extractive"
    assert {frame["message_id"] for frame in frames} == {accepted["message_id"]}


async def test_what_was_streamed_is_what_is_done_and_what_is_stored(tab):
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    answer = await stored(frames[-1]["message_id"])
    assert text_of(frames) == frames[-1]["content"] == frames[-1]["message"]["content"] == answer.content
    streamed = [frame["citation"] for frame in frames if frame["type"] == "message.citation"]
    assert streamed == frames[-1]["citations"] == frames[-1]["message"]["citations"]


async def test_every_frame_carries_a_request_id_and_every_event_a_number(tab):
    await tab.send("message.send", client_id="c1", content=DOSE, request_id="mine-1")
    accepted = await tab.until("message.accepted")
    frames = await tab.to_the_end()

    assert {frame["request_id"] for frame in [accepted, *frames]} == {"mine-1"}
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))


async def test_the_stages_are_told_in_order(tab):
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    stages = [frame["stage"] for frame in frames if frame["type"] == "message.stage"]
    assert stages[0] == "searching"
    assert stages[1].startswith("reading ")
    assert stages[2:] == ["writing"]


async def test_a_citation_points_at_exactly_the_quoted_words_of_its_page(tab):
    await tab.ask(DOSE)
    frames = await tab.to_the_end()

    answer = await stored(frames[-1]["message_id"])
    citations = [citation async for citation in answer.citations.all()]
    assert citations
    for citation in citations:
        page = await Page.objects.aget(document_id=citation.document_id, number=citation.page_number)
        assert page.text[citation.start : citation.end] == citation.quoted_text
        assert citation.quoted_text in citation.context
        assert f"[{citation.number}]" in answer.content
    first = citations[0]
    assert first.title == "Metformin"
    assert first.bibliography["year"] == 2024
    assert first.passage_id == first.passage_key


async def test_a_reference_inside_the_source_does_not_read_as_a_citation(tab):
    await tab.ask(DOSE)
    done = (await tab.to_the_end())[-1]

    assert any("evening meal [7]" in citation["quoted_text"] for citation in done["citations"])
    assert "[7]" not in done["content"]


async def test_every_quoted_sentence_is_marked_as_supported(tab):
    await tab.ask(DOSE)
    message = (await tab.to_the_end())[-1]["message"]

    marked = [message["content"][start:end] for start, end, verdict, _ in message["support"] if verdict == "supported"]
    assert marked == message["content"].split("\n\n")


async def test_an_off_topic_question_gets_an_honest_nothing(tab):
    await tab.ask("Who won the football world cup in 1998?")
    done = (await tab.to_the_end())[-1]

    assert done["type"] == "message.done"
    assert done["message"]["status"] == MessageStatus.ABSTAINED
    assert done["content"] == ABSTENTION
    assert [citation["number"] for citation in done["citations"]] == list(range(1, len(done["citations"]) + 1))
    assert done["message"]["support"] == []


async def test_an_empty_knowledge_base_gets_an_honest_nothing(transactional_db, author):
    from channels.db import database_sync_to_async

    from conversations.services.conversations import create_conversation

    conversation = await database_sync_to_async(create_conversation)(by=author)
    tab = await Tab.open(conversation, author)
    await tab.ask(DOSE)
    done = (await tab.to_the_end())[-1]
    await tab.close()

    assert done["message"]["status"] == MessageStatus.ABSTAINED
    assert done["citations"] == []


async def test_the_first_question_becomes_the_title_cut_at_a_word(tab, conversation):
    await tab.ask("At what dose is metformin started in an adult with newly diagnosed type 2 diabetes?")
    await tab.to_the_end()
    await tab.ask(DOSE)
    await tab.to_the_end()

    await conversation.arefresh_from_db()
    assert conversation.title == "At what dose is metformin started in an adult with newly…"
    assert len(conversation.title) <= 60


async def test_an_answer_brings_its_conversation_to_the_top(tab, conversation):
    before = conversation.updated_at
    await tab.ask(DOSE)
    await tab.to_the_end()

    await conversation.arefresh_from_db()
    assert conversation.updated_at > before


async def test_the_time_of_every_stage_is_kept(tab):
    await tab.ask(DOSE)
    timing = (await tab.to_the_end())[-1]["message"]["timing"]

    assert {"embed", "search", "total"} <= set(timing)
    assert all(isinstance(value, int) and value >= 0 for value in timing.values())


async def test_a_follow_up_question_is_read_with_the_one_before(tab):
    await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.ask("What about renal impairment?")
    done = (await tab.to_the_end())[-1]

    assert "eGFR is below 30" in done["content"]


async def test_a_follow_up_about_others_is_not_answered_from_what_is_known_of_adults(tab):
    await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.ask("And in children?")
    done = (await tab.to_the_end())[-1]

    assert done["message"]["status"] == "abstained"
