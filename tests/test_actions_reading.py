"""What somebody has seen, and what they want to hear of a room."""

from datetime import UTC, datetime, time, timedelta

import pytest

from chat import inbox
from chat.actions.changes import edit_message
from chat.actions.messages import post_message
from chat.actions.reading import mark_all_read, mark_read, mark_unread, open_again, set_level
from chat.actions.rooms import create_room, invite_into_room, open_direct_room
from chat.actions.threads import mark_thread_read
from chat.errors import Refused
from chat.hub import log
from chat.models import Following, Level, Membership, Mention, Message, Room, RoomKind
from chat.sidebar import lines_for
from tests.visits import line, say

pytestmark = pytest.mark.django_db


def numbers(person, room):
    shown = line(person, room)
    return shown.unread, shown.count, shown.mentions


def name(message, person=None):
    return Mention.objects.create(
        message=message, person=person, room=message.room, seq=message.seq
    )


def of(person, room):
    return Membership.objects.get(person=person, room=room)


def level(person, room, level, muted_until=None):
    set_level(person=person, room=room, level=level, muted_until=muted_until)


def test_new_messages_are_counted_and_mentions_apart(alice, bob, charlie, lobby):
    said = say(alice, lobby, 4)
    name(said[1], bob)
    name(said[2])
    name(said[3], charlie)

    assert numbers(bob, lobby) == (True, 4, 2)
    assert numbers(alice, lobby)[:2] == (False, 0)


def test_what_is_seen_counts_no_more(alice, bob, lobby):
    said = say(alice, lobby, 4)
    name(said[1], bob)
    Membership.objects.mark_read({(bob.pk, lobby.pk): said[2].seq})

    assert numbers(bob, lobby) == (True, 1, 0)


def test_in_a_direct_conversation_every_message_names_one(alice, bob):
    room = open_direct_room(opener=alice, others=[bob])
    say(alice, room, 2)

    assert numbers(bob, room) == (True, 2, 2)


def test_with_mentions_only_nothing_else_is_news(alice, bob, lobby):
    level(bob, lobby, Level.MENTIONS)
    said = say(alice, lobby, 3)
    assert numbers(bob, lobby) == (False, 1, 0)

    name(said[0], bob)
    assert numbers(bob, lobby) == (True, 3, 1)


def test_nothing_is_nothing_even_by_name(alice, bob, lobby):
    level(bob, lobby, Level.NOTHING)
    name(say(alice, lobby, 2)[0], bob)

    assert numbers(bob, lobby) == (False, 1, 0)


def test_a_muted_room_shows_its_mentions_quietly_until_the_mute_ends(alice, bob, lobby, clock):
    level(bob, lobby, Level.EVERYTHING, clock.now + timedelta(hours=1))
    name(say(alice, lobby, 2)[0], bob)
    assert numbers(bob, lobby) == (False, 1, 1)
    assert line(bob, lobby).is_muted

    clock.wait(hours=1)
    assert numbers(bob, lobby) == (True, 2, 1)
    assert not line(bob, lobby).is_muted


def test_a_hidden_room_is_no_line(bob, lobby):
    level(bob, lobby, Level.HIDDEN)

    assert line(bob, lobby) is None


@pytest.mark.parametrize(
    ("start", "end", "hour", "calls"),
    ((22, 7, 23, False), (22, 7, 6, False), (22, 7, 7, True), (9, 17, 8, True), (9, 17, 9, False)),
)
def test_in_quiet_hours_of_ones_own_time_zone_nothing_calls(
    start, end, hour, calls, alice, bob, lobby, clock
):
    bob.time_zone, bob.quiet_from, bob.quiet_until = "Asia/Kolkata", time(start), time(end)
    bob.save(update_fields=["time_zone", "quiet_from", "quiet_until"])
    say(alice, lobby, 1)
    clock.now = datetime(2026, 3, 10, hour, 15, tzinfo=UTC) - timedelta(hours=5, minutes=30)

    shown = line(bob, lobby)

    assert (shown.unread, shown.calls) == (True, calls)


def test_unread_from_here_puts_the_pointer_before_the_message(alice, bob, lobby):
    said = say(alice, lobby, 5)
    mark_read(person=bob, room=lobby)

    mark_unread(person=bob, message=said[3])

    assert numbers(bob, lobby) == (True, 2, 0)
    assert of(bob, lobby).is_kept_unread


def test_what_is_put_back_stays_until_the_room_is_opened_again(alice, bob, lobby):
    said = say(alice, lobby, 2)
    mark_unread(person=bob, message=said[0])
    mark_unread(person=bob, message=said[0])
    Membership.objects.mark_read({(bob.pk, lobby.pk): said[1].seq})
    assert numbers(bob, lobby)[0]

    open_again(membership=of(bob, lobby))
    Membership.objects.mark_read({(bob.pk, lobby.pk): said[1].seq})
    assert not numbers(bob, lobby)[0]


def test_ones_own_message_can_be_put_back_too(bob, lobby):
    mark_unread(person=bob, message=say(bob, lobby, 1)[0])

    assert numbers(bob, lobby) == (True, 1, 0)


def test_all_is_read_at_once_threads_too(alice, bob, charlie, lobby, pond):
    root, answer = say(alice, lobby, 2)
    Message.objects.filter(pk=answer.pk).update(root=root)
    Message.objects.filter(pk=root.pk).update(last_reply=answer)
    following = Following.objects.create(root=root, person=bob)
    others = Following.objects.create(root=root, person=charlie)
    other = post_message(author=alice, room=pond, body="Hi", nonce="nonce-of-the-pond")
    mark_unread(person=bob, message=other)

    mark_all_read(person=bob)

    assert [numbers(bob, room)[0] for room in (lobby, pond)] == [False, False]
    assert not of(bob, pond).is_kept_unread
    following.refresh_from_db()
    others.refresh_from_db()
    assert (following.read_seq, others.read_seq) == (answer.seq, 0)
    assert numbers(charlie, lobby)[0]


# --- Ones own messages ----------------------------------------------------------------------


def write(author, room, nonce="nonce-of-ones-own", **more):
    return post_message(author=author, room=room, body="Hi", nonce=nonce, **more)


def test_ones_own_message_is_no_news_to_who_has_read_what_stands_above(alice, bob, lobby):
    (said,) = say(alice, lobby, 1)
    Membership.objects.mark_read({(bob.pk, lobby.pk): said.seq})

    own = write(bob, lobby)

    assert numbers(bob, lobby) == (False, 0, 0)
    assert of(bob, lobby).read_seq == own.seq


def test_to_write_from_elsewhere_reads_nothing(alice, bob, lobby):
    said = say(alice, lobby, 3)
    Membership.objects.mark_read({(bob.pk, lobby.pk): said[0].seq})

    for nonce, seen in (("nonce-of-nowhere", 0), ("nonce-of-an-old-page", said[1].seq)):
        write(bob, lobby, nonce, seen=seen)

    assert of(bob, lobby).read_seq == said[0].seq
    assert numbers(bob, lobby) == (True, 4, 0)


def test_to_write_where_the_newest_is_shown_reads_all_of_it(alice, bob, lobby):
    said = say(alice, lobby, 3)

    own = write(bob, lobby, seen=said[-1].seq)
    again = write(bob, lobby, "nonce-of-the-next")

    assert (own.seq, of(bob, lobby).read_seq) == (again.seq - 1, again.seq)
    assert numbers(bob, lobby) == (False, 0, 0)


def test_ones_own_post_ends_what_one_kept_unread_where_that_is_shown(alice, bob, lobby):
    (said,) = say(alice, lobby, 1)
    mark_unread(person=bob, message=said)

    write(bob, lobby)
    assert of(bob, lobby).is_kept_unread
    last = write(bob, lobby, "nonce-of-the-page", seen=said.seq + 1)

    assert (of(bob, lobby).is_kept_unread, of(bob, lobby).read_seq) == (False, last.seq)


# --- Named by an edit -----------------------------------------------------------------------


def edit(message, body):
    edit_message(editor=message.author, message=message, body=body)
    return Room.objects.get(pk=message.room_id).last_seq


def test_whom_an_edit_names_has_not_seen_it_however_far_they_have_read(alice, bob, lobby):
    first, _second = say(alice, lobby, 2)
    mark_read(person=bob, room=lobby)

    at = edit(first, "@bob?")

    assert numbers(bob, lobby) == (True, 0, 1)
    assert [each.pk for each in inbox.mentions(bob, [line(bob, lobby)])] == [first.pk]
    Membership.objects.mark_read({(bob.pk, lobby.pk): at - 1})
    assert numbers(bob, lobby) == (True, 0, 1)
    Membership.objects.mark_read({(bob.pk, lobby.pk): at})
    assert numbers(bob, lobby) == (False, 0, 0)


def test_whom_it_has_named_before_is_told_nothing_new_by_an_edit(alice, bob, lobby):
    said = post_message(author=alice, room=lobby, body="@bob", nonce="nonce-of-alice")
    mark_read(person=bob, room=lobby)

    edit(said, "@bob, lunch")

    assert numbers(bob, lobby) == (False, 0, 0)


def test_nobody_tells_themselves_by_telling_all(alice, bob, lobby):
    (said,) = say(alice, lobby, 1)
    edit(said, "@room")

    assert numbers(alice, lobby) == (False, 0, 0)
    assert numbers(bob, lobby) == (True, 1, 1)


def test_in_a_thread_it_is_news_until_the_thread_has_been_seen_anew(alice, bob, lobby):
    (root,) = say(bob, lobby, 1)
    place = {"root": root.pk, "in_room": False}
    answer = post_message(author=alice, room=lobby, body="Hi", nonce="nonce-of-alice", **place)
    mark_all_read(person=bob)

    at = edit(answer, "@bob?")

    assert numbers(bob, lobby) == (True, 0, 1)
    assert [each.pk for each in inbox.mentions(bob, [line(bob, lobby)])] == [answer.pk]
    mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=at)
    assert numbers(bob, lobby) == (False, 0, 0)


@pytest.mark.parametrize("name", ("@bob", "@room"))
def test_to_write_from_elsewhere_reads_no_edit(name, alice, bob, lobby):
    (said,) = say(alice, lobby, 1)
    Membership.objects.mark_read({(bob.pk, lobby.pk): said.seq})
    at = edit(said, f"{name}?")

    write(bob, lobby, seen=said.seq)
    assert numbers(bob, lobby) == (True, 1, 1)
    write(bob, lobby, "nonce-of-the-page", seen=at + 1)
    assert numbers(bob, lobby) == (False, 0, 0)


def test_only_people_in_the_room_have_a_pointer_in_it(alice, pond, charlie):
    (message,) = say(alice, pond, 1)

    for verb, what in (
        (mark_unread, {"message": message}),
        (mark_read, {"room": pond}),
        (set_level, {"room": pond, "level": Level.NOTHING, "muted_until": None}),
    ):
        with pytest.raises(Refused):
            verb(person=charlie, **what)


def test_five_hundred_rooms_are_counted_in_three_queries(alice, bob, django_assert_num_queries):
    for number in range(12):
        room = create_room(creator=alice, name=f"Room {number}", purpose="", kind=RoomKind.PUBLIC)
        invite_into_room(inviter=alice, room=room, people=[bob])
    first = say(alice, room, 3)
    _copies(room, bob, 500)
    name(first[0], bob)
    open_direct_room(opener=alice, others=[bob])

    with django_assert_num_queries(3):
        lines = lines_for([bob.pk])[bob.pk]

    assert len(lines) > 500
    assert sum(each.mentions for each in lines) == 1


def _copies(room, person, count):
    rooms = type(room).objects.bulk_create(
        type(room)(slug=f"copy-{n}", name=f"Copy {n}", last_seq=9, last_message_seq=9)
        for n in range(count)
    )
    Membership.objects.bulk_create(Membership(room=each, person=person) for each in rooms)


def test_what_moves_back_here_and_on_there_is_news_to_the_tick(bob, lobby, pond):
    places = [(5, 7), (6, 6), (7, 5), (5, 7)]
    states = []
    for here, there in places:
        Membership.objects.filter(person=bob, room=lobby).update(read_seq=here)
        Membership.objects.filter(person=bob, room=pond).update(read_seq=there)
        states.append(log.pointers([bob.pk])[bob.pk])

    assert len(set(states)) == 3
    assert states[0] == states[-1]


def test_levels_mutes_and_quiet_hours_are_news_to_the_tick(bob, lobby, clock):
    states = [log.pointers([bob.pk])]
    level(bob, lobby, Level.MENTIONS)
    states.append(log.pointers([bob.pk]))
    level(bob, lobby, Level.MENTIONS, clock.now + timedelta(minutes=5))
    states.append(log.pointers([bob.pk]))
    bob.quiet_from, bob.quiet_until = time(11), time(13)
    bob.save(update_fields=["quiet_from", "quiet_until"])
    states.append(log.pointers([bob.pk]))
    clock.wait(hours=2)

    assert log.pointers([bob.pk]) == states[1]
    assert len({state[bob.pk] for state in states}) == 4
