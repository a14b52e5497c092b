import re

import pytest

from chat.actions.messages import post_message
from chat.actions.rooms import (
    archive_room,
    change_room,
    create_room,
    find_direct_room,
    invite_into_room,
    join_room,
    leave_room,
    make_private,
    make_public,
    open_direct_room,
    remove_from_room,
    unarchive_room,
)
from chat.errors import Refused
from chat.models import Event, EventKind, Membership, Person, Role, Room, RoomKind
from chat.sidebar import lines_for

pytestmark = pytest.mark.django_db


def make_room(creator, name="Kitchen", kind=RoomKind.PUBLIC):
    return create_room(creator=creator, name=name, purpose="", kind=kind)


def log(room):
    return list(Event.objects.filter(room=room).order_by("seq").values_list("kind", "person__name"))


def members(room):
    return sorted(room.members.values_list("username", flat=True))


# --- Create --------------------------------------------------------------------------------


def test_who_creates_a_room_is_in_it(bob):
    room = make_room(bob)

    assert members(room) == ["bob"]
    assert log(room) == [(EventKind.MEMBER_JOINED, "Bob")]
    assert room.created_by == bob


def test_rooms_of_one_name_have_addresses_of_their_own(bob):
    slugs = [make_room(bob, "Kitchen").slug for _ in range(3)]

    assert slugs == ["kitchen", "kitchen-2", "kitchen-3"]


def test_who_makes_a_room_learns_nothing_of_a_private_one_of_its_name(alice, bob):
    hidden = create_room(creator=alice, name="Layoffs", purpose="", kind=RoomKind.PRIVATE)

    assert make_room(bob, "Layoffs").slug == "layoffs"
    twin = create_room(creator=bob, name="Layoffs", purpose="", kind=RoomKind.PRIVATE)
    for room in (hidden, twin):
        assert re.fullmatch(r"layoffs-[0-9a-f]{8}", room.slug)


def test_a_name_without_letters_still_has_an_address(bob):
    assert make_room(bob, "🐸").slug


def test_a_room_keeps_its_address_when_it_is_renamed(bob):
    room = make_room(bob)

    change_room(editor=bob, room=room, name="Galley", purpose="Lunch")

    room.refresh_from_db()
    assert (room.slug, room.name, room.purpose) == ("kitchen", "Galley", "Lunch")


def test_guests_create_no_rooms(invite):
    guest = invite("greta", Role.GUEST)

    with pytest.raises(Refused):
        make_room(guest)

    assert not Room.objects.filter(name="Kitchen").exists()


# --- Join and leave ------------------------------------------------------------------------


def test_joining_a_public_room_twice_is_joining_it_once(alice, bob):
    room = make_room(alice)

    join_room(person=bob, room=room)
    join_room(person=bob, room=room)

    assert log(room) == [(EventKind.MEMBER_JOINED, "Alice"), (EventKind.MEMBER_JOINED, "Bob")]


def test_nobody_joins_a_private_room(charlie, pond):
    with pytest.raises(Refused):
        join_room(person=charlie, room=pond)

    assert members(pond) == ["alice", "bob"]


def test_guests_join_no_public_room(invite, alice):
    guest, room = invite("greta", Role.GUEST), make_room(alice)

    with pytest.raises(Refused):
        join_room(person=guest, room=room)


def test_what_was_said_before_one_came_is_not_news(alice, bob):
    room = make_room(alice)
    message = post_message(author=alice, room=room, body="Hello", nonce="nonce-1")

    join_room(person=bob, room=room)

    assert Membership.objects.get(room=room, person=bob).read_seq >= message.seq


def test_leaving_twice_is_leaving_once(bob, pond):
    leave_room(person=bob, room=pond)
    leave_room(person=bob, room=pond)

    assert members(pond) == ["alice"]
    assert log(pond).count((EventKind.MEMBER_LEFT, "Bob")) == 1


def test_members_do_not_leave_the_lobby(bob, lobby):
    with pytest.raises(Refused):
        leave_room(person=bob, room=lobby)

    assert "bob" in members(lobby)


def test_guests_may_leave_the_lobby(invite, lobby):
    guest = invite("greta", Role.GUEST, rooms=[lobby])

    leave_room(person=guest, room=lobby)

    assert "greta" not in members(lobby)


def test_nobody_leaves_a_direct_conversation(alice, bob):
    room = open_direct_room(opener=alice, others=[bob])

    with pytest.raises(Refused):
        leave_room(person=bob, room=room)


# --- Invite and remove ---------------------------------------------------------------------


def test_whoever_is_in_a_room_puts_others_into_it_once(bob, charlie, pond):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    invite_into_room(inviter=bob, room=pond, people=[charlie])

    assert members(pond) == ["alice", "bob", "charlie"]
    assert log(pond).count((EventKind.MEMBER_JOINED, "Charlie")) == 1
    assert Event.objects.get(room=pond, person=charlie).actor == bob


def test_who_is_not_in_a_room_puts_nobody_into_it(charlie, pond):
    with pytest.raises(Refused):
        invite_into_room(inviter=charlie, room=pond, people=[charlie])

    assert members(pond) == ["alice", "bob"]


def test_guests_put_nobody_into_a_room(invite, charlie, pond):
    guest = invite("greta", Role.GUEST, rooms=[pond])

    with pytest.raises(Refused):
        invite_into_room(inviter=guest, room=pond, people=[charlie])


def test_nobody_is_put_into_a_direct_conversation(alice, bob, charlie):
    room = open_direct_room(opener=alice, others=[bob])

    with pytest.raises(Refused):
        invite_into_room(inviter=alice, room=room, people=[charlie])

    assert members(room) == ["alice", "bob"]


def test_an_administrator_takes_somebody_out_once(alice, bob, pond):
    remove_from_room(remover=alice, room=pond, person=bob)
    remove_from_room(remover=alice, room=pond, person=bob)

    assert members(pond) == ["alice"]
    assert log(pond).count((EventKind.MEMBER_REMOVED, "Bob")) == 1


def test_members_take_nobody_out_of_somebody_elses_room(alice, bob, pond):
    with pytest.raises(Refused):
        remove_from_room(remover=bob, room=pond, person=alice)

    assert members(pond) == ["alice", "bob"]


def test_nobody_is_taken_out_of_the_lobby(alice, bob, lobby):
    with pytest.raises(Refused):
        remove_from_room(remover=alice, room=lobby, person=bob)

    assert "bob" in members(lobby)


# --- Change --------------------------------------------------------------------------------


def test_a_change_of_a_room_is_an_entry_of_its_log(bob):
    room = make_room(bob)

    change_room(editor=bob, room=room, name="Galley", purpose="Lunch")

    assert log(room)[-1] == (EventKind.ROOM_CHANGED, None)


def test_only_its_creator_and_administrators_change_a_room(alice, bob, charlie, invite):
    room = make_room(bob)
    guest = invite("greta", Role.GUEST, rooms=[room])

    change_room(editor=alice, room=room, name="By Alice", purpose="")
    change_room(editor=bob, room=room, name="By Bob", purpose="")
    for outsider in (charlie, guest):
        with pytest.raises(Refused):
            change_room(editor=outsider, room=room, name="By others", purpose="")

    room.refresh_from_db()
    assert room.name == "By Bob"


# --- Direct conversations ------------------------------------------------------------------


def test_there_is_one_conversation_of_the_same_people(alice, bob, charlie):
    two = open_direct_room(opener=alice, others=[bob])
    three = open_direct_room(opener=alice, others=[bob, charlie])

    assert open_direct_room(opener=bob, others=[alice]) == two
    assert open_direct_room(opener=charlie, others=[alice, bob]) == three
    assert two != three
    assert find_direct_room([bob, alice]) == two
    assert (members(two), members(three)) == (["alice", "bob"], ["alice", "bob", "charlie"])


def test_a_conversation_is_called_after_the_others_in_it(alice, bob, charlie):
    room = open_direct_room(opener=alice, others=[bob, charlie])

    assert room.label_for(alice) == "Bob, Charlie"
    assert room.label_for(bob) == "Alice, Charlie"


def test_a_crowd_has_one_conversation_too(alice, bob):
    crowd = Person.objects.bulk_create(
        Person(pk=10**9 + number, username=f"one{number}", skeleton=f"{number}", name="One")
        for number in range(40)
    )

    room = open_direct_room(opener=alice, others=crowd)

    assert open_direct_room(opener=alice, others=crowd) == room
    assert open_direct_room(opener=alice, others=crowd[1:]) != room
    assert len(room.direct_key) <= Room._meta.get_field("direct_key").max_length


def test_a_conversation_with_oneself_is_for_notes(bob):
    room = open_direct_room(opener=bob, others=[bob])

    assert (members(room), room.label_for(bob)) == (["bob"], "Bob")


def test_guests_write_to_the_people_in_their_rooms_and_to_nobody_else(alice, charlie, invite, pond):
    guest = invite("greta", Role.GUEST, rooms=[pond])

    assert members(open_direct_room(opener=guest, others=[alice])) == ["alice", "greta"]
    with pytest.raises(Refused):
        open_direct_room(opener=guest, others=[charlie])


# --- Redis is away -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_rooms_work_when_redis_is_away(alice, bob, unreachable_redis):
    room = make_room(alice)
    join_room(person=bob, room=room)
    invite_into_room(inviter=alice, room=room, people=[bob])
    change_room(editor=alice, room=room, name="Galley", purpose="")
    leave_room(person=bob, room=room)

    assert [kind for kind, _name in log(room)] == [
        EventKind.MEMBER_JOINED,
        EventKind.MEMBER_JOINED,
        EventKind.ROOM_CHANGED,
        EventKind.MEMBER_LEFT,
    ]


# --- Private, public, archived --------------------------------------------------------------


def test_who_created_a_room_makes_it_private_and_public_again_each_once(bob, charlie):
    room = make_room(bob)

    for verb, kind in ((make_private, RoomKind.PRIVATE), (make_public, RoomKind.PUBLIC)):
        for _time in range(2):
            verb(editor=bob, room=room)
        room.refresh_from_db()
        assert room.kind == kind
        seen = Room.objects.visible_to(charlie).filter(pk=room.pk).exists()
        assert seen == (kind == RoomKind.PUBLIC)
    assert [kind for kind, _person in log(room)[1:]] == [EventKind.ROOM_CHANGED] * 2


def test_only_who_is_in_a_room_and_may_change_it_decides_who_reads_it(alice, bob, charlie):
    room = make_room(bob)
    invite_into_room(inviter=bob, room=room, people=[charlie])

    for editor in (charlie, alice):  # Alice administers the site, but would shut herself out
        for verb in (make_private, make_public):
            with pytest.raises(Refused):
                verb(editor=editor, room=room)
    room.refresh_from_db()
    assert room.is_public


@pytest.mark.parametrize("which", ("lobby", "direct"))
def test_the_lobby_and_conversations_stay_what_they_are(which, alice, bob, lobby):
    room = lobby if which == "lobby" else open_direct_room(opener=alice, others=[bob])

    for verb in (make_private, make_public):
        with pytest.raises(Refused):
            verb(editor=alice, room=room)
    with pytest.raises(Refused):
        archive_room(archiver=alice, room=room)
    kind = room.kind
    room.refresh_from_db()
    assert (room.kind, room.is_archived) == (kind, False)


def test_an_archived_room_is_read_and_neither_written_in_nor_joined(alice, bob, charlie):
    room = make_room(bob)
    for _time in range(2):
        archive_room(archiver=alice, room=room)

    with pytest.raises(Refused, match="archived"):
        post_message(author=bob, room=room, body="Hello", nonce="nonce-of-bob")
    with pytest.raises(Refused, match="archived"):
        join_room(person=charlie, room=room)
    assert Room.objects.visible_to(charlie).filter(pk=room.pk).exists()
    assert [line.label for line in lines_for([bob.pk])[bob.pk]] == ["general"]

    for _time in range(2):
        unarchive_room(archiver=bob, room=room)
    post_message(author=bob, room=room, body="Hello", nonce="nonce-of-bob")
    assert [kind for kind, _person in log(room)[1:]] == [
        EventKind.ROOM_ARCHIVED,
        EventKind.ROOM_UNARCHIVED,
        EventKind.MESSAGE_POSTED,
    ]


def test_who_may_not_change_a_room_does_not_archive_it(bob, charlie):
    room = make_room(bob)

    for verb in (archive_room, unarchive_room):
        with pytest.raises(Refused):
            verb(archiver=charlie, room=room)
