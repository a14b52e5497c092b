"""Programs hear and do what their person may, and what their token is for."""

import json

from chat.actions.people import create_token, revoke_token
from chat.actions.rooms import create_room, join_room, leave_room, remove_from_room
from chat.database import in_database
from chat.models import ApiToken, Message, RoomKind
from tests.sockets import Program, post, token_of


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


async def test_what_is_anothers_stays_as_it_is(program, alice, bob, charlie, pond):
    hers = await post(alice, pond, "Hi")
    socket = await program(bob, resume={"cursors": {}})
    outside = await program(charlie, resume={"cursors": {}})

    await socket.say(type="edit", message=hers.pk, body="Ha", nonce="e")
    await outside.say(type="react", message=hers.pk, emoji="👍", nonce="r")

    refused, unseen = await socket.until("error"), await outside.until("error")
    assert (refused["code"], refused["nonce"]) == ("forbidden", "e")
    assert (unseen["code"], unseen["nonce"]) == ("not_found", "r")


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

    assert (await everywhere.until("left"))["room"] == "pond"
    await post(alice, lobby, "Not one")
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


async def test_what_somebody_is_refused_at_the_door_is_a_code(quick_hub, bob, lobby):
    nobody = Program("/ws/chat/", "nj_nonsense")
    nowhere = Program("/ws/chat/nowhere/", await token_of(bob))

    assert await nobody.open_and_closed() == 4401
    assert await nowhere.open_and_closed() == 4404
