"""A reader sees each entry of the log once, in order, whenever and however often it comes."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.signals import template_rendered

from chat import fragments
from chat.actions.messages import post_message
from chat.actions.rooms import change_room
from chat.database import in_database, writers
from chat.hub import Ring, bells, log
from chat.models import Event, Message
from tests.sockets import post, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)
REPLACED = 'hx-swap-oob="innerHTML:#messages"'


@pytest.fixture
def never_unasked(monkeypatch):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 3600)


@pytest.fixture
def soon_unasked(monkeypatch):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 0.01)


@pytest.fixture
def visit(connect):
    """A program's socket in the lobby, live from `after` when that is given."""

    async def visit(person, after=None, path="/ws/chat/general/"):
        return await connect(token=await token_of(person), path=path, resume=after)

    return visit


@pytest.fixture
async def rows(bob, lobby):
    return [await post(bob, lobby, f"Row {number}") for number in range(4)]


def ids(messages):
    return [message.pk for message in messages]


async def test_nothing_is_sent_before_the_resume(bob, lobby, visit, quick_hub, never_unasked):
    socket = await visit(bob)
    message = await post(bob, lobby)
    await until(lambda: quick_hub.feeds[lobby.pk].position >= message.seq)
    assert socket.is_silent

    await socket.say(type="resume")

    await socket.until_shown(message)
    assert socket.shown == [message.pk]


async def test_who_never_resumes_is_live_after_a_moment(bob, lobby, visit, soon_unasked):
    socket = await visit(bob)
    await socket.until_heard('id="rooms"')

    message = await post(bob, lobby)

    await socket.until_shown(message)
    assert socket.cursor == message.seq


async def test_a_resume_brings_what_was_missed_and_what_follows_once_and_in_order(
    bob, lobby, visit, rows
):
    socket = await visit(bob, after=rows[1].seq)
    rows.append(await post(bob, lobby, "Live"))

    await socket.until_shown(rows[-1])

    assert socket.shown == ids(rows[2:])
    assert socket.cursor == rows[-1].seq


async def test_every_frame_names_the_place_that_it_leads_to(bob, lobby, visit, rows):
    socket = await visit(bob, after=0)
    for number in range(5):
        message = await post(bob, lobby, f"Frame {number}")
        await socket.until_shown(message)
        assert socket.cursor == message.seq

    for frame in socket.heard:
        assert ('id="cursor"' in frame) == ('<li id="message-' in frame or "member-count" in frame)


async def test_nothing_is_missed_or_doubled_while_many_write_and_many_kinds_come_back(
    alice, bob, charlie, lobby, visit, quick_hub
):
    bob.time_zone, charlie.time_zone = "Asia/Tokyo", "America/Lima"
    await in_database(lambda: (bob.save(), charlie.save()))
    begin = (await post(alice, lobby, "Begin")).seq

    def write(number):
        try:
            for count in range(10):
                post_message(
                    author=alice, room=lobby, body="Race", nonce=f"race-{number:04}-{count:04}"
                )
        finally:
            connection.close()

    async def come(number):
        await until(lambda: _head(quick_hub, lobby) >= begin + 4 * number)
        person = (alice, bob, charlie)[number % 3]
        socket = await visit(person)
        await socket.say(type="resume", after=begin)
        return socket

    with ThreadPoolExecutor(4) as threads:
        loop = asyncio.get_running_loop()
        # A first reader, so that the feed moves from the beginning.
        first = await visit(alice, after=begin)
        writing = [loop.run_in_executor(threads, write, number) for number in range(4)]
        sockets = [first, *await asyncio.gather(*map(come, range(9)))]
        await asyncio.gather(*writing)

    written = await in_database(
        lambda: list(Message.objects.filter(room=lobby, seq__gt=begin).order_by("seq"))
    )
    assert len(written) == 40
    for socket in sockets:
        await socket.until_shown(written[-1])
        assert socket.shown == ids(written)
        assert socket.cursor == written[-1].seq


def _head(hub, room):
    return hub._heads.get(room.pk, 0)


async def test_a_second_resume_repeats_the_changes_and_no_post(alice, lobby, visit, rows):
    socket = await visit(alice, after=0)
    await in_database(change_room, editor=alice, room=lobby, name="Frogs only", purpose="")
    await socket.until_heard("Frogs only")

    await socket.say(type="resume", after=rows[0].seq)

    assert "Frogs only" in await socket.until_heard('id="room-head"')
    last = await post(alice, lobby, "Last")
    await socket.until_shown(last)
    assert socket.shown == ids([*rows, last])


async def test_a_second_resume_from_nowhere_near_replaces_the_list(bob, visit, rows, monkeypatch):
    socket = await visit(bob, after=rows[-1].seq)
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)

    await socket.say(type="resume", after=1)

    await socket.until_heard(REPLACED)
    assert socket.shown == ids(rows)


async def test_who_can_never_catch_up_with_the_changes_gets_the_newest_page(
    alice, bob, lobby, visit, rows, quick_hub, monkeypatch
):
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 8)
    socket = await visit(bob, after=rows[-1].seq)
    feed, works, places = quick_hub.feeds[lobby.pk], log.read_changes, []

    def while_others_change_it(*args):
        found, name = works(*args), f"Frogs {len(places)}"
        places.append(feed.position)
        writers.submit(change_room, editor=alice, room=lobby, name=name, purpose="").result()
        while feed.position == places[-1]:
            time.sleep(0.005)
        return found

    await in_database(change_room, editor=alice, room=lobby, name="Newts", purpose="")
    await until(lambda: feed.position > rows[-1].seq)  # the sidebar says "Newts" as well
    monkeypatch.setattr(log, "read_changes", while_others_change_it)
    await socket.say(type="resume", after=rows[-1].seq)

    await socket.until_heard(REPLACED)
    assert len(places) <= 8
    last = await post(alice, lobby, "Last")
    await socket.until_shown(last)


async def test_who_missed_too_much_gets_the_newest_page_instead(
    bob, lobby, visit, rows, monkeypatch
):
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)
    monkeypatch.setattr("chat.history.PAGE_SIZE", 3)
    socket = await visit(bob)

    await socket.say(type="resume", after=rows[0].seq)

    await socket.until_heard(REPLACED)
    assert (socket.shown, socket.cursor) == (ids(rows[1:]), rows[-1].seq)
    following = await post(bob, lobby, "Following")
    await socket.until_shown(following)
    assert socket.shown == ids([*rows[1:], following])


async def test_who_gets_the_newest_page_instead_gets_the_rooms_name_with_it(
    alice, lobby, visit, rows, monkeypatch
):
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)
    await in_database(change_room, editor=alice, room=lobby, name="Frogs only", purpose="")
    socket = await visit(alice)

    await socket.say(type="resume", after=rows[0].seq)

    frame = await socket.until_heard(REPLACED)
    assert "Frogs only" in frame
    assert 'id="member-count"' in frame


@pytest.mark.parametrize(
    "place",
    (
        {"after": 10_000},
        {"after": 2**63 - 1},
        {"after": str(2**63 - 1)},
        {"after": 1, "epoch": "another log"},
        {"after": 1, "epoch": ["another"]},
        {"after": 1, "epoch": {}},
        {"after": 1, "epoch": 7},
    ),
)
async def test_a_place_that_is_not_in_this_log_is_answered_with_the_newest_page(
    bob, lobby, visit, rows, place
):
    socket = await visit(bob)

    await socket.say(type="resume", **place)

    await socket.until_heard(REPLACED)
    assert (socket.shown, socket.cursor) == (ids(rows), rows[-1].seq)
    following = await post(bob, lobby)
    await socket.until_shown(following)
    assert socket.shown == ids([*rows, following])


async def test_a_page_of_this_log_keeps_its_list(bob, visit, rows, never_unasked):
    socket = await visit(bob)
    epoch = await in_database(fragments.epoch)

    await socket.say(type="resume", after=str(rows[0].seq), epoch=epoch)

    await socket.until_heard('id="rooms"')
    assert socket.shown == ids(rows[1:])
    assert not any(REPLACED in frame for frame in socket.heard)


async def test_a_first_resume_that_comes_too_late_replaces_the_list(
    bob, lobby, visit, rows, soon_unasked
):
    socket = await visit(bob)
    await socket.until_heard('id="rooms"')  # live, from where the log ended

    await socket.say(type="resume", after=rows[1].seq)

    await socket.until_heard(REPLACED)
    assert socket.shown == ids(rows)


async def test_no_frame_is_larger_than_a_page_takes(alice, bob, lobby, visit):
    begin = (await post(alice, lobby, "Begin")).seq
    long = [await post(bob, lobby, f"{number} " + "quak " * 1990) for number in range(30)]

    socket = await visit(bob, after=begin)
    await socket.until_shown(long[-1])

    carriers = [frame for frame in socket.heard if '<li id="message-' in frame]
    assert len(carriers) > 1
    assert max(len(frame.encode()) for frame in carriers) <= fragments.MAX_FRAME_BYTES + 1024
    assert all('id="cursor"' in frame for frame in carriers)
    assert socket.shown == ids(long)


async def test_a_message_is_rendered_once_for_each_kind_of_reader(alice, bob, lobby, visit):
    bob.time_zone = "Asia/Tokyo"
    await in_database(bob.save)
    begin = (await post(alice, lobby, "Begin")).seq
    sockets = [await visit(person, after=begin) for person in (alice, bob) * 4]
    rendered = []

    def note(template, **_rest):
        if template.name == "chat/swaps/message.posted.html":
            rendered.append(template)

    template_rendered.connect(note)
    try:
        message = await post(alice, lobby)
        for socket in sockets:
            await socket.until_shown(message)
    finally:
        template_rendered.disconnect(note)

    assert len(rendered) == 2


async def test_a_lost_ring_costs_a_moment_and_no_message(bob, lobby, visit, monkeypatch):
    socket = await visit(bob, after=0)
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        lost = [await post(bob, lobby, f"Lost {number}") for number in range(3)]

    await socket.until_shown(lost[-1])

    assert socket.shown == ids(lost)


async def test_rings_that_are_doubled_late_or_wrong_change_nothing(bob, lobby, visit, quick_hub):
    socket = await visit(bob, after=0)
    first = await post(bob, lobby)
    for seq in (first.seq, first.seq, 1, 0, first.seq + 7):
        quick_hub.answer(Ring(room_id=lobby.pk, seq=seq))
    quick_hub.answer(Ring(room_id=12345, seq=1, people=(54321,)))

    last = await post(bob, lobby)

    await socket.until_shown(last)
    assert socket.shown == ids([first, last])


async def test_nothing_behind_a_gap_is_shown_before_the_gap_is_filled(bob, lobby, visit):
    socket = await visit(bob, after=0)

    def post_three():
        with transaction.atomic():
            three = [
                post_message(author=bob, room=lobby, body=f"{n}", nonce=f"three-{n:04}")
                for n in range(3)
            ]
            _move(three[1].seq, 10**6)
        return three

    def _move(seq, to):
        Event.objects.filter(room=lobby, seq=seq).update(seq=to)

    three = await in_database(post_three)
    await socket.until_shown(three[0])
    found = await in_database(log.read, lobby.pk, three[0].seq - 1)
    assert [event.seq for event in found] == [three[0].seq]
    assert socket.shown == ids(three[:1])

    await in_database(_move, 10**6, three[1].seq)

    await socket.until_shown(three[2])
    assert socket.shown == ids(three)


async def test_a_message_that_cannot_be_rendered_says_so_and_the_others_are_live(
    bob, lobby, visit, overrides, caplog
):
    overrides(
        "chat/fragments/message.html",
        '{% if "bad" in message.body %}{% include "no/such.html" %}{% endif %}'
        '<li id="message-{{ message.pk }}">{{ message.body }}</li>',
    )
    socket = await visit(bob, after=0)

    bad, good = await post(bob, lobby, "bad"), await post(bob, lobby, "good")

    await socket.until_shown(good)
    assert socket.shown == ids([bad, good])
    assert any("This message can" in frame for frame in socket.heard)
    assert "can't be rendered" in caplog.text
