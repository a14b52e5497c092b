"""Many who come back at once are served together, and each as if it had come alone."""

import asyncio
import threading

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from chat import fragments, hub
from chat.actions.rooms import remove_from_room
from chat.database import in_database
from chat.fragments import Kind
from chat.hub import log, returns
from chat.models import Room
from tests.sockets import cookie_headers, post, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)
POND = "/ws/chat/pond/"


@pytest.fixture(autouse=True)
def never_unasked(monkeypatch):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 3600)


@pytest.fixture
async def rows(alice, pond):
    return [await post(alice, pond, f"Row {number}") for number in range(4)]


@pytest.fixture
def held_reading(monkeypatch):
    """The first of what was missed is read, but not answered until `go` is set."""
    has_read, go = threading.Event(), threading.Event()
    read = log.read

    def held(*arguments, **options):
        events = read(*arguments, **options)
        has_read.set()
        assert go.wait(10)
        return events

    monkeypatch.setattr(log, "read", held)
    yield has_read, go
    go.set()


@pytest.fixture
def rendered(monkeypatch):
    """The messages that were rendered, as often as they were."""
    found, render = [], fragments.message_fragment

    def noted(message, *more):
        found.append(message.pk)
        return render(message, *more)

    monkeypatch.setattr(fragments, "message_fragment", noted)
    return found


@pytest.fixture
def reader(alice, pond):
    """Somebody of Alice's who is written to nowhere, and gets no further than `drain` lets it."""

    async def reader(drain=None):
        if not await in_database(alice.tokens.exists):
            await token_of(alice)
        token_id = await in_database(lambda: alice.tokens.first().pk)
        head = await in_database(lambda: Room.objects.get(pk=pond.pk).last_seq)
        return hub.SocketReader(
            person_id=alice.pk,
            kind=Kind.of(alice),
            room_id=pond.pk,
            slug="pond",
            head=head,
            credential=alice.password,
            token_id=token_id,
            drain=drain,
        )

    return reader


def in_line(room):
    return hub.current().feeds[room.pk]._returns.line.waiting


async def behind_the_first(room, has_read, sockets, places):
    """Each resumes from its place: the first one's reading is at work, the others are in line."""
    await sockets[0].say(type="resume", after=places[0])
    await until(has_read.is_set)
    for socket, place in zip(sockets[1:], places[1:], strict=True):
        await socket.say(type="resume", after=place)
    await until(lambda: in_line(room) == len(sockets) - 1)


async def test_who_come_back_at_once_share_one_reading_and_one_rendering(
    alice, pond, rows, connect, held_reading, rendered
):
    has_read, go = held_reading
    token = await token_of(alice)
    sockets = [await connect(token=token, path=POND) for _page in range(20)]
    places = [rows[number % 4].seq - 1 for number in range(20)]

    await behind_the_first(pond, has_read, sockets, places)
    go.set()

    for number, socket in enumerate(sockets):
        await socket.until_shown(rows[-1])
        assert socket.shown == [row.pk for row in rows[number % 4 :]]
        assert socket.cursor == rows[-1].seq
    assert sorted(rendered) == sorted([row.pk for row in rows] * 2)


async def test_all_who_are_too_far_behind_get_one_rendering_of_the_newest_page(
    alice, pond, rows, connect, held_reading, rendered
):
    has_read, go = held_reading
    token = await token_of(alice)
    sockets = [await connect(token=token, path=POND) for _page in range(8)]

    await behind_the_first(pond, has_read, sockets, [rows[-1].seq - 1] + [9999] * 7)
    rendered.clear()
    go.set()

    for socket in sockets[1:]:
        await socket.until_heard('id="connection"')
        assert socket.shown == [row.pk for row in rows]
    assert sorted(rendered) == sorted([rows[-1].pk, *(row.pk for row in rows)])


async def test_one_who_has_lost_the_right_amid_many_is_the_only_one_shut_out(
    alice, bob, pond, rows, connect, sign_in, held_reading
):
    has_read, go = held_reading
    token = await token_of(alice)
    bobs = cookie_headers(await in_database(sign_in, bob))
    sockets = [await connect(token=token, path=POND) for _page in range(6)]
    sockets.insert(3, await connect(headers=bobs, path=POND))

    await behind_the_first(pond, has_read, sockets, [rows[0].seq] * 7)
    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    late = await post(alice, pond, "Is he gone?")
    go.set()

    assert await sockets[3].closed() == 4403
    assert "Is he gone?" not in "".join(sockets.pop(3).heard)
    for socket in sockets:
        await socket.until_shown(late)
        assert socket.shown == [row.pk for row in [*rows[1:], late]]


async def test_who_takes_long_to_receive_or_leaves_while_waiting_delays_nobody(
    alice, pond, rows, connect, reader, quick_hub, held_reading
):
    has_read, go = held_reading
    socket = await connect(token=await token_of(alice), path=POND)
    slow, gone = await reader(drain=asyncio.Event().wait), await reader()
    for each in (slow, gone):
        quick_hub.add(each)
    coming = [asyncio.create_task(quick_hub.resume(slow, 1))]
    await until(has_read.is_set)
    coming.append(asyncio.create_task(quick_hub.resume(gone, 1)))
    await socket.say(type="resume", after=rows[0].seq)
    await until(lambda: in_line(pond) == 2)

    coming[1].cancel()
    go.set()

    await socket.until_shown(rows[-1])
    assert not slow.is_live
    coming[0].cancel()
    await asyncio.gather(*coming, return_exceptions=True)


async def test_two_hundred_ask_the_database_no_more_than_two_do(pond, rows, reader):
    def queries(some):
        with CaptureQueriesContext(connection) as captured:
            found, codes = returns._read(pond.pk, rows[-1].seq, some)
        assert codes == {}
        assert all(found[each.reader.kind, each.after] for each in some)
        return len(captured)

    await in_database(fragments.epoch)  # once in the life of a process
    places = [row.seq - 1 for row in rows]
    asking = [returns.Asking(await reader(), places[number % 4]) for number in range(200)]

    assert await in_database(queries, asking) == await in_database(queries, asking[:2])
    assert all(each.reader.judged_at >= 0 for each in asking)


async def test_no_more_than_a_number_are_answered_at_a_time_and_all_are(
    pond, rows, reader, monkeypatch
):
    monkeypatch.setattr(returns, "TOGETHER", 3)
    line = returns.Returns(pond.pk, lambda: rows[-1].seq)
    readers = [await reader() for _number in range(10)]

    answers = await asyncio.gather(*(line.missed(each, rows[0].seq) for each in readers))

    assert {answer.until for answer in answers} == {rows[-1].seq}
    assert len({id(answer.frames[0]) for answer in answers}) == 4


async def test_a_reading_that_fails_is_told_to_all_who_share_it_and_the_next_is_tried(
    pond, rows, reader, monkeypatch
):
    line = returns.Returns(pond.pk, lambda: rows[-1].seq)
    readers = [await reader() for _number in range(3)]

    def away(*_arguments, **_options):
        raise OperationalError("the database is away")

    with monkeypatch.context() as outage:
        outage.setattr(log, "read", away)
        asked = (line.missed(each, rows[0].seq) for each in readers)
        failed = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each) for each in failed] == [OperationalError] * 3
    assert (await line.missed(readers[0], rows[0].seq)).frames[-1].seq == rows[-1].seq
