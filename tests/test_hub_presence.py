"""Who is here and who types, as live pages are told."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

import chat.presence
from chat import hub
from chat.actions.people import change_site
from chat.actions.rooms import create_room, remove_from_room
from chat.database import in_database
from chat.hub import bells, presence, typing
from chat.models import Person, Room, RoomKind
from tests.server import machine
from tests.sockets import post, token_of, until

pytestmark = pytest.mark.django_db(transaction=True)
TYPES = "is typing…"
NOBODY_TYPES = '<p id="typing" class="typing" hx-swap-oob="true"></p>'


@pytest.fixture
async def enter(connect):
    """Opens a live socket of somebody's in a room."""

    async def enter(person, slug="pond"):
        hub.note(person.pk)  # by asking for the page that opens it
        return await connect(token=await token_of(person), path=f"/ws/chat/{slug}/", resume=0)

    return enter


async def settled(*sockets):
    """What they have heard, once a few rounds have passed."""
    for _time in range(2):
        for socket in sockets:
            await socket.say("{}")
            await socket.until_heard("#notice")
        await asyncio.sleep(0.15)
    for socket in sockets:
        await socket.say("{}")
        await socket.until_heard("#notice")
    return ["".join(socket.heard) for socket in sockets]


async def test_typing_reaches_the_others_in_the_room_and_nobody_else(
    alice, bob, charlie, pond, enter
):
    hers, his, elsewhere = await enter(alice), await enter(bob), await enter(charlie, "general")

    await hers.say(type="typing")

    assert "<bdi>Alice</bdi> is typing…" in await his.until_heard(TYPES)
    for heard in await settled(hers, elsewhere):
        assert TYPES not in heard


async def test_typing_goes_by_itself(alice, bob, pond, enter, monkeypatch):
    monkeypatch.setattr(typing, "SHOWN_SECONDS", 1)
    hers, his = await enter(alice), await enter(bob)

    await hers.say(type="typing")

    await his.until_heard(TYPES)
    await his.until_heard(NOBODY_TYPES)


async def test_typing_goes_when_the_message_comes(alice, bob, pond, enter):
    hers, his = await enter(alice), await enter(bob)
    await hers.say(type="typing")
    await his.until_heard(TYPES)

    await post(alice, pond)

    await his.until_heard('<li id="message-')
    await his.until_heard(NOBODY_TYPES)


async def test_a_flood_of_typing_is_told_once(alice, bob, pond, enter):
    hers, his = await enter(alice), await enter(bob)

    for _time in range(15):
        await hers.say(type="typing")

    await his.until_heard(TYPES)
    (heard,) = await settled(his)
    assert heard.count(TYPES) == 1


async def test_two_are_named_and_three_are_several(alice, bob, charlie, lobby, enter, invite):
    dora = await in_database(invite, "dora")
    sockets = [await enter(person, "general") for person in (alice, bob, charlie, dora)]

    await sockets[0].say(type="typing")
    await sockets[1].say(type="typing")
    await sockets[3].until_heard("<bdi>Alice</bdi> and <bdi>Bob</bdi> are typing…")
    await sockets[2].say(type="typing")

    await sockets[3].until_heard("Several people are typing…")
    await sockets[2].until_heard("<bdi>Alice</bdi> and <bdi>Bob</bdi> are typing…")


async def test_who_hides_it_types_unseen(alice, bob, pond, enter):
    await in_database(Person.objects.filter(pk=alice.pk).update, shows_typing=False)
    hers, his = await enter(alice), await enter(bob)

    await hers.say(type="typing")

    assert TYPES not in (await settled(hers, his))[1]


async def test_a_site_without_typing_shows_none(alice, bob, pond, enter):
    await in_database(change_site, editor=alice, name="Pond", welcome="", has_typing=False)
    hers, his = await enter(alice), await enter(bob)

    await hers.say(type="typing")

    assert TYPES not in (await settled(hers, his))[1]


async def test_who_only_reads_along_types_unseen(alice, bob, enter):
    room = await in_database(
        create_room, creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC
    )
    hers, his = await enter(alice, room.slug), await enter(bob, room.slug)

    await his.say(type="typing")

    assert TYPES not in (await settled(his, hers))[1]


async def test_who_was_taken_out_hears_of_nobody(alice, bob, pond, enter):
    hers, his = await enter(alice), await enter(bob)
    await in_database(remove_from_room, remover=alice, room=pond, person=bob)

    await hers.say(type="typing")

    assert await his.closed() == 4403
    assert TYPES not in "".join(his.heard)


async def test_typing_in_another_process_comes_by_the_doorbell(alice, bob, pond, enter):
    his = await enter(bob)

    hub.current().answer(bells.Ring(room_id=pond.pk, kind=bells.TYPING, people=(alice.pk,)))

    await his.until_heard("<bdi>Alice</bdi> is typing…")
    room = await in_database(Room.objects.get, pk=pond.pk)
    assert room.last_seq == hub.current().feeds[pond.pk].position


async def test_a_page_is_told_who_is_here_and_who_else_comes(alice, bob, pond, enter):
    hers = await enter(alice)
    await hers.until_heard('1 here<span class="presence-names">: <bdi>Alice</bdi>')

    await enter(bob)

    await hers.until_heard('2 here<span class="presence-names">: <bdi>Alice</bdi>, <bdi>Bob</bdi>')


async def test_who_comes_while_the_database_is_busy_is_here_once_it_is_not(
    alice, pond, connect, monkeypatch
):
    token, write, tried = await token_of(alice), chat.presence.write, []

    def noted(*people):
        tried.append(write(*people))
        return tried[-1]

    monkeypatch.setattr("chat.presence.write", noted)

    with machine.locked(Path(connection.settings_dict["NAME"])):
        hub.note(alice.pk)
        hers = await connect(token=token, path="/ws/chat/pond/", resume=0)
        await until(lambda: tried)
        assert not any(tried)

    await hers.until_heard("1 here")


async def test_nobody_is_told_what_they_know_already(alice, pond, enter):
    hers = await enter(alice)
    await hers.until_heard("1 here")
    count = len(hers.heard)

    await settled(hers)

    assert "1 here" not in "".join(hers.heard[count:])


async def test_a_process_that_died_leaves_no_ghost(alice, bob, pond, enter):
    hers = await enter(alice)
    his = await enter(bob)
    await hers.until_heard("2 here")
    written = await in_database(Person.objects.get, pk=bob.pk)
    await his.hang_up()
    presence._deeds.pop(bob.pk, None)

    # As after a kill: nobody says that he has gone, and time passes.
    past = written.present_at - timedelta(minutes=5)
    await in_database(Person.objects.filter(pk=bob.pk).update, present_at=past)

    await hers.until_heard('1 here<span class="presence-names">: <bdi>Alice</bdi>')


async def test_a_site_that_switches_presence_off_empties_every_page(alice, pond, enter):
    hers = await enter(alice)
    await hers.until_heard("1 here")

    await in_database(change_site, editor=alice, name="Pond", welcome="", has_presence=False)

    await hers.until_heard('<p id="presence" class="presence" hx-swap-oob="true"></p>')


async def test_typing_is_neither_logged_nor_stored(alice, bob, pond, enter):
    hers, his = await enter(alice), await enter(bob)
    before = await in_database(Room.objects.get, pk=pond.pk)

    await hers.say(type="typing")
    await his.until_heard(TYPES)

    after = await in_database(Room.objects.get, pk=pond.pk)
    assert after.last_seq == before.last_seq
