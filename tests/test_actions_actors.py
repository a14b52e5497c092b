"""Whoever acts in a room is judged as they are under its lock, not as they were before."""

import pytest

from chat.actions.rooms import (
    archive_room,
    change_room,
    create_room,
    invite_into_room,
    join_room,
    leave_room,
    make_private,
    remove_from_room,
)
from chat.errors import Refused
from chat.models import Event, Person, RoomKind

pytestmark = pytest.mark.django_db


def make_room(creator, name="Kitchen"):
    return create_room(creator=creator, name=name, purpose="", kind=RoomKind.PUBLIC)


def log(room):
    return list(Event.objects.filter(room=room).order_by("seq").values_list("kind", "person__name"))


@pytest.mark.parametrize(
    "act",
    (
        lambda bob, room, other: join_room(person=bob, room=other),
        lambda bob, room, other: leave_room(person=bob, room=room),
        lambda bob, room, other: invite_into_room(
            inviter=bob, room=room, people=Person.objects.filter(username="charlie")
        ),
        lambda bob, room, other: change_room(editor=bob, room=room, name="Mine", purpose=""),
        lambda bob, room, other: make_private(editor=bob, room=room),
        lambda bob, room, other: archive_room(archiver=bob, room=room),
    ),
    ids=("join", "leave", "invite", "change", "make private", "archive"),
)
def test_who_was_switched_off_since_they_asked_does_nothing_more(act, alice, bob, charlie):
    room, other = make_room(bob), make_room(alice, "Pantry")
    before = [log(room), log(other)]
    Person.objects.filter(pk=bob.pk).update(is_active=False)  # bob here is who he was before

    with pytest.raises(Refused):
        act(bob, room, other)

    assert [log(room), log(other)] == before


def test_a_creator_who_was_taken_out_changes_the_room_no_more(alice, bob):
    room = make_room(bob)
    remove_from_room(remover=alice, room=room, person=bob)

    with pytest.raises(Refused):
        change_room(editor=bob, room=room, name="Still mine", purpose="")
