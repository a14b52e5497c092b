"""To write reads what the page showed to its end, and no more."""

import re

import pytest

from chat.actions.messages import post_message
from chat.models import Following, Membership
from chat.sidebar import lines_for
from tests.visits import say, shown_ids, value_of

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def of(person, room):
    return Membership.objects.get(person=person, room=room)


@pytest.fixture
def unread(alice, lobby):
    return say(alice, lobby, 60)


def write(client, address="/rooms/general/messages/", **fields):
    fields = {"body": "Hi", "nonce": "nonce-of-bob"} | fields
    return client.post(address, fields)


def test_an_answer_from_the_inbox_leaves_the_room_unread(bob, bobs, lobby, unread):
    before = of(bob, lobby).read_seq

    page = text(bobs.get("/inbox/"))
    assert 'name="seen"' not in page

    write(bobs, next="/inbox/")

    assert of(bob, lobby).read_seq == before
    assert shown_ids(bobs.get("/inbox/").content) == [each.pk for each in unread[:3]]


def test_an_answer_from_the_inbox_reads_what_that_shows_to_its_end(alice, bob, bobs, lobby):
    say(alice, lobby, 3)
    page = text(bobs.get("/inbox/"))

    write(bobs, next="/inbox/", seen=value_of(page, "seen"))

    assert "You have read everything" in text(bobs.get("/inbox/"))


def test_a_post_from_the_room_at_its_end_reads_what_it_shows(bob, bobs, lobby, unread):
    page = bobs.get("/rooms/general/").content
    assert int(value_of(page, "seen")) == unread[-1].seq

    write(bobs, seen=value_of(page, "seen"))

    assert not lines_for([bob.pk])[bob.pk][0].unread


def test_a_live_page_sends_its_cursor_along(bob, bobs, lobby, alice):
    page = text(bobs.get("/rooms/general/"))
    last = say(alice, lobby, 1)[0]
    assert 'hx-include="#choices, #cursor"' in page

    write(bobs, seen=value_of(page, "seen"), seq=last.seq)

    assert not lines_for([bob.pk])[bob.pk][0].unread


@pytest.mark.parametrize("seen", ("", "x", "-1", "9" * 30, "\N{SUPERSCRIPT TWO}"))
def test_what_is_no_place_is_none(seen, bob, bobs, lobby, unread):
    before = of(bob, lobby).read_seq

    assert write(bobs, seen=seen).status_code == 303

    assert of(bob, lobby).read_seq == before


def test_a_page_around_an_old_message_says_of_no_end_that_it_was_seen(bob, bobs, lobby, unread):
    page = text(bobs.get(f"/rooms/general/?at={unread[0].seq}"))
    boxes = re.findall(r'<form id="composer.*?</form>', page, re.DOTALL)

    assert boxes
    assert not any('name="seen"' in box for box in boxes)


def test_an_answer_in_a_thread_that_is_for_the_room_too_leaves_the_room_unread(
    bob, bobs, lobby, unread
):
    before = of(bob, lobby).read_seq
    address = f"/messages/{unread[0].pk}/thread/"
    page = text(bobs.get(address))

    write(bobs, address, also="1", seen=value_of(page, "seen"))

    assert of(bob, lobby).read_seq == before


def test_an_answer_to_a_thread_from_the_inbox_reads_what_that_shows_to_its_end(
    alice, bob, bobs, lobby
):
    root = say(bob, lobby, 1)[0]
    address = f"/messages/{root.pk}/thread/"

    def answers(count):
        for number in range(count):
            nonce = f"nonce-of-alice-{count}-{number}"
            place = {"root": root.pk, "in_room": False}
            post_message(author=alice, room=lobby, body="Hi", nonce=nonce, **place)

    answers(4)
    assert 'name="seen"' not in text(bobs.get("/inbox/"))
    write(bobs, address, next="/inbox/")
    assert Following.objects.get(person=bob).read_seq == 0

    bobs.get(address)
    answers(3)
    seen = value_of(text(bobs.get("/inbox/")), "seen")
    write(bobs, address, next="/inbox/", nonce="nonce-of-bobs-next", seen=seen)
    assert "You have read everything" in text(bobs.get("/inbox/"))


def test_a_thread_says_up_to_where_its_page_shows_it(alice, bobs, lobby):
    root = say(alice, lobby, 1)[0]
    page = text(bobs.get(f"/messages/{root.pk}/thread/"))
    boxes = re.findall(r'<form id="composer-thread.*?</form>', page, re.DOTALL)

    assert [value_of(box, "seen") for box in boxes] == [str(root.seq)] * len(boxes)
    assert all("#cursor" in box for box in boxes)
