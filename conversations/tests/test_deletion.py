"""Deleting a conversation while its answer is being ended: both lock in the same order, so neither fails."""

import threading

import pytest
from django.db import connection, transaction

from conversations.models import Conversation, Message, MessageStatus
from conversations.services import answers
from conversations.services.conversations import create_conversation, delete_conversation
from conversations.tests.test_queries import exchange
from voiceassist.core.errors import DomainError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def answer(author):
    answer = exchange(create_conversation(by=author), "q").replies.get()
    Message.objects.filter(pk=answer.pk).update(status=MessageStatus.STREAMING)
    return answer


class InBackground(threading.Thread):
    """Runs something in a thread and keeps what it returned or raised."""

    def __init__(self, work):
        super().__init__()
        self.work, self.outcome = work, None
        self.start()

    def run(self):
        try:
            self.outcome = self.work()
        except DomainError as error:
            self.outcome = error
        finally:
            connection.close()

    def waits_for_a_lock(self):
        """Wait until it does, or has ended; tell which."""
        while self.is_alive():
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return True
            self.join(0.01)
        return False


def finish(answer):
    return answers.finish(answer_id=answer.pk, status=MessageStatus.COMPLETE, content="done")


def test_an_answer_is_not_touched_while_its_conversation_is_being_deleted(answer, author):
    with transaction.atomic():
        Conversation.objects.select_for_update().get()
        ending = InBackground(lambda: finish(answer))
        assert ending.waits_for_a_lock()
        assert Message.objects.select_for_update(nowait=True).filter(pk=answer.pk).exists()
        delete_conversation(by=author, conversation_id=answer.conversation_id)
    ending.join()

    assert isinstance(ending.outcome, answers.AnswerGone)
    assert not Message.objects.exists()


def test_deleting_waits_for_an_answer_that_is_being_ended(answer, author):
    with transaction.atomic():
        finish(answer)
        deleting = InBackground(lambda: delete_conversation(by=author, conversation_id=answer.conversation_id))
        assert deleting.waits_for_a_lock()
        assert Message.objects.get(pk=answer.pk).status == MessageStatus.COMPLETE
    deleting.join()

    assert deleting.outcome is None
    assert not Conversation.objects.exists()
