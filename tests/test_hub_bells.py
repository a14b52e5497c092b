"""The doorbell between processes: quick while Redis is there, and never needed."""

import pytest
from channels.layers import get_channel_layer

from chat.hub import Ring, bells
from chat.models import EventKind
from tests.servers import redis_server
from tests.sockets import post, token_of, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_layer")]


@pytest.fixture(scope="module")
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
async def shared_layer(redis, settings, monkeypatch):
    monkeypatch.setattr("chat.hub.bells._RETRY_SECONDS", 0.05)
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [{"address": redis.url, "socket_timeout": 30}]},
        }
    }
    yield
    await get_channel_layer().close_pools()


@pytest.fixture
async def neighbour(bob, shared_layer):
    """Another process on the same channel layer: `hear()` is the next ring that it hears."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(bells.GROUP, channel)

    class Neighbour:
        async def ring(self, what):
            await layer.group_send(bells.GROUP, what.as_message() | {"process": "another"})

        async def hear(self):
            return Ring.from_message(await layer.receive(channel))

    return Neighbour()


@pytest.fixture
async def his(bob, connect, quick_hub, monkeypatch):
    """A page of Bob's in a process that hears of nothing but by the bell."""
    socket = await connect(token=await token_of(bob), path="/ws/chat/general/", resume=0)
    monkeypatch.setattr("chat.hub.hub.TICK_SECONDS", 3600)
    return socket


async def test_a_post_is_rung_at_the_other_processes_without_its_content(
    alice, lobby, neighbour, his
):
    message = await post(alice, lobby, "Secret")

    ring = await neighbour.hear()

    assert ring == Ring(lobby.pk, message.seq, EventKind.MESSAGE_POSTED.value, ())
    assert "Secret" not in str(ring.as_message())


async def test_a_ring_of_another_process_shows_what_it_wrote(
    alice, lobby, neighbour, his, quick_hub, monkeypatch
):
    message = await _unheard_post(alice, lobby, monkeypatch)

    # The hub may still be on its way to the group: it is rung until it has heard.
    while message.pk not in his.shown:
        await neighbour.ring(Ring(lobby.pk, message.seq, EventKind.MESSAGE_POSTED.value))
        await his.hear()

    assert his.shown == [message.pk]


async def test_without_redis_a_post_is_live_here_and_the_log_says_so_once_each_way(
    alice, lobby, redis, neighbour, his, caplog
):
    redis.stop()
    try:
        for _time in range(3):
            message = await post(alice, lobby)
            await his.until_shown(message)
        await until(lambda: "Other processes hear us a tick late" in caplog.text)
    finally:
        redis.start()

    await until(lambda: "Other processes hear us at once again" in caplog.text)
    assert caplog.text.count("a tick late") == 1


async def _unheard_post(author, room, monkeypatch):
    """Written by a process whose hub is not this one."""
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        silence.setattr(bells.bell, "loop", None)
        return await post(author, room)


async def test_a_command_without_a_hub_rings_at_the_server(alice, lobby, neighbour, monkeypatch):
    message = await _unheard_post(alice, lobby, monkeypatch)

    assert (await neighbour.hear()).seq == message.seq
