"""Who may no longer listen hears nothing more, whatever moment it happens in."""

import pytest

from chat.actions.people import change_person
from chat.actions.rooms import create_room, remove_from_room
from chat.database import in_database
from chat.models import Role, Room, RoomKind
from tests.sockets import cookie_headers, post

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
