"""The doorbell: what it carries, and what happens while nobody can hear it."""

import asyncio
import logging
import os
import time
from signal import SIGCONT, SIGSTOP

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from chat import hub
from chat.errors import in_words
from chat.hub import bells
from project.layers import channel_layers
from tests.servers import redis_server
from tests.sockets import until

pytestmark = pytest.mark.django_db(transaction=True)

RING = hub.Ring(room_id=1, seq=7, kind="message.posted", people=(3, 4))


@pytest.fixture(scope="module")
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def shared(redis, settings, monkeypatch):
    """The layer of a site with several processes."""
    monkeypatch.setattr(bells, "_RETRY_SECONDS", 0.05)
    layers = channel_layers(redis.url)
    # Where it is up, a test waits for it as long as it takes.
    layers["default"]["CONFIG"]["hosts"][0] |= {"socket_timeout": 30, "socket_connect_timeout": 30}
    settings.CHANNEL_LAYERS = layers


@pytest.fixture
async def heard():
    """The rings that this process hears from others, from when it listens."""
    rings = []
    listening = asyncio.create_task(bells.listen(rings.append))
    yield rings
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await get_channel_layer().close_pools()


async def ring_from_elsewhere(ring):
    message = ring.as_message() | {"process": "another"}
    await get_channel_layer().group_send(bells.GROUP, message)


def lines(caplog):
    return [each.getMessage() for each in caplog.records if each.name == "chat.hub.bells"]


def test_a_ring_arrives_as_it_was_sent():
    assert hub.Ring.from_message(RING.as_message()) == RING


def test_a_ring_carries_no_content():
    assert set(RING.as_message()) == {"type", "process", "room_id", "seq", "kind", "people"}


def test_a_server_that_is_ending_waits_for_nobody_to_hear_it(shared, redis, monkeypatch):
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(bells, "bell", bells.Bell(loop=loop, answer=lambda _ring: None))

    hub.ring(RING)  # as a request's thread does that outlives the loop

    loop.close()


def test_who_serves_nobody_is_heard_by_others(shared, redis, monkeypatch):
    monkeypatch.setattr(bells, "_PUBLISH_SECONDS", 30)
    with Redis.from_url(redis.url) as client:
        client.zadd(f"natterjack:group:{bells.GROUP}", {"specific.another!channel": time.time()})
        hub.ring(RING)
        assert client.zcard("natterjackspecific.another!") == 1


async def test_other_processes_are_heard_and_ones_own_rings_are_not(shared, heard):
    async def is_heard():
        await bells.publish(RING)
        await ring_from_elsewhere(hub.Ring(room_id=2))
        await asyncio.sleep(0.01)
        return heard

    async with asyncio.timeout(30):
        while not await is_heard():
            pass

    assert {ring.room_id for ring in heard} == {2}


def test_a_process_that_serves_nobody_rings_too(shared, redis, monkeypatch):
    monkeypatch.setattr(bells, "_PUBLISH_SECONDS", 30)
    bells.ring(RING)

    assert bells.bell.reaches_others


async def test_redis_may_go_and_come_back_and_each_is_said_once(shared, redis, heard, caplog):
    await until(lambda: bells.bell.reaches_others)
    with caplog.at_level(logging.WARNING):
        redis.stop()
        try:
            for _ in range(3):
                await bells.publish(RING)
            assert len(lines(caplog)) == 1
            assert lines(caplog)[0].startswith("Other processes hear us a tick late")
        finally:
            redis.start()
        await until(lambda: len(lines(caplog)) >= 2)
        assert lines(caplog)[1] == "Other processes hear us at once again"

    async with asyncio.timeout(30):
        while not heard:
            await ring_from_elsewhere(hub.Ring(room_id=2))
            await asyncio.sleep(0.01)


def test_why_it_is_away_is_said_in_words():
    error = RedisConnectionError("Connection closed\nby server.")

    assert in_words(error) == "redis.exceptions.ConnectionError: Connection closed by server."
    assert in_words(TimeoutError()) == "TimeoutError"


async def test_a_flushed_redis_is_joined_again(shared, redis, heard, monkeypatch):
    monkeypatch.setattr(bells, "_REGROUP_SECONDS", 0.05)
    client = Redis.from_url(redis.url)
    await until(lambda: client.exists(f"natterjack:group:{bells.GROUP}"))
    client.flushall()

    async with asyncio.timeout(30):
        while not heard:
            await ring_from_elsewhere(hub.Ring(room_id=2))
            await asyncio.sleep(0.01)
    client.close()


class Stubborn(InMemoryChannelLayer):
    """Forgets once that it was cancelled, as redis-py can."""

    async def group_send(self, group, message):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(3600)


async def test_who_does_not_obey_is_not_waited_for(settings, monkeypatch):
    monkeypatch.setattr(bells, "_PUBLISH_SECONDS", 0.01)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.test_hub_bells.Stubborn"}}

    async with asyncio.timeout(5):
        assert not await bells.publish(RING)
        telling = asyncio.create_task(bells.publish(RING))
        await asyncio.sleep(0)
        telling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await telling


async def test_what_waits_for_a_redis_that_does_not_answer_stays_small(shared, redis, quick_hub):
    os.kill(redis.pid, SIGSTOP)
    try:
        before = len(asyncio.all_tasks())
        for seq in range(1, 2000):
            bells.tell_others(hub.Ring(room_id=seq % 3 + 1, seq=seq, people=(seq % 5,)))
            if seq % 100 == 0:
                await asyncio.sleep(0)

        assert len(bells.bell.waiting) <= 3
        assert len(asyncio.all_tasks()) - before < 10
        assert max(ring.seq for ring in bells.bell.waiting.values()) == 1999
    finally:
        os.kill(redis.pid, SIGCONT)
    await until(lambda: not bells.bell.waiting)
    await until(lambda: bells.bell.telling.done())


def test_two_rings_of_one_room_are_one_that_says_both():
    first, second = hub.Ring(1, 7, "message.posted", (3, 4)), hub.Ring(1, 6, "message.posted", (5,))

    assert second.with_earlier(first) == hub.Ring(1, 7, "message.posted", (3, 4, 5))


async def test_without_redis_nothing_leaves_the_process(quick_hub, caplog):
    answered = []
    bells.bell.answer = answered.append

    bells.ring(RING)
    await until(lambda: answered)

    assert not bells.is_shared()
    assert lines(caplog) == []


async def test_a_ring_from_any_thread_is_answered_in_the_loop(quick_hub):
    answered = []
    bells.bell.answer = lambda ring: answered.append((ring, asyncio.get_running_loop()))

    await asyncio.to_thread(bells.ring, RING)
    await until(lambda: answered)

    assert answered == [(RING, asyncio.get_running_loop())]


def test_a_hub_that_has_ended_is_not_rung():
    async def serve():
        hub.current().stop()

    asyncio.run(serve())

    assert bells.bell.loop is None
    bells.ring(RING)
