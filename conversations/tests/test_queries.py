import pytest

from conversations.models import Conversation, Message, MessageStatus
from conversations.queries import conversations_of, current_thread, streaming_messages, thread_before
from conversations.services.conversations import create_conversation, title_from
from voiceassist.core.errors import Forbidden


@pytest.fixture
def conversation(author):
    return Conversation.objects.create(owner=author)


def exchange(conversation, content, answers=1):
    """Store a question and that many answers, the last of them current."""
    question = Message.objects.create(conversation=conversation, role="user", content=content)
    for number in range(1, answers + 1):
        Message.objects.create(
            conversation=conversation,
            parent=question,
            role="assistant",
            content=f"{content} {number}",
            is_current=number == answers,
        )
    return question


def contents(messages):
    return [message.content for message in messages]


def test_a_user_sees_own_conversations_only_the_latest_first(author, stranger):
    first, second = Conversation.objects.create(owner=author), Conversation.objects.create(owner=author)
    Conversation.objects.create(owner=stranger)
    first.save()

    assert list(conversations_of(author)) == [first, second]


def test_a_thread_is_each_question_with_its_current_answer(conversation):
    exchange(conversation, "one", answers=2)
    exchange(conversation, "two")

    assert contents(current_thread(conversation)) == ["one", "one 2", "two", "two 1"]


def test_an_answer_written_again_later_stays_with_its_question(conversation):
    question = exchange(conversation, "one")
    exchange(conversation, "two")
    question.replies.update(is_current=False)
    Message.objects.create(conversation=conversation, parent=question, role="assistant", content="one anew")

    assert contents(current_thread(conversation)) == ["one", "one anew", "two", "two 1"]


def test_what_went_before_a_question_is_the_thread_up_to_it(conversation):
    exchange(conversation, "one")
    question = exchange(conversation, "two")
    exchange(conversation, "three")

    assert contents(thread_before(question)) == ["one", "one 1"]


def test_the_number_of_queries_does_not_grow_with_the_thread(conversation, django_assert_num_queries):
    for number in range(5):
        exchange(conversation, str(number))

    with django_assert_num_queries(2):
        for message in current_thread(conversation):
            list(message.citations.all())


def test_only_open_answers_count_as_streaming(conversation):
    question = exchange(conversation, "one")
    streaming = Message.objects.create(
        conversation=conversation, parent=question, role="assistant", status=MessageStatus.STREAMING
    )

    assert list(streaming_messages(conversation.pk)) == [streaming]


def test_a_user_without_a_role_cannot_begin_a_conversation(newcomer):
    with pytest.raises(Forbidden):
        create_conversation(by=newcomer)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Dose of metformin?", "Dose of metformin?"),
        ("Dose\n  of\tmetformin?", "Dose of metformin?"),
        ("word " * 20, "word word word word word word word word word word word word…"),
        ("x" * 80, "x" * 59 + "…"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_title_is_the_question_on_one_line_cut_at_a_word(question, title):
    assert title_from(question) == title
    assert len(title) <= 60
