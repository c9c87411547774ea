import uuid

import pytest

from conversations import access
from conversations.models import Citation, Conversation, Message
from voiceassist.core.errors import Forbidden


@pytest.fixture
def conversation(author):
    return Conversation.objects.create(owner=author)


@pytest.fixture
def message(conversation):
    return Message.objects.create(conversation=conversation, role="assistant")


@pytest.fixture
def citation(message):
    places = {"page_number": 1, "start": 0, "end": 4, "relevance_score": 50}
    return Citation.objects.create(message=message, number=1, passage_key=uuid.uuid4(), quoted_text="Rest", **places)


@pytest.fixture
def doors(conversation, message, citation):
    """Each door with the id of what is behind it."""
    return [
        (access.get_readable_conversation, "conversation_id", conversation),
        (access.get_writable_conversation, "conversation_id", conversation),
        (access.get_readable_message, "message_id", message),
        (access.get_readable_citation, "citation_id", citation),
    ]


def test_the_author_passes_every_door(doors, author):
    for door, name, thing in doors:
        assert door(user=author, **{name: thing.pk}) == thing


def test_for_a_stranger_everything_is_missing(doors, stranger):
    for door, name, thing in doors:
        with pytest.raises(access.NotFound) as denied:
            door(user=stranger, **{name: thing.pk})
        with pytest.raises(access.NotFound) as missing:
            door(user=stranger, **{name: uuid.uuid4()})
        assert str(denied.value) == str(missing.value)


def test_a_user_without_a_role_may_not_chat(doors, newcomer):
    for door, name, thing in doors:
        with pytest.raises(Forbidden):
            door(user=newcomer, **{name: thing.pk})


def test_a_message_comes_with_what_a_page_shows_of_it(message, citation, author, django_assert_num_queries):
    found = access.get_readable_message(user=author, message_id=message.pk)

    with django_assert_num_queries(0):
        assert [found.conversation.owner_id, list(found.citations.all())] == [author.pk, [citation]]


def test_a_citation_comes_with_its_conversation(citation, author, django_assert_num_queries):
    found = access.get_readable_citation(user=author, citation_id=citation.pk)

    with django_assert_num_queries(0):
        assert found.message.conversation.owner_id == author.pk
        assert found.document is None
        assert found.passage is None
