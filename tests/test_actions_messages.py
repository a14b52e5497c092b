import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain
from threading import Barrier

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from chat import hub, markup
from chat.actions.changes import delete_message, edit_message
from chat.actions.messages import post_message, prepare, submit
from chat.actions.people import change_person
from chat.actions.rooms import leave_room
from chat.errors import Conflict, Refused
from chat.models import Event, EventKind, Membership, Message
from chat.sessions import LINE
from project.layers import channel_layers
from tests.model.processes import killed_before_commit

pytestmark = pytest.mark.django_db


def post(author, room, body="Hello", nonce=None):
    post.count += 1
    return post_message(author=author, room=room, body=body, nonce=nonce or f"nonce-{post.count}")


post.count = 0


def seqs(room):
    return list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))


def test_a_post_is_stored_as_typed_and_as_shown(bob, lobby):
    message = Message.objects.get(pk=post(bob, lobby, "**Hello**").pk)

    assert (message.author, message.room, message.body) == (bob, lobby, "**Hello**")
    assert "<strong>Hello</strong>" in message.html
    assert message.markup_version == markup.VERSION


def test_a_post_is_the_next_entry_of_its_rooms_log(bob, lobby):
    lobby.refresh_from_db()
    before = lobby.last_seq

    message = post(bob, lobby)

    lobby.refresh_from_db()
    event = Event.objects.get(room=lobby, seq=before + 1)
    assert (event.kind, event.message, event.actor) == (EventKind.MESSAGE_POSTED, message, bob)
    assert message.seq == lobby.last_seq == lobby.last_message_seq == before + 1


def test_who_is_not_in_the_room_posts_nothing(charlie, pond):
    with pytest.raises(Refused) as refusal:
        post(charlie, pond)

    assert refusal.value.status == 403
    assert not Message.objects.exists()
    assert not Event.objects.filter(kind=EventKind.MESSAGE_POSTED).exists()


def test_who_has_left_posts_nothing_more(bob, pond):
    leave_room(person=bob, room=pond)

    with pytest.raises(Refused):
        post(bob, pond)


def test_the_same_nonce_and_text_is_one_message_and_one_event(bob, lobby):
    first = post(bob, lobby, "Hello", nonce="double-click")
    entries = seqs(lobby)

    second = post(bob, lobby, "Hello", nonce="double-click")

    assert second == first
    assert seqs(lobby) == entries


def test_a_nonce_stands_for_one_text(bob, lobby):
    post(bob, lobby, "Hello", nonce="used-once")

    with pytest.raises(Conflict):
        post(bob, lobby, "Good bye", nonce="used-once")

    assert [message.body for message in Message.objects.all()] == ["Hello"]


def test_a_retry_finds_its_message_whatever_has_become_of_it(bob, lobby):
    first = post(bob, lobby, "Hello", nonce="used-once")
    for body in ("Hello!", "Good bye"):
        edit_message(editor=bob, message=first, body=body)

    assert post(bob, lobby, "Hello", nonce="used-once").body == "Good bye"
    with pytest.raises(Conflict):
        post(bob, lobby, "Good bye", nonce="used-once")

    delete_message(deleter=bob, message=first)

    assert post(bob, lobby, "Hello", nonce="used-once") == first
    assert Message.objects.count() == 1


def test_a_nonce_stands_for_one_place(bob, lobby):
    root = post(bob, lobby, "Hello")
    answer = {"author": bob, "room": lobby, "body": "Hi", "nonce": "used-once", "root": root.pk}
    message = post_message(**answer, in_room=False)

    assert post_message(**answer, in_room=False) == message
    with pytest.raises(Conflict):
        post_message(**answer)
    delete_message(deleter=bob, message=message)
    with pytest.raises(Conflict):
        post_message(**answer)
    assert post_message(**answer, in_room=False) == message


def test_a_nonce_stands_for_one_room(bob, lobby, pond):
    post(bob, lobby, "Hello", nonce="used-once")

    with pytest.raises(Conflict):
        post(bob, pond, "Hello", nonce="used-once")

    assert Message.objects.get().room == lobby


def test_a_nonce_is_its_authors_own(alice, bob, lobby):
    post(alice, lobby, "Hello", nonce="the-same-one")
    post(bob, lobby, "Hi", nonce="the-same-one")

    assert Message.objects.count() == 2


def test_a_retry_after_leaving_still_finds_what_was_posted(bob, pond):
    first = post(bob, pond, nonce="lost-answer")
    leave_room(person=bob, room=pond)

    assert post(bob, pond, nonce="lost-answer") == first


def test_ones_own_post_is_read_and_the_others_see_it_as_new(alice, bob, lobby):
    message = post(bob, lobby)

    membership = Membership.objects.get(room=lobby, person=bob)
    assert (membership.read_seq, membership.read_number) == (message.seq, message.number)
    assert Membership.objects.get(room=lobby, person=alice).read_seq < message.seq


@pytest.mark.django_db(transaction=True)
def test_a_log_that_many_write_to_at_once_has_no_gap_and_no_double(bob, lobby):
    lobby.refresh_from_db()
    start, threads, posts = lobby.last_seq, 8, 5
    begin = Barrier(threads)

    def write(thread):
        try:
            begin.wait()
            return [post_message_of(thread, number).seq for number in range(posts)]
        finally:
            connection.close()

    def post_message_of(thread, number):
        return post_message(
            author=bob, room=lobby, body=f"{thread}/{number}", nonce=f"nonce-{thread}-{number}"
        )

    with ThreadPoolExecutor(threads) as pool:
        taken = list(pool.map(write, range(threads)))

    assert sorted(chain.from_iterable(taken)) == list(range(start + 1, start + threads * posts + 1))
    assert all(mine == sorted(mine) for mine in taken)
    assert seqs(lobby) == list(range(1, start + threads * posts + 1))


@pytest.mark.django_db(transaction=True)
def test_copies_of_one_post_at_once_are_one_message(bob, lobby):
    begin = Barrier(6)

    def write(_copy):
        try:
            begin.wait()
            return post_message(author=bob, room=lobby, body="Hello", nonce="six-copies").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(write, range(6)))) == 1

    assert Message.objects.count() == 1
    assert seqs(lobby) == list(range(1, len(seqs(lobby)) + 1))


@pytest.mark.django_db(transaction=True)
def test_a_post_is_stored_when_redis_is_away(bob, lobby, unreachable_redis):
    message = post(bob, lobby)

    assert Message.objects.get() == message


@pytest.mark.django_db(transaction=True)
def test_a_redis_that_does_not_answer_costs_a_post_a_second_at_most(
    bob, lobby, settings, monkeypatch
):
    monkeypatch.setattr("chat.hub.bells._PUBLISH_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.CHANNEL_LAYERS = channel_layers(f"redis://127.0.0.1:{port}/0")
        message = post(bob, lobby)

    assert Message.objects.get() == message


# --- What is promised when ------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_committed_is_not_acknowledged(bob, lobby):
    with killed_before_commit(), pytest.raises(OperationalError):
        post(bob, lobby)

    assert not Message.objects.exists()


def test_an_outage_stops_whoever_is_stored_one_by_one(bob, lobby):
    tried = []

    def fail(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "chat_message"'):
            tried.append(sql)
            raise OperationalError("locked") if len(tried) > 1 else IntegrityError("a copy")
        return execute(sql, params, many, context)

    said = [
        prepare(author_id=bob.pk, slug=lobby.slug, body="Hello", nonce=f"nonce-{number}")
        for number in range(3)
    ]
    with connection.execute_wrapper(fail):
        submit(said)

    assert [str(each.stored.exception(0)) for each in said] == ["locked"] * 3
    assert len(tried) == 2


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_before_it_is_durable(bob, lobby, monkeypatch):
    told = []
    monkeypatch.setattr(hub, "ring", lambda ring: told.append((ring, connection.in_atomic_block)))

    message = post(bob, lobby)

    ring = hub.Ring(room_id=lobby.pk, seq=message.seq, kind=EventKind.MESSAGE_POSTED.value)
    assert told == [(ring, False)]


def test_who_is_switched_off_posts_nothing_more(alice, bob, lobby):
    change_person(editor=alice, person=bob, role=bob.role, is_active=False)

    with pytest.raises(Refused):
        post(bob, lobby)

    assert not Message.objects.exists()


def test_what_waits_when_its_author_signs_out_is_refused(bob, lobby, sign_in):
    session = sign_in(bob).session
    caller = hub.Caller(person_id=bob.pk, credential=bob.password, session_line=session[LINE])
    post_message(author=bob, room=lobby, body="In time", nonce="nonce-in-time", caller=caller)
    session.flush()

    with pytest.raises(Refused, match="signed out"):
        post_message(author=bob, room=lobby, body="Late", nonce="nonce-of-late", caller=caller)

    assert [message.body for message in Message.objects.all()] == ["In time"]


def test_who_stops_waiting_stops_nothing(bob, lobby):
    said = prepare(author_id=bob.pk, slug=lobby.slug, body="Hello", nonce="nonce-of-bob")

    assert not said.stored.cancel()
    submit([said])

    assert said.stored.result(0) == Message.objects.get()


# --- What stands above a message -----------------------------------------------------------


def test_a_message_knows_what_stands_above_it(alice, bob, lobby):
    first = post(alice, lobby)
    second = post(bob, lobby)

    assert (first.previous_author, first.previous_at) == (None, None)
    assert (second.previous_author, second.previous_at) == (alice, first.created_at)


def test_messages_of_one_author_within_five_minutes_are_grouped(alice, bob, lobby, clock):
    grouped = []
    for author, minutes in ((bob, 0), (bob, 4), (bob, 4), (alice, 0), (bob, 0), (bob, 5)):
        clock.wait(minutes=minutes)
        grouped.append(post(author, lobby).continues)

    assert grouped == [False, True, True, False, False, False]


def test_a_day_begins_at_the_readers_midnight(bob, lobby, clock):
    clock.now = datetime(2026, 3, 10, 22, 58, tzinfo=UTC)
    post(bob, lobby)
    clock.wait(minutes=4)  # 23:02 in London, 00:02 in Berlin
    message = post(bob, lobby)

    with timezone.override("Europe/London"):
        assert (message.starts_day, message.continues) == (False, True)
    with timezone.override("Europe/Berlin"):
        assert (message.starts_day, message.continues) == (True, False)


def test_the_first_message_of_a_room_starts_a_day(bob, lobby):
    assert post(bob, lobby).starts_day


# --- Read pointers -------------------------------------------------------------------------


def test_a_read_pointer_never_goes_back(bob, lobby):
    pointer = Membership.objects.filter(room=lobby, person=bob)
    for seq, expected in ((7, 7), (3, 7), (7, 7), (9, 9)):
        Membership.objects.mark_read({(bob.pk, lobby.pk): seq})
        assert pointer.get().read_seq == expected


def test_reading_a_room_that_one_is_not_in_does_nothing(charlie, pond):
    Membership.objects.mark_read({(charlie.pk, pond.pk): 9})

    assert not Membership.objects.filter(room=pond, person=charlie).exists()
