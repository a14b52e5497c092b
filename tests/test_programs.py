"""Programs on a socket: JSON, one object a frame, of one room or of all that the person is in."""

import json

import pytest
from django.utils import timezone

from chat import payloads
from chat.actions.people import create_token, revoke_token
from chat.actions.rooms import (
    create_room,
    join_room,
    leave_room,
    remove_from_room,
)
from chat.database import in_database
from chat.models import ApiToken, Membership, Message, Person, Room, RoomKind
from tests.sockets import Program, eventually, post, token_of


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


async def test_a_room_that_is_not_theirs_is_none(program, charlie, pond, lobby):
    socket = await program(charlie, resume={"cursors": {}})

    for name in ("pond", "nowhere", "a/b", 7):
        await socket.say(type="post", body="Hello", room=name, nonce=f"nonce-{len(str(name)):04}")
        error = await socket.until("error")
        assert (error["code"], error["nonce"]) == ("not_found", f"nonce-{len(str(name)):04}")
    for kind in ("read", "typing"):
        await socket.say(type=kind, room="pond", seq=1)
        assert (await socket.until("error"))["code"] == "not_found"
    assert await in_database(Message.objects.filter(room=pond).count) == 0


async def test_a_socket_of_one_room_takes_nothing_for_another(program, bob, lobby, pond):
    socket = await program(bob, "/ws/chat/pond/", resume={})

    await socket.say(type="post", body="Hello", room="general")

    assert (await socket.until("error"))["code"] == "invalid"
    assert await in_database(Message.objects.count) == 0


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


async def test_what_is_anothers_stays_as_it_is(program, alice, bob, charlie, pond):
    hers = await post(alice, pond, "Hi")
    socket = await program(bob, resume={"cursors": {}})
    outside = await program(charlie, resume={"cursors": {}})

    await socket.say(type="edit", message=hers.pk, body="Ha", nonce="e")
    await outside.say(type="react", message=hers.pk, emoji="👍", nonce="r")

    refused, unseen = await socket.until("error"), await outside.until("error")
    assert (refused["code"], refused["nonce"]) == ("forbidden", "e")
    assert (unseen["code"], unseen["nonce"]) == ("not_found", "r")


async def test_who_resumes_gets_what_they_missed_and_then_what_comes(program, alice, bob, pond):
    place = (await post(alice, pond, "seen")).seq
    for number in range(3):
        await post(alice, pond, f"missed {number}")

    socket = await program(bob, path="/ws/chat/pond/?resume=1", resume={"after": place})
    resumed = await socket.until("resumed")
    await post(alice, pond, "live")
    await socket.until("message.posted")

    said = [frame["message"]["body"] for frame in socket.of("message.posted")]
    assert said == ["missed 0", "missed 1", "missed 2", "live"]
    assert (resumed["after"], resumed["seq"]) == (place, place + 3)
    seqs = [frame["seq"] for frame in socket.of("message.posted")]
    assert seqs == sorted(set(seqs))


async def test_cursors_name_a_place_for_each_room(program, alice, bob, lobby, pond):
    first = await post(alice, lobby, "l1")
    second = await post(alice, pond, "p1")
    await post(alice, lobby, "l2")
    await post(alice, pond, "p2")

    cursors = {"general": first.seq, "pond": str(second.seq), "elsewhere": 5}
    socket = await program(bob, "/ws/chat/?resume=1", resume={"cursors": cursors})
    for _ in range(2):
        await socket.until("resumed")

    said = {frame["message"]["body"] for frame in socket.of("message.posted")}
    assert said == {"l2", "p2"}


async def test_a_second_resume_brings_everything_again(program, alice, bob, pond):
    place = (await post(alice, pond, "first")).seq
    await post(alice, pond, "second")
    socket = await program(bob, "/ws/chat/pond/", resume={})
    await socket.until("resumed")

    await socket.say(type="resume", after=place)

    assert (await socket.until("message.posted"))["message"]["body"] == "second"
    await post(alice, pond, "third")
    assert (await socket.until("message.posted"))["message"]["body"] == "third"


@pytest.mark.parametrize("resume", ({"epoch": "another"}, {"after": 10**6}, {"after": 1}))
async def test_who_is_too_far_behind_is_told_where_the_log_ends(
    program, alice, bob, pond, resume, monkeypatch
):
    monkeypatch.setattr("chat.hub.feeds.MAX_MISSED", 2)
    for number in range(5):
        last = await post(alice, pond, f"{number}")

    socket = await program(bob, "/ws/chat/pond/?resume=1", resume=resume)

    reset = await socket.until("reset")
    resumed = await socket.until("resumed")
    assert (reset["room"], reset["seq"]) == ("pond", last.seq)
    assert (resumed["after"], resumed["seq"]) == (last.seq, last.seq)
    await post(alice, pond, "live")
    assert (await socket.until("message.posted"))["message"]["body"] == "live"


async def test_nothing_but_hello_comes_before_a_resume_that_was_announced(
    program, alice, bob, pond, monkeypatch
):
    monkeypatch.setattr("chat.consumers.base.RESUME_SECONDS", 0.01)
    patient = await program(bob, "/ws/chat/pond/?resume=1")
    eager = await program(bob, "/ws/chat/pond/")

    message = await post(alice, pond, "Hello")

    assert (await eager.until("message.posted"))["seq"] == message.seq
    assert patient.is_silent
    await patient.say(type="resume", after=message.seq - 1)
    assert (await patient.until("message.posted"))["seq"] == message.seq


async def test_rooms_are_followed_as_the_person_comes_and_goes(program, alice, bob, lobby, pond):
    socket = await program(bob, resume={"cursors": {}})
    well = await in_database(
        create_room, creator=alice, name="Well", purpose="", kind=RoomKind.PUBLIC
    )

    await in_database(join_room, person=bob, room=well)
    joined = (await socket.until("joined"))["room"]
    await post(alice, well, "Welcome")
    assert (await socket.until("message.posted"))["room"] == "well"
    await in_database(leave_room, person=bob, room=well)
    left = await socket.until("left")
    await post(alice, well, "Gone")
    await post(alice, pond, "Here")

    assert (joined["room"], left["room"]) == ("well", "well")
    assert (await socket.until("message.posted"))["message"]["body"] == "Here"
    assert "member.left" in [frame["type"] for frame in socket.frames]


async def test_who_is_put_out_of_a_private_room_hears_nothing_more_of_it(
    program, alice, bob, lobby, pond
):
    everywhere = await program(bob, resume={"cursors": {}})
    here = await program(bob, "/ws/chat/pond/", resume={})
    await here.until("resumed")

    await in_database(remove_from_room, remover=alice, room=pond, person=bob)
    await post(alice, pond, "A secret")
    await post(alice, lobby, "Not one")

    assert (await everywhere.until("left"))["room"] == "pond"
    assert (await everywhere.until("message.posted"))["message"]["body"] == "Not one"
    assert await here.closed() == 4403
    assert "A secret" not in json.dumps(everywhere.frames + here.frames)


async def test_a_revoked_token_ends_the_socket(program, bob, lobby):
    socket = await program(bob, resume={"cursors": {}})
    token = await in_database(ApiToken.objects.get, person=bob)

    await in_database(revoke_token, person=bob, token=token)

    assert await socket.closed() == 4401


async def test_a_token_is_for_what_its_scopes_say(quick_hub, settings, alice, bob, lobby, pond):
    posting = await in_database(create_token, person=bob, label="a", scopes=["post"])
    reading = await in_database(create_token, person=bob, label="b", scopes=["read"])
    writer = await Program("/ws/chat/", posting).open()
    reader = await Program("/ws/chat/pond/", reading).open()
    await reader.say(type="resume")
    await reader.until("resumed")

    await writer.say(type="resume", nonce="resuming")
    await writer.say(type="post", body="Hello", room="pond", nonce="nonce-0001")
    await reader.say(type="post", body="Hello", nonce="nonce-0002")

    assert (writer.hello["scopes"], writer.hello["rooms"]) == (["post"], [])
    assert (await writer.until("error"))["code"] == "forbidden"
    assert (await writer.until("ack"))["nonce"] == "nonce-0001"
    await reader.until("message.posted")
    await reader.say(type="ping")
    await reader.until("pong")
    assert reader.of("error")[0]["nonce"] == "nonce-0002"
    assert len(reader.of("message.posted")) == 1
    assert not writer.of("message.posted")
    await writer.hang_up()
    await reader.hang_up()


async def test_who_may_not_read_is_not_waited_for(quick_hub, monkeypatch, bob, lobby):
    monkeypatch.setattr("chat.consumers.base.PAGE_RESUME_SECONDS", 0)
    posting = await in_database(create_token, person=bob, label="a", scopes=["post"])
    writer = await Program("/ws/chat/?resume=1", posting).open()

    await writer.say(type="ping")
    await writer.until("pong")
    await writer.say("Hello")

    assert (await writer.until("ack"))["room"] == "general"
    await writer.hang_up()


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
        await socket.until("resumed")
    told.clear()

    await post(alice, pond, "Hello")

    for socket in sockets:
        await socket.until("message.posted")
    assert len(told) == 1


async def test_what_somebody_is_refused_at_the_door_is_a_code(quick_hub, bob, lobby):
    nobody = Program("/ws/chat/", "nj_nonsense")
    nowhere = Program("/ws/chat/nowhere/", await token_of(bob))

    assert await nobody.open_and_closed() == 4401
    assert await nowhere.open_and_closed() == 4404
