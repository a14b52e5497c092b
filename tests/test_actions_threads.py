"""Answers: in the room with a quote, and in a thread beside it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import history, inbox
from chat.actions.changes import delete_message, edit_message
from chat.actions.messages import post_message, prepare
from chat.actions.posting import store
from chat.actions.reading import mark_all_read, mark_read
from chat.actions.rooms import invite_into_room, open_direct_room
from chat.actions.threads import follow_thread, mark_thread_read
from chat.errors import Conflict, Invalid, Refused
from chat.models import Following, Membership, Message, Person, Room
from chat.sidebar import lines_for
from tests.visits import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(bob, pond):
    return say(bob, pond, 1)[0]


@pytest.fixture
def answer(root):
    """Answers in the thread."""

    def answer(author, body="An answer", in_room=False, nonce=None, **more):
        answer.count += 1
        return post_message(
            author=author,
            room=root.room,
            body=body,
            nonce=nonce or f"answer-{answer.count}",
            root=root.pk,
            in_room=in_room,
            **more,
        )

    answer.count = 0
    return answer


def now(message):
    return Message.objects.get(pk=message.pk)


def following(person, root):
    return Following.objects.get(person=person, root=root)


# --- Quotes --------------------------------------------------------------------------------


def test_a_reply_quotes_a_message_of_its_room(alice, pond, root):
    reply = post_message(author=alice, room=pond, body="Yes", nonce="reply-1", reply_to=root.pk)

    assert now(reply).reply_to == root
    assert now(reply).in_room


def test_what_is_not_in_the_room_is_not_quoted(alice, lobby, root):
    for key in (root.pk, root.pk + 1000):
        with pytest.raises(Invalid):
            post_message(author=alice, room=lobby, body="Yes", nonce="reply-1", reply_to=key)


def test_a_deleted_message_is_not_quoted_and_the_same_form_can_be_sent_without(alice, pond, root):
    delete_message(deleter=alice, message=root)

    with pytest.raises(Invalid):
        post_message(author=alice, room=pond, body="Yes", nonce="reply-1", reply_to=root.pk)

    assert post_message(author=alice, room=pond, body="Yes", nonce="reply-1").pk


def test_the_same_nonce_for_another_place_is_a_conflict(alice, pond, root, answer):
    answer(alice, "Same", nonce="nonce-same")

    assert answer(alice, "Same", nonce="nonce-same")
    with pytest.raises(Conflict):
        post_message(author=alice, room=pond, body="Same", nonce="nonce-same")


# --- Threads -------------------------------------------------------------------------------


def test_an_answer_is_an_entry_of_the_log_and_not_of_the_rooms_list(alice, pond, root, answer):
    first = answer(alice)

    room = Room.objects.get(pk=pond.pk)
    assert first.seq == room.last_seq
    assert (room.last_message_seq, room.message_count) == (root.seq, root.number)
    assert first.number == root.number
    assert [each.pk for each in history.latest(room).messages] == [root.pk]
    assert [each.pk for each in history.latest(root).messages] == [first.pk]


def test_an_answer_that_is_for_the_room_too_stands_in_both(alice, pond, root, answer):
    both = answer(alice, in_room=True)

    assert [each.pk for each in history.latest(pond).messages] == [root.pk, both.pk]
    assert [each.pk for each in history.latest(root).messages] == [both.pk]
    assert both.number == root.number + 1


def test_each_answer_knows_the_one_before_it(alice, bob, root, answer):
    first, second, third = answer(alice), answer(bob, in_room=True), answer(alice)

    seqs = [now(each).previous_reply_seq for each in (first, second, third)]
    assert seqs == [0, first.seq, second.seq]


def test_the_root_tells_how_many_answers_there_are_and_which_is_the_last(alice, bob, root, answer):
    answer(alice)
    last = answer(bob)

    assert (now(root).reply_count, now(root).last_reply) == (2, last)


def test_a_deleted_answer_is_counted_no_more_and_the_next_one_stands_behind_it(
    alice, bob, root, answer
):
    first, second = answer(alice), answer(bob)
    delete_message(deleter=bob, message=second)

    assert (now(root).reply_count, now(root).last_reply) == (1, first)
    assert now(answer(alice)).previous_reply_seq == second.seq


def test_an_answer_does_not_make_the_room_unread_nor_read(alice, bob, pond, root, answer):
    before = Membership.objects.get(room=pond, person=alice).read_seq

    answer(alice)

    assert Membership.objects.get(room=pond, person=alice).read_seq == before
    assert Room.objects.get(pk=pond.pk).last_message_seq == root.seq


def test_a_deleted_message_begins_no_thread_but_one_that_there_is_goes_on(
    alice, bob, pond, root, answer
):
    other = say(bob, pond, 1)[0]
    delete_message(deleter=bob, message=other)
    with pytest.raises(Invalid) as refusal:
        post_message(
            author=alice, room=pond, body="x", nonce="nonce-late", root=other.pk, in_room=False
        )
    assert "deleted" in str(refusal.value.sentence)

    answer(alice)
    delete_message(deleter=bob, message=root)
    answer(alice)

    assert now(root).reply_count == 2


def test_there_are_no_threads_in_threads(alice, pond, answer):
    first = answer(alice)

    with pytest.raises(Invalid):
        post_message(author=alice, room=pond, body="x", nonce="nonce-deep", root=first.pk)


def test_who_is_not_in_the_room_does_not_answer(charlie, root, answer):
    with pytest.raises(Refused):
        answer(charlie)

    assert not Following.objects.exists()


# --- Following -----------------------------------------------------------------------------


def test_who_answers_and_whoever_is_answered_follow(alice, bob, root, answer):
    first = answer(alice)

    assert (following(alice, root).is_following, following(alice, root).read_seq) == (
        True,
        first.seq,
    )
    assert (following(bob, root).is_following, following(bob, root).read_seq) == (True, 0)


def test_who_does_not_want_to_follow_does_not_until_they_answer(alice, bob, root, answer):
    answer(alice)
    follow_thread(person=bob, root=root, follows=False)
    answer(alice)
    assert not following(bob, root).is_following

    answer(bob)

    assert following(bob, root).is_following


def test_a_thread_is_followed_by_who_is_in_the_room_alone(charlie, root):
    with pytest.raises(Refused):
        follow_thread(person=charlie, root=root, follows=True)


def test_a_threads_pointer_never_goes_back_nor_beyond_the_log(alice, bob, root, answer):
    last = answer(alice)

    for seq, expected in ((last.seq, last.seq), (1, last.seq), (2**62, last.seq)):
        mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=seq)
        assert following(bob, root).read_seq == expected


def test_an_answer_costs_the_same_however_many_there_are(alice, bob, root, answer):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            answer(alice)
        return len(captured)

    queries()
    few = queries()
    for _number in range(8):
        answer(bob)

    assert queries() == few


def test_who_is_named_in_an_answer_follows_from_there(alice, bob, charlie, pond, root, answer):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    before = answer(alice)

    answer(alice, "What does @charlie say?")

    assert following(charlie, root).is_following
    assert following(charlie, root).read_seq == before.seq


def test_a_deleted_message_is_not_quoted_because_it_has_answers(alice, bob, pond, root, answer):
    answer(alice)
    delete_message(deleter=bob, message=root)

    with pytest.raises(Invalid):
        post_message(author=alice, room=pond, body="Yes", nonce="reply-1", reply_to=root.pk)


def test_a_followed_thread_with_something_new_counts_in_the_inbox(alice, bob, root, answer):
    def in_inbox(person):
        return sum(line.in_inbox for line in lines_for([person.pk])[person.pk])

    last = answer(alice)
    assert (in_inbox(alice), in_inbox(bob)) == (0, 1)
    mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=last.seq)
    assert in_inbox(bob) == 0

    follow_thread(person=bob, root=root, follows=False)
    answer(alice)

    assert in_inbox(bob) == 0


def test_who_answers_from_elsewhere_has_seen_no_more_of_the_thread(alice, bob, root, answer):
    answer(bob)
    other = answer(alice)
    before = following(bob, root).read_seq

    answer(bob, seen=other.seq - 1)
    assert following(bob, root).read_seq == before

    last = answer(bob, seen=other.seq + 1)
    assert following(bob, root).read_seq == last.seq
    assert answer(bob).seq == following(bob, root).read_seq


def test_what_an_edit_adds_in_a_thread_is_not_passed_by_an_answer(alice, bob, root, answer):
    named = answer(alice)
    mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=named.seq)
    edit_message(editor=alice, message=named, body="@bob?")

    answer(bob, seen=named.seq)
    assert following(bob, root).read_seq == named.seq
    last = answer(bob, seen=Room.objects.get(pk=root.room_id).last_seq)
    assert following(bob, root).read_seq == last.seq


def test_who_has_read_the_thread_has_read_what_they_answer(alice, bob, root, answer):
    first = answer(alice)
    mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=first.seq)

    assert following(bob, root).read_seq < answer(bob).seq == following(bob, root).read_seq


def test_several_answers_at_once_are_passed_up_to_what_is_new(alice, bob, pond, root, answer):
    place = {"slug": pond.slug, "root": root.pk, "in_room": False}
    authors = enumerate((bob, bob, alice, bob))
    posts = [
        prepare(author_id=author.pk, body="Hi", nonce=f"together-{number}", **place)
        for number, author in authors
    ]

    _first, second, third, _last = store(posts)

    assert following(bob, root).read_seq == second.seq
    assert following(alice, root).read_seq == third.seq


# --- Named in a thread -----------------------------------------------------------------------


def line(person, room):
    return next(each for each in lines_for([person.pk])[person.pk] if each.room_id == room.pk)


def in_inbox(person):
    lines = lines_for([person.pk])[person.pk]
    return [message.pk for message in inbox.mentions(person, lines)]


def test_what_names_one_in_a_thread_alone_is_seen_in_the_thread_and_not_in_the_room(
    alice, bob, pond, root, answer
):
    named = answer(alice, "@bob?")
    Membership.objects.mark_read({(bob.pk, pond.pk): named.seq})

    assert (line(bob, pond).unread, line(bob, pond).mentions) == (True, 1)
    assert in_inbox(bob) == [named.pk]

    mark_thread_read(person_id=bob.pk, root_id=root.pk, seq=named.seq)

    assert (line(bob, pond).unread, line(bob, pond).mentions) == (False, 0)
    assert in_inbox(bob) == []


def test_it_waits_in_the_thread_of_who_does_not_follow_it_too(alice, bob, pond, root, answer):
    follow_thread(person=bob, root=root, follows=False)
    named = answer(alice, "@bob? @room?")
    Membership.objects.mark_read({(bob.pk, pond.pk): named.seq})

    assert (line(bob, pond).mentions, line(bob, pond).threads) == (2, 0)
    assert in_inbox(bob) == [named.pk]


def test_what_stands_in_the_room_too_is_seen_there(alice, bob, pond, root, answer):
    named = answer(alice, "@bob?", in_room=True)
    assert line(bob, pond).mentions == 1

    Membership.objects.mark_read({(bob.pk, pond.pk): named.seq})

    assert line(bob, pond).mentions == 0
    assert in_inbox(bob) == []


def test_whom_it_tells_as_one_of_many_has_no_other_pointer_than_the_rooms(
    alice, bob, charlie, pond, root, answer
):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    told = answer(alice, "@room")
    assert line(charlie, pond).mentions == 1
    assert in_inbox(charlie) == [told.pk]

    Membership.objects.mark_read({(charlie.pk, pond.pk): told.seq})

    assert line(charlie, pond).mentions == 0
    assert not Following.objects.filter(person=charlie).exists()


@pytest.mark.parametrize("which", ("room", "all"))
def test_to_mark_it_read_sees_what_names_one_in_threads(which, alice, bob, pond, root, answer):
    follow_thread(person=bob, root=root, follows=False)
    answer(alice, "@bob?")

    if which == "all":
        mark_all_read(person=bob)
    else:
        mark_read(person=bob, room=pond)

    assert (line(bob, pond).unread, line(bob, pond).mentions) == (False, 0)


def test_who_comes_to_be_named_by_an_edit_follows_from_there(
    alice, bob, charlie, pond, root, answer
):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    before, named = answer(bob), answer(alice, "Who knows?")

    edit_message(editor=alice, message=named, body="Who knows? @charlie?")

    pointer = following(charlie, root)
    assert (pointer.is_following, pointer.read_seq) == (True, before.seq)
    assert line(charlie, pond).mentions == 1


def test_a_sidebar_with_named_threads_takes_three_queries(
    alice, bob, pond, root, answer, django_assert_num_queries
):
    open_direct_room(opener=alice, others=[bob])
    for _number in range(5):
        answer(alice, "@bob?")

    with django_assert_num_queries(3):
        lines = lines_for([bob.pk, alice.pk])

    assert [each.mentions for each in lines[bob.pk] if each.room_id == pond.pk] == [5]


def test_whom_an_answer_tells_costs_no_query_each(alice, pond, root, answer):
    def queries(text):
        with CaptureQueriesContext(connection) as captured:
            answer(alice, text, confirm=True)
        return len(captured)

    people = Person.objects.bulk_create(
        Person(username=f"frog{number}", skeleton=f"frog{number}", name=f"Frog {number}")
        for number in range(500)
    )
    Membership.objects.bulk_create(Membership(room=pond, person=each) for each in people[:5])
    few = queries("@frog0 @frog1 @room")
    Membership.objects.bulk_create(Membership(room=pond, person=each) for each in people[5:])

    assert queries(" ".join(f"@frog{number}" for number in range(20)) + " @room") == few
