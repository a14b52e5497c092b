from dataclasses import replace

import pytest
from django.utils import translation

from chat import fragments
from chat.actions.messages import post_message
from chat.actions.rooms import create_room, leave_room, open_direct_room
from chat.fragments import Kind
from chat.models import Membership, Role, RoomKind
from chat.sidebar import Line, lines_for

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


def test_only_the_lines_that_changed_are_swapped_while_the_rooms_are_the_same():
    kind = Kind("html", "en", "UTC")
    lines = [Line(number, f"room-{number}", f"Room {number}", "public", False) for number in (1, 2)]
    changed = [lines[0], replace(lines[1], unread=True, count=1)]

    def told(now, before):
        return fragments.sidebar(now, before, "", "", "Pond", kind)

    first = told(lines, None)
    assert 'id="rooms"' in first
    assert 'id="line-1"' in first
    text = told(changed, lines)
    assert 'id="rooms"' not in text
    assert 'id="line-1"' not in text
    assert '<li id="line-2" hx-swap-oob="true">' in text
    assert 'id="inbox-line"' in text
    assert "Pond</div>" in text
    # One room more, or another order, is another list.
    assert 'id="rooms"' in told(changed[:1], lines)
    assert 'id="rooms"' in told(lines[::-1], lines)
