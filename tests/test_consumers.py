"""A socket from its first frame to its last."""

import asyncio

import pytest
from django.utils import timezone

from chat import consumers, hub
from chat.actions.people import change_person
from chat.actions.rooms import create_room, join_room, leave_room
from chat.database import in_database
from chat.models import ApiToken, Message, Role, RoomKind
from project.environment import Rate
from tests.sockets import cookie_headers, eventually, post, token_of, until
from tests.visits import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = "/ws/chat/general/"


@pytest.fixture
async def his(bob, connect):
    """A program of Bob's in the lobby."""
    return await connect(token=await token_of(bob), path=ROOM, resume=0)


async def bodies(room=None):
    found = Message.objects.filter(room=room) if room else Message.objects.all()
    return await in_database(lambda: [message.body for message in found])


async def test_plain_text_is_a_message_to_everybody_in_the_room(alice, his, connect):
    hers = await connect(token=await token_of(alice), path=ROOM, resume=0)

    await his.say("Hello, server!")

    assert "Hello, server!" in await hers.until_heard('<li id="message-')
    assert "Hello, server!" in await his.until_heard('<li id="message-')


async def test_text_without_a_room_goes_to_the_lobby(bob, lobby, pond, connect):
    socket = await connect(token=await token_of(bob), path="/ws/chat/", resume=0)

    await socket.say("Hello, server!")
    await socket.say(type="post", body="Once more")
    await socket.say("{}")

    await socket.until_heard("#notice")
    assert await bodies(lobby) == ["Hello, server!", "Once more"]


async def test_a_retry_with_the_same_nonce_is_one_message_seen_once(lobby, his, bob):
    for _time in range(3):
        await his.say(type="post", body="Only once", nonce="nonce-of-bob")
    await his.say("{}")
    await his.until_heard("#notice")
    last = await post(bob, lobby)

    await his.until_shown(last)

    assert len(his.shown) == 2
    assert await in_database(Message.objects.count) == 2


async def test_a_nonce_of_another_text_is_refused(his):
    await his.say(type="post", body="First", nonce="nonce-of-bob")
    await his.say(type="post", body="Second", nonce="nonce-of-bob")

    assert "has already sent another message" in await his.until_heard("#notice")
    assert await bodies() == ["First"]


async def test_who_only_reads_along_is_told_to_join(alice, bob, connect):
    room = await in_database(
        create_room, creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC
    )
    socket = await connect(token=await token_of(bob), path="/ws/chat/kitchen/", resume=0)

    await socket.say("Let me in")
    assert "Join the room to write in it." in await socket.until_heard("#notice")
    await in_database(join_room, person=bob, room=room)
    await socket.say("I am in")

    await socket.until_heard('<li id="message-')
    assert await bodies() == ["I am in"]


async def test_who_leaves_a_public_room_reads_on_and_writes_no_more(alice, bob, connect):
    room = await in_database(
        create_room, creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC
    )
    await in_database(join_room, person=bob, room=room)
    socket = await connect(token=await token_of(bob), path="/ws/chat/kitchen/", resume=0)

    await in_database(leave_room, person=bob, room=room)
    message = await post(alice, room)

    await socket.until_shown(message)
    await socket.say("Still me")
    await socket.until_heard("Join the room to write in it.")


async def test_who_leaves_a_private_room_hears_nothing_after_it(alice, bob, pond, connect):
    socket = await connect(token=await token_of(bob), path="/ws/chat/pond/", resume=0)

    await in_database(leave_room, person=bob, room=pond)
    await post(alice, pond, "Among ourselves")

    assert await socket.closed() == 4403
    assert "Among ourselves" not in "".join(socket.heard)


async def test_a_flood_of_frames_ends_the_socket(his, settings):
    settings.LIMIT_FRAMES = Rate(20, 3600)
    for _time in range(30):
        await his.say(type="read", seq=1)

    assert await his.closed() == 4429
    assert "sent too much" in his.heard[-1]


async def test_what_comes_at_once_is_stored_in_its_order_and_refused_one_by_one(
    lobby, his, settings
):
    settings.LIMIT_FRAMES = settings.LIMIT_POSTS = None
    texts = [f"Message {number}" for number in range(40)]
    await his.say(*texts[:20], "[", *texts[20:30], "", *texts[30:])
    await his.until_heard(f"{texts[-1]}<")

    assert await bodies(lobby) == texts
    refusals = [frame for frame in his.heard if "#notice" in frame]
    assert ["or a JSON object" in frame for frame in refusals] == [True, False]
    assert len(his.heard) - len(refusals) < len(texts) / 2


async def test_what_stands_before_the_frame_that_ends_the_socket_is_stored(his, settings):
    settings.LIMIT_FRAMES = Rate(5, 3600)
    await his.say(*(f"Message {number}" for number in range(10)))

    assert await his.closed() == 4429
    assert await bodies() == [f"Message {number}" for number in range(5)]


async def test_a_nonce_that_is_no_text_is_refused_and_its_neighbours_are_stored(lobby, his):
    await his.say("Before", '{"type": "post", "body": "Deep", "nonce": [[["x"]]]}', "Behind")

    assert "has to be a text" in await his.until_heard("#notice")
    await his.until_heard("Behind<")
    assert await bodies(lobby) == ["Before", "Behind"]


async def test_too_many_posts_are_refused_and_the_socket_lives(his, settings):
    settings.LIMIT_POSTS = Rate(2, 3600)
    for number in range(3):
        await his.say(f"Post {number}")

    assert "too quick" in await his.until_heard("#notice")
    assert await bodies() == ["Post 0", "Post 1"]


# --- Who may no longer listen ---------------------------------------------------------------


def sign_out(bob, browser, alice):
    browser.logout()


def deactivate(bob, browser, alice):
    change_person(editor=alice, person=bob, role=bob.role, is_active=False)


def change_password(bob, browser, alice):
    bob.set_password(PASSWORD + "s")
    bob.save()


def revoke(bob, browser, alice):
    ApiToken.objects.update(revoked_at=timezone.now())


@pytest.mark.parametrize(
    ("deed", "way"),
    (
        (sign_out, "cookie"),
        (deactivate, "cookie"),
        (deactivate, "token"),
        (change_password, "cookie"),
        (revoke, "token"),
    ),
)
@pytest.mark.parametrize("tick_seconds", (0.1, 3600))
async def test_a_post_is_refused_from_that_moment_and_the_socket_ends_with_the_tick(
    deed, way, tick_seconds, alice, bob, sign_in, connect, quick_hub, monkeypatch
):
    browser = await in_database(sign_in, bob)
    by = {"token": await token_of(bob)} if way == "token" else {"headers": cookie_headers(browser)}
    if way == "token":
        browser = None
    socket = await connect(path=ROOM, resume=0, **by)
    monkeypatch.setattr("chat.hub.hub.TICK_SECONDS", tick_seconds)

    await in_database(deed, bob, browser, alice)
    await socket.say("I am still here")

    if tick_seconds < 1:
        assert await socket.closed() == 4401
        assert "You have been signed out." in socket.heard[-1]
    else:
        await socket.until_heard("You have been signed out.")
    assert await bodies() == []


async def test_signing_out_of_one_browser_leaves_the_other_ones_socket(
    bob, lobby, sign_in, connect, quick_hub
):
    here, there = await in_database(sign_in, bob), await in_database(sign_in, bob)
    gone = await connect(headers=cookie_headers(here), path=ROOM, resume=0)
    stays = await connect(headers=cookie_headers(there), path=ROOM, resume=0)

    await in_database(here.logout)

    assert await gone.closed() == 4401
    await stays.until_shown(await post(bob, lobby))


# --- Life and end ---------------------------------------------------------------------------


async def test_a_page_gets_a_heartbeat_by_itself(his, monkeypatch):
    monkeypatch.setattr("chat.hub.hub.BEAT_SECONDS", 1)

    assert "every 45s" in await his.until_heard('id="connection"')


async def test_a_page_that_wants_its_sidebar_alone_gets_no_messages(alice, bob, lobby, connect):
    socket = await connect(token=await token_of(bob), path=f"{ROOM}?list=off", resume=0)

    await post(alice, lobby, "For the list")

    await socket.until_heard("data-unread")
    assert not socket.shown
    assert "For the list" not in "".join(socket.heard)


async def test_a_socket_that_has_to_come_back_ends_without_a_code_of_its_own(his, quick_hub):
    (reader,) = quick_hub.readers

    await reader.close(1011)

    with pytest.raises(consumers.ComeBack):
        await his.future
    assert not quick_hub.readers


async def test_a_reader_that_fails_ends_alone(alice, bob, lobby, his, connect, quick_hub):
    async def fail(_text):
        raise OSError("The line is cut")

    hers = await connect(token=await token_of(alice), path=ROOM, resume=0)
    [broken] = [reader for reader in quick_hub.readers if reader.person_id == bob.pk]
    broken.write = fail
    message = await post(alice, lobby)

    await hers.until_shown(message)
    with pytest.raises(consumers.ComeBack):
        await his.future


async def test_who_hangs_up_is_forgotten(alice, bob, lobby, his, quick_hub):
    await his.hang_up()

    assert not quick_hub.readers
    assert not quick_hub.feeds
    assert not quick_hub.desks.people
    assert (await post(alice, lobby)).seq


async def test_a_page_hears_nothing_until_it_has_named_its_place(
    bob, lobby, connect, quick_hub, monkeypatch
):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 0.01)
    missed = await post(bob, lobby)
    page = await connect(token=await token_of(bob), path=f"{ROOM}?resume=1&title=Pond")
    live = await post(bob, lobby)
    await until(lambda: quick_hub.feeds[lobby.pk].position >= live.seq)
    await asyncio.sleep(0.05)  # longer than a program waits
    assert not page.shown

    await page.say(type="resume", after=missed.seq - 1)

    await page.until_shown(missed, live)
    assert page.shown == [missed.pk, live.pk]


async def test_a_socket_whose_page_names_no_place_has_to_come_back(bob, connect, monkeypatch):
    monkeypatch.setattr("chat.consumers.base.PAGE_RESUME_SECONDS", 0.01)
    page = await connect(token=await token_of(bob), path=f"{ROOM}?resume=1&title=Pond")

    with pytest.raises(consumers.ComeBack):
        await page.closed()


async def test_a_page_without_a_list_resumes_without_a_place(bob, connect, monkeypatch):
    monkeypatch.setattr("chat.consumers.base.PAGE_RESUME_SECONDS", 1.0)
    page = await connect(token=await token_of(bob), path="/ws/chat/?resume=1&list=off&title=People")
    await page.say(type="resume")
    await page.until_heard('id="rooms"')

    await asyncio.sleep(1.2)  # longer than a page may take

    await page.say(type="resume")
    await page.until_heard('id="connection"')


async def test_one_who_hangs_up_before_the_first_resume_leaves_nothing_behind(
    bob, connect, quick_hub
):
    socket = await connect(token=await token_of(bob), path=ROOM)

    await socket.hang_up()

    assert not quick_hub.readers
    assert not quick_hub.feeds


async def test_a_guest_writes_to_the_first_room_they_are_in(alice, invite, connect):
    def make():
        room = create_room(creator=alice, name="Shore", purpose="", kind=RoomKind.PRIVATE)
        return room, invite("gil", Role.GUEST, [room])

    shore, gil = await in_database(make)
    socket = await connect(token=await token_of(gil), path="/ws/chat/", resume=0)

    await socket.say("Ribbit")
    await socket.say("{}")

    await socket.until_heard("#notice")
    assert await bodies(shore) == ["Ribbit"]


async def test_a_post_may_name_its_room_where_the_address_names_none(bob, pond, connect):
    program = await connect(token=await token_of(bob), path="/ws/chat/", resume=0)

    await program.say(type="post", room=pond.slug, body="Hello, pond!")

    assert await eventually(lambda: Message.objects.filter(room=pond, body="Hello, pond!").first())


@pytest.mark.parametrize("slug", ("pond", "nowhere", "a\0b", ["pond"], 7))
async def test_a_post_for_a_room_that_is_not_theirs_is_stored_nowhere(slug, charlie, pond, connect):
    program = await connect(token=await token_of(charlie), path="/ws/chat/", resume=0)

    await program.say(type="post", room=slug, body="Hello?")

    await program.until_heard("There is no such room, or it is not for you.")
    assert await bodies() == []


async def test_a_token_outlives_a_new_password(bob, connect, quick_hub):
    program = await connect(token=await token_of(bob), path="/ws/chat/", resume=0)

    await in_database(change_password, bob, None, None)
    await hub.current()._check_standing()
    await program.say("Still here")

    assert await eventually(lambda: Message.objects.filter(body="Still here").first())
