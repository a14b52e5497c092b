"""Who follows a thread, from where on, and how far they have read it."""

import pytest

from chat.actions.changes import edit_message
from chat.actions.messages import prepare
from chat.actions.posting import store
from chat.actions.rooms import invite_into_room
from chat.actions.threads import follow_thread, mark_thread_read
from chat.errors import Refused
from chat.models import Following, Room
from chat.sidebar import lines_for
from tests.visits import line

pytestmark = pytest.mark.django_db


def following(person, root):
    return Following.objects.get(person=person, root=root)


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


def test_who_is_named_in_an_answer_follows_from_there(alice, bob, charlie, pond, root, answer):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    before = answer(alice)

    answer(alice, "What does @charlie say?")

    assert following(charlie, root).is_following
    assert following(charlie, root).read_seq == before.seq


def test_who_comes_to_be_named_by_an_edit_follows_from_there(
    alice, bob, charlie, pond, root, answer
):
    invite_into_room(inviter=bob, room=pond, people=[charlie])
    before, named = answer(bob), answer(alice, "Who knows?")

    edit_message(editor=alice, message=named, body="Who knows? @charlie?")

    pointer = following(charlie, root)
    assert (pointer.is_following, pointer.read_seq) == (True, before.seq)
    assert line(charlie, pond).mentions == 1


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
