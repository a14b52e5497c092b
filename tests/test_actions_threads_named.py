"""Whom an answer names: it waits in the thread, in the room, or in both."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import inbox
from chat.actions.reading import mark_all_read, mark_read
from chat.actions.rooms import invite_into_room, open_direct_room
from chat.actions.threads import follow_thread, mark_thread_read
from chat.models import Following, Membership, Person
from chat.sidebar import lines_for
from tests.visits import line

pytestmark = pytest.mark.django_db


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
