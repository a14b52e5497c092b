"""What comes over a socket: the protocol, and everything that is not."""

import pytest

from chat import frames
from chat.database import in_database
from chat.frames import BadFrame
from chat.models import Message
from tests.bad.frames import BAD_PLACES, NOT_THE_PROTOCOL, SAID
from tests.sockets import token_of

ERROR = 'hx-swap-oob="innerHTML:#notice"'


@pytest.mark.parametrize("text", NOT_THE_PROTOCOL.values(), ids=NOT_THE_PROTOCOL.keys())
def test_what_begins_like_json_has_to_be_an_object_with_a_type(text):
    with pytest.raises(BadFrame):
        frames.parse(text)


@pytest.mark.parametrize("text", ("Hello", "null", "1", "true", '"{}"', " {}", "﻿{}", "", "NaN"))
def test_everything_else_is_text(text):
    assert frames.parse(text) == {"type": "post", "body": text}


def test_what_a_form_sends_is_an_object():
    text = '{"type": "resume", "after": "12", "HEADERS": {"HX-Request": "true"}}'

    assert frames.number(frames.parse(text), "after") == 12


@pytest.mark.parametrize("value", (None, ""))
def test_an_empty_number_is_none(value):
    assert frames.number({"after": value}, "after") is None
    assert frames.number({}, "after") is None


@pytest.mark.parametrize(
    ("value", "number"),
    ((0, 0), ("0", 0), ("007", 7), (2**63 - 1, 2**63 - 1), ("9" * 18, 10**18 - 1)),
)
def test_a_number_may_come_as_text(value, number):
    assert frames.number({"after": value}, "after") == number


@pytest.mark.parametrize("value", BAD_PLACES.values(), ids=BAD_PLACES.keys())
def test_a_place_is_a_whole_number_from_0_up(value):
    with pytest.raises(BadFrame, match="after"):
        frames.number({"after": value}, "after")


# --- Over a socket --------------------------------------------------------------------------


@pytest.fixture
async def socket(bob, connect, settings):
    settings.LIMIT_FRAMES = settings.LIMIT_POSTS = None
    return await connect(token=await token_of(bob), path="/ws/chat/general/", resume=0)


async def bodies():
    return await in_database(lambda: list(Message.objects.values_list("body", flat=True)))


@pytest.mark.django_db(transaction=True)
async def test_bad_frames_are_answered_with_a_sentence_each_and_the_socket_lives(
    socket, monkeypatch
):
    monkeypatch.setattr("chat.consumers.base.MAX_BAD_FRAMES", 1000)
    for name, frame in SAID.items():
        await socket.say(frame)
        answer = await socket.until_heard(ERROR)  # past who has come to be here meanwhile
        assert "<p" in answer, name

    await socket.say("Still here")

    await socket.until_heard("Still here")
    assert await bodies() == ["Still here"]


@pytest.mark.django_db(transaction=True)
async def test_ten_bad_frames_are_forgiven_and_the_eleventh_is_not(socket):
    for _time in range(10):
        await socket.say("{}")
        await socket.until_heard(ERROR)
    await socket.say("Still here")
    await socket.until_heard("Still here")

    await socket.say("[]")

    assert await socket.closed() == 4400
    assert "Please reload the page" in socket.heard[-1]


@pytest.mark.django_db(transaction=True)
async def test_what_is_not_json_is_a_message(socket):
    for text in ("null", "1", "true", " {}", "Hello"):
        await socket.say(text)
        await socket.until_heard('<li id="message-')

    assert await bodies() == ["null", "1", "true", "{}", "Hello"]


@pytest.mark.django_db(transaction=True)
async def test_members_that_nobody_asked_for_are_ignored(alice, bob, socket):
    forged = {"Authorization": "Bearer x", "HX-Request": "true", "Cookie": "sessionid=x"}

    await socket.say(
        type="post", body="Mine", nonce="nonce-of-bob", author=alice.pk, person=alice.pk,
        seq=1, html="<script>alert(1)</script>", HEADERS=forged, __class__="Person",
    )  # fmt: skip

    assert "<script>" not in await socket.until_heard('<li id="message-')
    message = await in_database(lambda: Message.objects.select_related("author").get())
    assert (message.author, message.body) == (bob, "Mine")


@pytest.mark.django_db(transaction=True)
async def test_of_two_members_of_the_same_name_the_last_one_counts(socket):
    await socket.say('{"type": "croak", "type": "post", "body": "First", "body": "Second"}')

    assert "Second" in await socket.until_heard('<li id="message-')
