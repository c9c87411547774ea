import uuid

from conversations.events import Delta
from conversations.services import streams


async def test_what_a_dead_process_said_is_gone_an_hour_later():
    message_id = uuid.uuid4()
    key = streams.events_key(message_id)
    async with streams.connection() as client:
        log = streams.EventLog(client, message_id)
        await log.append(Delta(message_id=str(message_id), text="Start at"))
        await client.expire(key, 10)
        await log.append(Delta(message_id=str(message_id), text=" 500 mg"))

        assert 3500 < await client.ttl(key) <= 3600
        await client.delete(key)
