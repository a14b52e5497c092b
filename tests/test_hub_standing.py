"""Who may no longer listen hears nothing more, whatever moment it happens in."""

import threading

import pytest

from chat import events
from chat.actions.people import change_person, revoke_token
from chat.actions.rooms import (
    archive_room,
    create_room,
    join_room,
    make_private,
    remove_from_room,
    unarchive_room,
)
from chat.database import in_database
from chat.hub import bells, log
from chat.models import Role, Room, RoomKind, Session
from tests.sockets import cookie_headers, post, token_of, until
from tests.visits import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


async def head(room):
    return await in_database(lambda: Room.objects.get(pk=room.pk).last_seq)


@pytest.fixture
def bobs(bob, sign_in):
    return cookie_headers(sign_in(bob))


async def test_who_is_taken_out_of_a_private_room_hears_nothing_after_it(
    alice, bob, bobs, connect, pond
):
    socket = await connect(headers=bobs, path="/ws/chat/pond/", resume=await head(pond))

    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    await post(alice, pond, "Is he gone?")

    assert await socket.closed() == 4403
    assert "Is he gone?" not in "".join(socket.heard)
    assert "You are no longer in this room" in socket.heard[-1]
    assert 'id="live" hx-swap-oob="delete"' in socket.heard[-1]


@pytest.mark.parametrize("behind", (0, 1, 2, 9999))
async def test_who_is_taken_out_before_their_resume_hears_nothing_after_it(
    behind, alice, bob, bobs, connect, pond
):
    socket = await connect(headers=bobs, path="/ws/chat/pond/")
    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    await post(alice, pond, "Is he gone?")

    await socket.say(type="resume", after=max(0, await head(pond) - behind))

    assert await socket.closed() == 4403
    assert "Is he gone?" not in "".join(socket.heard)


async def test_who_becomes_a_guest_hears_no_more_of_rooms_that_they_are_not_in(
    alice, charlie, connect, sign_in
):
    room = await in_database(
        create_room, creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC
    )
    headers = cookie_headers(await in_database(sign_in, charlie))
    socket = await connect(headers=headers, path="/ws/chat/kitchen/", resume=await head(room))

    await in_database(change_person, editor=alice, person=charlie, role=Role.GUEST, is_active=True)

    assert await socket.closed() == 4403


@pytest.mark.parametrize("kind", RoomKind)
@pytest.mark.parametrize("role", (Role.MEMBER, Role.GUEST))
@pytest.mark.parametrize("is_in", (True, False))
def test_many_are_judged_as_one_is(kind, role, is_in, alice, invite):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=kind)
    person = invite("dora", role, rooms=[room] if is_in else [])

    one = Room.objects.visible_to(person).filter(pk=room.pk).exists()
    many = Room.objects.visible_pairs(
        {(each.pk, each.is_guest, room.pk) for each in (person, alice)}
    )

    assert ((person.pk, room.pk) in many) == one
    assert (alice.pk, room.pk) in many


# --- A browser's own session ----------------------------------------------------------------


def change_password(browser):
    typed = {"oldpassword": PASSWORD, "password1": PASSWORD + "s", "password2": PASSWORD + "s"}
    assert browser.post("/password/", typed).status_code == 303


async def test_who_changes_their_own_password_goes_on_reading_here_and_nowhere_else(
    alice, bob, lobby, connect, sign_in
):
    here, elsewhere = await in_database(sign_in, bob), await in_database(sign_in, bob)
    tabs = [await connect(here, "/ws/chat/general/", resume=0) for _tab in range(2)]
    other = await connect(elsewhere, "/ws/chat/general/", resume=0)

    await in_database(change_password, here)
    message = await post(alice, lobby, "Among those who know it")

    assert await other.closed() == 4401
    assert message.pk not in other.shown
    for tab in tabs:
        await tab.until_shown(message)


async def test_a_new_secret_key_ends_no_socket_of_a_browser_that_is_signed_in(
    alice, bob, lobby, connect, sign_in, settings
):
    browser = await in_database(sign_in, bob)
    socket = await connect(browser, "/ws/chat/general/", resume=0)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another " * 8

    key = browser.cookies["sessionid"].value
    assert (await in_database(browser.get, "/settings/")).status_code == 200
    assert browser.cookies["sessionid"].value != key
    await in_database(events.withdraw)

    await socket.until_shown(await post(alice, lobby))


async def test_a_program_whose_token_is_revoked_hears_nothing_after_it(alice, bob, lobby, connect):
    socket = await connect(token=await token_of(bob), path="/ws/chat/general/", resume=0)

    await in_database(lambda: revoke_token(person=bob, token=bob.tokens.get()))
    message = await post(alice, lobby)

    assert await socket.closed() == 4401
    assert message.pk not in socket.shown


async def test_who_signs_out_is_closed_before_any_tick(bob, lobby, connect, sign_in, monkeypatch):
    monkeypatch.setattr("chat.hub.hub.TICK_SECONDS", 3600)
    browser = await in_database(sign_in, bob)
    socket = await connect(browser, "/ws/chat/general/", resume=0)

    await in_database(browser.post, "/logout/")

    assert await socket.closed() == 4401


# --- Whatever the race ----------------------------------------------------------------------


@pytest.fixture
async def held_drain(bob, bobs, connect, lobby, monkeypatch):
    """Bob's socket, and a feed that has read but not yet rendered until `go` is set."""
    socket = await connect(headers=bobs, path="/ws/chat/general/", resume=0)
    has_read, go = threading.Event(), threading.Event()
    render = log.render

    def held(*arguments):
        has_read.set()
        assert go.wait(10)
        return render(*arguments)

    monkeypatch.setattr(log, "render", held)
    yield socket, has_read, go
    go.set()


async def test_who_signs_out_while_a_message_is_on_its_way_gets_no_later_one(
    alice, bob, lobby, held_drain, monkeypatch
):
    socket, has_read, go = held_drain
    await post(alice, lobby, "Before")
    await until(has_read.is_set)
    monkeypatch.setattr("chat.hub.hub.Hub._check_standing", _nothing)  # nor does a tick help

    await in_database(Session.objects.all().delete)
    await in_database(events.withdraw)
    late = await post(alice, lobby, "Late")
    go.set()

    assert await socket.closed() == 4401
    assert late.pk not in socket.shown


async def _nothing(_hub):
    return None


async def test_a_sidebar_tells_nothing_to_who_has_signed_out(
    alice, bob, bobs, pond, connect, monkeypatch
):
    socket = await connect(headers=bobs, path="/ws/chat/", resume=0)
    monkeypatch.setattr("chat.hub.hub.Hub._check_standing", _nothing)

    def sign_out():
        Session.objects.all().delete()
        events.withdraw()

    await in_database(sign_out)
    await post(alice, pond)

    assert await socket.closed() == 4401
    assert not any("data-unread" in frame for frame in socket.heard)


async def test_a_repeated_resume_tells_nothing_to_who_has_been_taken_out(
    alice, bob, bobs, pond, connect, quick_hub, monkeypatch
):
    socket = await connect(headers=bobs, path="/ws/chat/pond/", resume=await head(pond))
    monkeypatch.setattr("chat.hub.hub.Hub._check_standing", _nothing)
    monkeypatch.setattr(bells.bell, "answer", None)

    feed = quick_hub.feeds[pond.pk]
    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    feed.position = await head(pond)  # as if it had been looked at
    await socket.say(type="resume", after=1)

    assert await socket.closed() == 4403
    assert "member-count" not in "".join(socket.heard)


# --- Rooms that turn private, or are archived -----------------------------------------------


@pytest.fixture
def kitchen(alice, bob):
    room = create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    join_room(person=bob, room=room)
    return room


async def test_who_only_reads_along_is_shut_out_when_the_room_turns_private(
    alice, bob, charlie, kitchen, connect
):
    path = "/ws/chat/kitchen/"
    member = await connect(token=await token_of(bob), path=path, resume=0)
    reader = await connect(token=await token_of(charlie), path=path, resume=0)

    await in_database(make_private, editor=alice, room=kitchen)
    message = await post(alice, kitchen, "Among ourselves")

    assert await reader.closed() == 4403
    assert message.pk not in reader.shown
    await member.until_shown(message)
    assert any('class="room-name" data-kind="private"' in frame for frame in member.heard)


async def test_archiving_takes_the_box_away_from_every_open_page_and_gives_it_back(
    alice, bob, kitchen, connect
):
    page = await connect(token=await token_of(bob), path="/ws/chat/kitchen/", resume=0)

    await in_database(archive_room, archiver=alice, room=kitchen)
    state, rooms = await both(page)
    assert "it can be read, but not written in" in state
    assert "/rooms/kitchen/" not in rooms
    await page.say("Can you hear me?")
    await page.until_heard("#notice")

    await in_database(unarchive_room, archiver=alice, room=kitchen)
    state, rooms = await both(page)
    assert "data-archived" not in state
    assert "/rooms/kitchen/" in rooms
    await page.say("Now?")
    await page.until_heard("Now?")


async def both(page):
    """The next state of the room and the next sidebar, whichever comes first."""
    found = {}
    while len(found) < 2:
        frame = await page.hear()
        found |= {name: frame for name in ("room-state", "rooms") if f'id="{name}"' in frame}
    return found["room-state"], found["rooms"]


async def test_who_comes_back_to_a_room_that_was_archived_meanwhile_is_told(
    alice, bob, kitchen, connect
):
    await in_database(archive_room, archiver=alice, room=kitchen)

    page = await connect(token=await token_of(bob), path="/ws/chat/kitchen/", resume=9999)

    assert any('id="room-state" class="room-state" data-archived' in each for each in page.heard)
