"""Frames that edit, delete and react."""

import pytest

from chat.actions.rooms import create_room
from chat.database import in_database
from chat.models import Message, RoomKind
from tests.sockets import post, token_of

pytestmark = pytest.mark.django_db(transaction=True)
ROOM = "/ws/chat/general/"


@pytest.fixture
async def his(bob, connect):
    """A program of Bob's in the lobby."""
    return await connect(token=await token_of(bob), path=ROOM, resume=0)


async def bodies(room):
    return await in_database(lambda: [each.body for each in Message.objects.filter(room=room)])


async def test_frames_edit_react_and_delete_as_pages_do(bob, lobby, his):
    message = await post(bob, lobby)

    await his.say(type="edit", message=message.pk, body="Better")
    assert "Better" in await his.until_heard(f"outerHTML:.content-{message.pk}")
    await his.say(type="react", message=str(message.pk), emoji="👍")
    assert "👍" in await his.until_heard(f"outerHTML:.reactions-{message.pk}")
    await his.say(type="delete", message=message.pk)
    assert "deleted" in await his.until_heard(f"outerHTML:.content-{message.pk}")

    assert await bodies(lobby) == [""]


async def test_an_edit_that_names_an_older_version_overwrites_no_newer_one(bob, lobby, his):
    message = await post(bob, lobby)
    await his.say(type="edit", message=message.pk, body="Better")
    await his.until_heard(f"outerHTML:.content-{message.pk}")

    await his.say(type="edit", message=message.pk, body="Worse", version=1)
    assert "edited after you had opened it" in await his.until_heard("#notice")
    assert await bodies(lobby) == ["Better"]

    await his.say(type="edit", message=message.pk, body="Best", version="2")
    assert "Best" in await his.until_heard(f"outerHTML:.content-{message.pk}")


@pytest.mark.parametrize(
    "frame",
    (
        {"type": "edit", "body": "Not mine"},
        {"type": "delete"},
        {"type": "react", "emoji": "no emoji"},
        {"type": "react", "emoji": ["👍"]},
        {"type": "react"},
        {"type": "edit", "message": "x", "body": "x"},
        {"type": "edit", "message": 2**62, "body": "x"},
        {"type": "edit", "body": ""},
        {"type": "delete", "message": None},
    ),
)
async def test_what_may_not_be_changed_is_refused_in_a_sentence(frame, alice, lobby, his):
    message = await post(alice, lobby)

    await his.say(**{"message": message.pk, **frame})

    await his.until_heard("#notice")
    assert await bodies(lobby) == [message.body]


async def test_a_message_of_a_room_that_is_not_theirs_does_not_exist(alice, pond, charlie, connect):
    message = await post(alice, await in_database(private_room, alice))
    socket = await connect(token=await token_of(charlie), path=ROOM, resume=0)

    for frame in ({"type": "react", "emoji": "👍"}, {"type": "delete"}):
        await socket.say(message=message.pk, **frame)
        assert "There is no such message" in await socket.until_heard("#notice")


def private_room(creator):
    return create_room(creator=creator, name="Attic", purpose="", kind=RoomKind.PRIVATE)
