"""Programs that follow all their rooms, while these change: what they are told, and when."""

import asyncio

import pytest
from django.db import InterfaceError, OperationalError

from chat import consumers
from chat.actions.rooms import create_room, join_room, leave_room
from chat.consumers import programs
from chat.database import in_database
from chat.hub import Hub
from chat.models import Room, RoomKind
from tests.sockets import post, token_of, until


async def a_room(creator, name="Well"):
    return await in_database(
        create_room, creator=creator, name=name, purpose="", kind=RoomKind.PUBLIC
    )


async def a_while():
    """As long as it takes to look up somebody's rooms, several times over."""
    for _ in range(20):
        await in_database(Room.objects.count)


async def test_who_comes_into_a_room_before_the_resume_is_told_behind_it(
    program, alice, bob, lobby
):
    well = await a_room(alice)
    socket = await program(bob, "/ws/chat/?resume=1")

    await in_database(join_room, person=bob, room=well)
    await a_while()
    await socket.say(type="ping")
    await socket.until("pong")
    await socket.say(type="resume", cursors={})
    joined = await socket.until("joined")
    said = await post(alice, well, "Welcome")

    kinds = [frame["type"] for frame in socket.frames if frame["type"] != "presence"]
    assert kinds[:4] == ["hello", "pong", "resumed", "joined"]
    assert joined["room"]["room"] == "well"
    assert (await socket.until("message.posted"))["message"]["id"] == said.pk


async def test_a_membership_that_changes_while_hello_is_written_leaves_no_reader_behind(
    quick_hub, program, alice, bob, lobby, monkeypatch
):
    well = await a_room(alice)
    found, loop = programs._places, asyncio.get_running_loop()

    def places(visitor):
        told = found(visitor)
        join_room(person=bob, room=well)
        asyncio.run_coroutine_threadsafe(a_while(), loop).result()
        return told

    monkeypatch.setattr(programs, "_places", places)
    socket = await program(bob, resume={"cursors": {}})
    await socket.until("joined")
    await post(alice, well, "Welcome")
    await socket.until("message.posted")

    assert socket.frames[0]["type"] == "hello"
    await socket.hang_up()
    await until(lambda: not quick_hub.readers)
    assert not quick_hub.feeds


@pytest.fixture
def failing(monkeypatch):
    """Lets the hub fail to bring a reader up to date, with each of these errors once."""

    def failing(*errors):
        left, works = [*errors], Hub.resume

        async def resume(*args, **kwargs):
            if left:
                raise left.pop()
            await works(*args, **kwargs)

        monkeypatch.setattr(Hub, "resume", resume)

    return failing


async def test_a_room_that_could_not_be_brought_is_brought_when_the_database_is_back(
    program, alice, bob, lobby, failing, monkeypatch
):
    monkeypatch.setattr("chat.hub.rosters.RETRY_SECONDS", 0.01)
    well = await a_room(alice)
    socket = await program(bob, resume={"cursors": {}})
    await socket.until("resumed")

    failing(OperationalError("away"), InterfaceError("away"))
    await in_database(join_room, person=bob, room=well)
    while (await socket.until("resumed"))["room"] != "well":
        pass
    await post(alice, well, "Welcome")

    assert (await socket.until("message.posted"))["message"]["body"] == "Welcome"
    assert len(socket.of("joined")) == 1


async def test_a_socket_that_would_miss_a_room_has_to_come_back(
    program, alice, bob, lobby, failing
):
    well = await a_room(alice)
    socket = await program(bob, resume={"cursors": {}})
    await socket.until("resumed")

    failing(RuntimeError("a fault"))
    await in_database(join_room, person=bob, room=well)

    with pytest.raises(consumers.ComeBack):
        await socket.closed()


async def test_ones_leaving_is_heard_before_the_room_is_left_however_slow_others_are(
    quick_hub, program, connect, alice, bob, lobby
):
    well = await a_room(alice)
    await in_database(join_room, person=bob, room=well)
    await connect(token=await token_of(alice), path="/ws/chat/well/", resume=0)
    (slow,) = quick_hub.feeds[well.pk].pages
    socket = await program(bob, resume={"cursors": {}})
    await until(lambda: len(quick_hub.feeds[well.pk].pages) == 2)
    write, gate = slow.write, asyncio.Event()

    async def write_slowly(text):
        await gate.wait()
        await write(text)

    slow.write = write_slowly
    await in_database(leave_room, person=bob, room=well)
    await a_while()
    gate.set()
    await socket.until("left")

    assert [frame["actor"]["username"] for frame in socket.of("member.left")] == ["bob"]
