"""Programs on a socket: JSON, one object a frame, of one room or of all that the person is in."""

import pytest
from django.utils import timezone

from chat import payloads
from chat.database import in_database
from chat.models import Membership, Message, Person, Room
from tests.sockets import eventually, post


async def test_a_program_is_told_who_it_is_and_where(program, alice, bob, lobby, pond):
    await post(alice, pond, "Hello")

    socket = await program(bob)

    hello = socket.hello
    assert (hello["protocol"], hello["person"]) == ("chat.v1", payloads.person(bob))
    rooms = {room["room"]: room for room in hello["rooms"]}
    pond = await in_database(Room.objects.get, pk=pond.pk)
    assert set(rooms) == {"general", "pond"}
    assert (rooms["pond"]["seq"], rooms["pond"]["unread"]) == (pond.last_seq, 1)
    assert (rooms["pond"]["name"], rooms["pond"]["kind"]) == ("Pond", "private")


async def test_all_rooms_come_over_one_socket_each_in_its_order(program, alice, bob, lobby, pond):
    socket = await program(bob, resume={"cursors": {}})

    for number in range(3):
        await post(alice, lobby, f"l{number}")
        await post(alice, pond, f"p{number}")

    bodies = {"general": [], "pond": []}
    while sum(map(len, bodies.values())) < 6:
        frame = await socket.until("message.posted")
        bodies[frame["room"]].append(frame["message"]["body"])
    assert bodies == {"general": ["l0", "l1", "l2"], "pond": ["p0", "p1", "p2"]}


async def test_one_rooms_socket_hears_of_that_room_alone(program, alice, bob, lobby, pond):
    socket = await program(bob, "/ws/chat/pond/", resume={})

    await post(alice, lobby, "elsewhere")
    await post(alice, pond, "here")

    frame = await socket.until("message.posted")
    assert (frame["room"], frame["message"]["body"]) == ("pond", "here")
    assert [room["room"] for room in socket.hello["rooms"]] == ["pond"]


async def test_what_is_sent_is_acknowledged_when_it_is_durable(program, bob, lobby):
    socket = await program(bob, resume={"cursors": {}})

    await socket.say(type="post", body="Hello", nonce="nonce-0001")
    ack = await socket.until("ack")

    message = await in_database(Message.objects.get, pk=ack["message"])
    assert (ack["nonce"], ack["room"], ack["seq"]) == ("nonce-0001", "general", message.seq)
    assert message.body == "Hello"


async def test_a_nonce_makes_a_retry_safe(program, bob, lobby):
    socket = await program(bob, resume={"cursors": {}})

    for _ in range(2):
        await socket.say(type="post", body="Hello", nonce="nonce-0001")
    first, second = await socket.until("ack"), await socket.until("ack")

    assert first["message"] == second["message"]
    assert await in_database(Message.objects.filter(nonce="nonce-0001").count) == 1
    await socket.say(type="post", body="Another", nonce="nonce-0001")
    error = await socket.until("error")
    assert (error["code"], error["nonce"]) == ("conflict", "nonce-0001")


async def test_plain_text_is_a_message(program, alice, bob, lobby, pond):
    everywhere = await program(bob, resume={"cursors": {}})
    here = await program(bob, "/ws/chat/pond/", resume={})

    await everywhere.say("Hello, server!")
    await here.say("Hello, pond!")

    assert (await everywhere.until("ack"))["room"] == "general"
    assert (await here.until("ack"))["room"] == "pond"


async def test_a_post_names_its_room(program, bob, pond, lobby):
    socket = await program(bob, resume={"cursors": {}})

    await socket.say(type="post", body="Hello", room="pond")

    assert (await socket.until("ack"))["room"] == "pond"


async def test_messages_are_edited_deleted_and_reacted_to(program, alice, bob, pond):
    mine, hers = await post(bob, pond, "Helo"), await post(alice, pond, "Hi")
    socket = await program(bob, resume={"cursors": {}})

    await socket.say(type="edit", message=mine.pk, body="Hello", nonce="e")
    assert (await socket.until("message.edited"))["message"]["body"] == "Hello"
    await socket.say(type="react", message=hers.pk, emoji="👍")
    assert (await socket.until("reaction.added"))["emoji"] == "👍"
    await socket.say(type="react", message=str(hers.pk), emoji="👍")
    assert (await socket.until("reaction.removed"))["message"]["id"] == hers.pk
    await socket.say(type="delete", message=mine.pk)
    deleted = (await socket.until("message.deleted"))["message"]

    assert (deleted["body"], deleted["html"]) == ("", "")
    while len(socket.of("ack")) < 4:
        await socket.hear()
    acks = [frame["nonce"] for frame in socket.of("ack")]
    assert acks == ["e", None, None, None]


async def test_who_types_is_shown_to_the_others_by_name(program, alice, bob, pond):
    hers = await program(alice, resume={"cursors": {}})
    his = await program(bob, "/ws/chat/pond/", resume={})
    await hers.until("resumed")
    await his.until("resumed")

    await hers.say(type="typing", room="pond")

    frame = await his.until("typing")
    assert (frame["room"], frame["people"]) == ("pond", [payloads.person(alice)])
    await post(alice, pond, "Done")
    assert (await his.until("typing"))["people"] == []
    assert not hers.of("typing")


async def test_who_is_here_is_counted(program, alice, bob, pond):
    now = timezone.now()  # what the hub writes of it is written in passing, or not at all
    await in_database(Person.objects.filter(pk=bob.pk).update, present_at=now, seen_at=now)
    socket = await program(bob, "/ws/chat/pond/", resume={})
    while not (frame := await socket.until("presence"))["count"]:
        pass

    assert (frame["room"], frame["count"], frame["names"]) == ("pond", 1, ["Bob"])


async def test_what_was_read_is_stored(program, alice, bob, pond):
    message = await post(alice, pond, "Hello")
    socket = await program(bob, resume={"cursors": {}})
    await socket.until("resumed")

    await socket.say(type="read", room="pond", seq=message.seq)

    mine = Membership.objects.filter(person=bob, room=pond, read_seq__gte=message.seq)
    assert await eventually(mine.exists)


async def test_a_ping_is_answered(program, bob, lobby):
    socket = await program(bob)

    await socket.say(type="ping")

    assert await socket.until("pong") == {"type": "pong"}


@pytest.mark.parametrize(
    "text",
    (
        "{",
        "[]",
        '{"type":7}',
        '{"type":"dance"}',
        '{"type":"resume","cursors":7}',
        '{"type":"resume","cursors":{"pond":-1}}',
        '{"type":"post","body":"a","nonce":{}}',
    ),
)
async def test_what_is_no_frame_is_answered_by_an_error(program, bob, pond, text):
    socket = await program(bob)

    await socket.say(text)

    error = await socket.until("error")
    assert error["code"] == "bad_frame"
    assert error["detail"]


async def test_half_a_character_is_refused_and_can_be_told(program, bob, pond):
    socket = await program(bob)

    await socket.say('{"type":"post","body":"\\ud800","nonce":"\\ud800"}')

    error = await socket.until("error")
    assert error["code"] == "invalid"
    socket.heard[-1].encode()


async def test_bad_frames_again_and_again_end_the_socket(program, bob, lobby):
    socket = await program(bob)

    for _ in range(11):
        await socket.say("{")

    assert await socket.closed() == 4400


async def test_a_flood_is_told_and_ended(program, bob, lobby, settings):
    socket = await program(bob)
    settings.LIMIT_FRAMES = settings.LIMIT_SIGNINS.__class__(3, 3600)

    for _ in range(5):
        await socket.say('{"type":"suggest"}')

    assert await socket.closed() == 4429


async def test_too_many_posts_are_refused_with_a_time_to_wait(program, bob, lobby, settings):
    socket = await program(bob)
    settings.LIMIT_POSTS = settings.LIMIT_SIGNINS.__class__(1, 3600)

    for number in range(2):
        await socket.say(type="post", body="Hello", nonce=f"nonce-{number:04}")
    error = await socket.until("error")

    assert (error["code"], error["nonce"]) == ("too_many", "nonce-0001")
    assert 0 < error["retry_after"] <= 3600


async def test_one_rendering_serves_all_programs_of_a_room(program, alice, bob, pond, monkeypatch):
    told = []
    rendered = payloads.events
    monkeypatch.setattr(payloads, "events", lambda entries: told.append(1) or rendered(entries))
    sockets = [await program(each, resume={"cursors": {}}) for each in (alice, bob, bob)]
    for socket in sockets:
        for _room in socket.hello["rooms"]:
            await socket.until("resumed")
    told.clear()

    await post(alice, pond, "Hello")

    for socket in sockets:
        await socket.until("message.posted")
    assert len(told) == 1
