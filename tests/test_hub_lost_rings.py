"""What no ring has announced is found by the tick, and told in a person's open pages."""

import pytest

from chat.actions.rooms import (
    archive_room,
    change_room,
    create_room,
    invite_into_room,
    unarchive_room,
)
from chat.database import in_database
from chat.hub import bells
from chat.models import RoomKind
from tests.sockets import eventually, post, unread

pytestmark = pytest.mark.django_db(transaction=True)


async def all_told(here, person, room):
    """The tick has seen how the room looks, and nothing is about to be told to the person."""
    await eventually(lambda: room.pk in here._looks)
    await eventually(lambda: here.desks._desks[person.pk].timer is None)


async def test_a_lost_ring_of_another_room_is_found(alice, pond, his, quick_hub, monkeypatch):
    page = await his()
    await eventually(lambda: pond.pk in quick_hub._heads)  # the tick has seen where it ends
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        await post(alice, pond)

    assert unread(await page.until_heard("data-unread")) == ["pond"]


async def test_a_lost_ring_of_a_room_that_is_open_again_is_found(
    alice, bob, pond, his, quick_hub, monkeypatch
):
    await in_database(archive_room, archiver=alice, room=pond)
    page = await his()
    assert "/rooms/pond/" not in page.heard[-1]
    await all_told(quick_hub, bob, pond)
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        await in_database(unarchive_room, archiver=alice, room=pond)

    await page.until_heard("/rooms/pond/")


async def test_a_lost_ring_of_a_new_name_is_found_though_a_later_one_was_heard(
    alice, bob, pond, his, quick_hub, monkeypatch
):
    page = await his()
    await post(alice, pond)
    await page.until_heard("data-unread")
    await all_told(quick_hub, bob, pond)
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        await in_database(change_room, editor=alice, room=pond, name="Sea", purpose="")
        silence.undo()
        await post(alice, pond)

    await page.until_heard("Sea")


async def test_a_lost_ring_about_ones_own_rooms_is_found(alice, bob, his, quick_hub, monkeypatch):
    page = await his()
    await eventually(lambda: bob.pk in quick_hub._pointers)
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        room = await in_database(
            create_room, creator=alice, name="Shore", purpose="", kind=RoomKind.PRIVATE
        )
        await in_database(invite_into_room, inviter=alice, room=room, people=[bob])

    await page.until_heard(f"/rooms/{room.slug}/")


async def test_a_lost_ring_about_ones_own_rooms_is_found_though_one_has_just_read(
    alice, bob, his, quick_hub, monkeypatch
):
    monkeypatch.setattr("chat.hub.desks.WHILE_LOOKING_SECONDS", 3600)  # nothing else tells them
    page = await his()
    await eventually(lambda: bob.pk in quick_hub._pointers)
    room = await in_database(
        create_room, creator=alice, name="Shore", purpose="", kind=RoomKind.PRIVATE
    )
    with monkeypatch.context() as silence:
        silence.setattr(bells.bell, "answer", None)
        await in_database(invite_into_room, inviter=alice, room=room, people=[bob])
    quick_hub._know_of({bob.pk})  # what they have read is stored at the same moment

    await page.until_heard(f"/rooms/{room.slug}/")
