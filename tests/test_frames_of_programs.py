"""The table of bad frames, said by programs that hear JSON: each is an `error` with a code."""

import pytest

from chat.database import in_database
from chat.frames import BadFrame
from chat.models import Message
from tests.bad.frames import BAD_BODIES, BAD_NONCES, NOT_THE_PROTOCOL, SAID, UNKNOWN

PATHS = ("/ws/chat/", "/ws/chat/general/")
# What can't be stored, where the rest is no frame at all.
INVALID = {f"{code} body: {name}" for name, (code, _body) in BAD_BODIES.items()}
INVALID |= {f"{code} nonce: {name}" for name, (code, nonce) in BAD_NONCES.items()
            if isinstance(nonce, str)}  # fmt: skip
INVALID |= {"W30 no body", "W23 an empty frame", "W23 text of zero width", "W32 text with NUL",
            "W15 long text", "W22 bytes", "W22 no bytes"}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_each_bad_frame_is_an_error_with_its_code_and_the_socket_lives(
    program, bob, lobby, monkeypatch, path
):
    monkeypatch.setattr("chat.consumers.base.MAX_BAD_FRAMES", 1000)
    socket = await program(bob, path, resume={})

    for name, said in SAID.items():
        if name.startswith("W33 after") and path == "/ws/chat/":
            continue  # there it is `cursors`, below
        await socket.say(said)
        error = await socket.until("error")
        assert error["code"] == ("invalid" if name in INVALID else "bad_frame"), name

    await socket.say("Still here")
    assert (await socket.until("message.posted"))["message"]["body"] == "Still here"
    assert await in_database(Message.objects.count) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_ten_bad_frames_are_forgiven_a_program_too(program, bob, lobby, path):
    socket = await program(bob, path, resume={})

    for _time in range(10):
        await socket.say("{}")
        assert (await socket.until("error"))["code"] == BadFrame.code
    await socket.say("Still here")
    await socket.until("ack")
    await socket.say("[]")

    assert await socket.closed() == 4400


def test_every_bad_type_and_shape_is_in_the_table():
    assert {*NOT_THE_PROTOCOL, *UNKNOWN} <= set(SAID)


@pytest.mark.parametrize(
    "cursors",
    ([], "general", 7, True, {"general": -1}, {"general": "a lot"}, {"general": {}},
     {"general": 2**63}, {"general": 1e3}, {"general": None}, {"\ud800": 1}, {"nowhere": 5},
     {"__class__": 1}),
    ids=repr,
)  # fmt: skip
async def test_w33_places_that_are_none_are_an_error_or_the_head(program, bob, lobby, cursors):
    socket = await program(bob)

    await socket.say(type="resume", cursors=cursors)
    await socket.say(type="ping")

    await socket.until("pong")
    kinds = [frame["type"] for frame in socket.frames]
    assert ("error" in kinds) != ("resumed" in kinds)
    await socket.say("Still here")
    await socket.until("ack")


async def test_w33_a_place_beyond_the_head_is_reset(program, bob, lobby):
    socket = await program(bob, resume={"cursors": {"general": 2**63 - 1}})

    reset = await socket.until("reset")
    resumed = await socket.until("resumed")

    assert reset["seq"] == resumed["seq"] == resumed["after"] == socket.hello["rooms"][0]["seq"]


async def test_w36_the_message_of_another_is_not_edited(program, alice, bob, lobby):
    hers, mine = await program(alice, resume={}), await program(bob, resume={})
    await hers.say("Hello")
    message = (await hers.until("ack"))["message"]

    await mine.say(type="edit", message=message, body="Goodbye", nonce="of bob's")

    error = await mine.until("error")
    assert (error["code"], error["nonce"]) == ("forbidden", "of bob's")
    assert await in_database(lambda: Message.objects.get().body) == "Hello"


async def test_a_nonce_that_is_too_long_is_not_sent_back(program, bob, lobby):
    socket = await program(bob, resume={})

    for frame in ({"type": "post", "body": "Hello"}, {"type": "delete", "message": 1}):
        await socket.say(**frame, nonce="n" * 65)
        error = await socket.until("error")
        assert (error["code"], error["nonce"]) == ("invalid", None)
