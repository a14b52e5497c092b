from dataclasses import replace

import pytest
from django.utils import translation

from chat import fragments
from chat.actions.messages import post_message
from chat.actions.rooms import create_room, leave_room, open_direct_room
from chat.models import Membership, Role, RoomKind
from chat.sidebar import lines_for

pytestmark = pytest.mark.django_db


def labels(person):
    return [line.label for line in lines_for([person.pk])[person.pk]]


def unread(person):
    return [line.label for line in lines_for([person.pk])[person.pk] if line.unread]


def test_rooms_come_by_name_and_then_conversations(alice, bob, charlie):
    for name in ("zoo", "Aquarium"):
        create_room(creator=bob, name=name, purpose="", kind=RoomKind.PUBLIC)
    open_direct_room(opener=bob, others=[charlie])
    open_direct_room(opener=bob, others=[alice, charlie])

    assert labels(bob) == ["Aquarium", "general", "zoo", "Alice, Charlie", "Charlie"]


def test_a_room_that_one_is_not_in_is_no_line(alice, bob, pond):
    create_room(creator=alice, name="Kitchen", purpose="", kind=RoomKind.PUBLIC)
    leave_room(person=bob, room=pond)

    assert labels(bob) == ["general"]


def test_what_others_write_is_unread_until_it_is_seen(alice, bob, lobby):
    message = post_message(author=alice, room=lobby, body="Hello", nonce="nonce-1234")
    assert (unread(alice), unread(bob)) == ([], ["general"])

    Membership.objects.mark_read({(bob.pk, lobby.pk): message.seq})
    assert unread(bob) == []


def test_people_who_come_and_go_are_no_news(bob, invite, lobby):
    Membership.objects.mark_read({(bob.pk, lobby.pk): 1})
    invite("dora")

    assert unread(bob) == []


def test_many_people_are_asked_for_in_three_queries(
    alice, bob, charlie, invite, pond, django_assert_num_queries
):
    people = [alice, bob, charlie, invite("gil", Role.GUEST)]
    for other in (bob, charlie):
        open_direct_room(opener=alice, others=[other])

    with django_assert_num_queries(3):
        lines = lines_for(person.pk for person in people)

    assert [len(lines[person.pk]) for person in people] == [4, 3, 2, 0]


def test_a_line_is_rendered_once_while_it_looks_the_same(bob, overrides):
    overrides("chat/fragments/room_line.html", "<li>{% now 'u' %}{{ current }}</li>")
    (line,) = lines_for([bob.pk])[bob.pk]

    def shown(line, **how):
        return fragments.room_line(line, **({"is_current": False, "plain": False} | how))

    first = shown(line)

    assert shown(line) is first
    for other in (replace(line, label="Lobby"), replace(line, count=2, unread=True)):
        assert shown(other) != first
    for how in ({"is_current": True}, {"plain": True}):
        assert shown(line, **how) != first
    with translation.override("de"):
        assert shown(line) != first
