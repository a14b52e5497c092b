from dataclasses import replace
from datetime import time, timedelta

import pytest
from django.utils import timezone, translation

from chat import fragments
from chat.actions.messages import post_message
from chat.actions.reading import set_level
from chat.actions.rooms import create_room, leave_room, open_direct_room
from chat.actions.threads import follow_thread
from chat.fragments import Kind
from chat.models import Following, Level, Membership, Mention, Person, Role, Room, RoomKind
from chat.sidebar import Line, lines_for, sidebars
from tests.visits import say

pytestmark = pytest.mark.usefixtures("on_both_databases")


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


# --- What a sidebar is kept under -----------------------------------------------------------


def sidebar(person):
    return sidebars([person.pk])[person.pk]


@pytest.fixture
def unread_pond(alice, bob, pond):
    """A room in which Bob has not seen that he is named, and that a thread of his goes on."""
    root = say(bob, pond, 1)[0]
    for body, more in (("@bob", {}), ("An answer", {"root": root.pk})):
        post_message(author=alice, room=pond, body=body, nonce=f"nonce-{body}", **more)
    open_direct_room(opener=bob, others=[alice])
    return pond


CHANGES = {
    "slug": (Room, {"slug": "lake"}),
    "name": (Room, {"name": "Lake"}),
    "kind": (Room, {"kind": RoomKind.PUBLIC}),
    "archived": (Room, {"archived_at": timezone.now()}),
    "news": (Room, {"message_count": 99}),
    "read": (Membership, {"read_seq": 99}),
    "kept": (Membership, {"is_kept_unread": True}),
    "nothing": (Membership, {"level": Level.NOTHING}),
    "hidden": (Membership, {"level": Level.HIDDEN}),
    "muted": (Membership, {"muted_until": timezone.now() + timedelta(days=1)}),
    "thread": (Following, {"is_following": False}),
    "named": (Mention, {"seq": 0}),
    "partner": (Person, {"name": "Ålice"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_line_changes_what_the_sidebar_is_kept_under(
    change, alice, bob, unread_pond
):
    model, values = CHANGES[change]
    keys = {Room: {"pk": unread_pond.pk}, Person: {"pk": alice.pk}, Mention: {"person": bob}}
    own = {"person": bob} | ({"room": unread_pond} if model is Membership else {})
    before, lines = sidebar(bob), lines_for([bob.pk])[bob.pk]
    assert sidebar(bob) == before

    assert model.objects.filter(**keys.get(model, own)).update(**values)

    assert lines_for([bob.pk])[bob.pk] != lines
    assert sidebar(bob) != before
    assert hash(sidebar(bob)) != hash(before)


def test_what_is_none_of_somebodys_leaves_their_sidebar_as_it_was(alice, bob, unread_pond):
    before = sidebar(bob)

    Membership.objects.filter(person=alice).update(read_seq=99, level=Level.NOTHING)
    Person.objects.filter(pk=alice.pk).update(quiet_from=time(0), quiet_until=time(23, 59, 59))
    create_room(creator=alice, name="Lake", purpose="", kind=RoomKind.PUBLIC)
    for room in (unread_pond, *bob.rooms.order_by("-pk")):  # PostgreSQL stores these behind others
        Room.objects.filter(pk=room.pk).update(purpose="For frogs")
        Membership.objects.filter(person=bob, room=room).update(joined_at=timezone.now())

    assert sidebar(bob) == before


def test_a_mute_and_quiet_hours_begin_and_end_by_themselves(bob, unread_pond, clock):
    Person.objects.filter(pk=bob.pk).update(quiet_from=time(14), quiet_until=time(15))
    until = clock.now + timedelta(hours=1)
    set_level(person=bob, room=unread_pond, level=Level.EVERYTHING, muted_until=until)
    seen = []
    for _hour in range(4):
        (line,) = (each for each in lines_for([bob.pk])[bob.pk] if each.slug == unread_pond.slug)
        seen.append((line.is_muted, line.is_quiet, hash(sidebar(bob))))
        clock.wait(hours=1)

    assert [each[:2] for each in seen] == [
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
    assert seen[1] == seen[3]
    assert len(set(seen)) == 3


def test_a_pointer_in_a_thread_alone_changes_what_is_kept(alice, bob, pond):
    """Without one, what @room says in a thread is told in the room."""
    root = say(alice, pond, 1)[0]
    post_message(
        author=alice, room=pond, body="@room", nonce="nonce-room", root=root.pk, in_room=False
    )
    Membership.objects.filter(person=bob, room=pond).update(read_seq=99)
    Membership.objects.filter(person=bob, room=pond).update(read_seq=0)
    before = sidebar(bob)

    follow_thread(person=bob, root=root, follows=False)
    Following.objects.filter(person=bob).update(read_seq=99)

    assert sidebar(bob) != before


@pytest.mark.parametrize(
    "name", ('"quoted", [or] not', "back\\slash\nline", "蛙 🐸 \u2028", "null")
)
def test_names_are_shown_as_they_were_written(name, alice, bob, pond):
    Room.objects.filter(pk=pond.pk).update(name=name)
    Person.objects.filter(pk=alice.pk).update(name=name)
    open_direct_room(opener=bob, others=[alice])

    assert labels(bob).count(name) == 2


def test_each_has_a_sidebar_of_their_own(alice, bob, charlie, pond):
    for other in (bob, charlie):
        open_direct_room(opener=alice, others=[other])
    say(alice, pond, 2)

    together = lines_for([alice.pk, bob.pk, charlie.pk])

    assert together == {each.pk: lines_for([each.pk])[each.pk] for each in (alice, bob, charlie)}
    assert [line.label for line in together[charlie.pk]] == ["general", "Alice"]


# --- As it is rendered ----------------------------------------------------------------------


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
    assert 'hx-swap-oob="innerHTML:#line-2"' in text
    assert 'id="inbox-line"' in text
    assert "Pond</div>" in text
    # One room more, or another order, is another list.
    assert 'id="rooms"' in told(changed[:1], lines)
    assert 'id="rooms"' in told(lines[::-1], lines)
    # A swap of a line leaves the link alone, and with it what kind of room it says.
    assert 'id="rooms"' in told([lines[0], replace(lines[1], kind="private")], lines)
