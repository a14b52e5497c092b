"""Answers: in the room with a quote, and in a thread beside it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import history
from chat.actions.changes import delete_message
from chat.actions.messages import post_message
from chat.errors import Conflict, Invalid, Refused
from chat.models import Following, Membership, Message, Room
from tests.visits import say

pytestmark = pytest.mark.django_db


def now(message):
    return Message.objects.get(pk=message.pk)


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


def test_a_deleted_message_is_not_quoted_because_it_has_answers(alice, bob, pond, root, answer):
    answer(alice)
    delete_message(deleter=bob, message=root)

    with pytest.raises(Invalid):
        post_message(author=alice, room=pond, body="Yes", nonce="reply-1", reply_to=root.pk)


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
