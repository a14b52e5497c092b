"""What goes out to hooks: once it has happened, in order, until it has arrived."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from chat import deliveries
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.outgoing import disable_hook, enable_hook, renew_secret, send_again, send_ping
from chat.models import Delivery, EventKind, Message, OutgoingHook
from tests.deliveries.hands import say, states, work
from tests.receivers import receiving

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_arrives_signed_with_all_that_programs_get_of_it(alice, lobby, receiver, hook_to):
    hook = hook_to(receiver)
    message = say(alice, lobby, "Hello *pond*")

    work()

    (got,) = receiver.got
    assert Webhook(hook.secret).verify(got.body, got.headers) == got.json
    assert got.headers["Content-Type"] == "application/json"
    assert got.json["type"] == "message.posted"
    assert got.json["timestamp"] == got.json["data"]["at"]
    data = got.json["data"]
    assert (data["room"], data["seq"], data["actor"]["username"]) == (
        "general", message.seq, "alice",
    )  # fmt: skip
    assert data["message"]["body"] == "Hello *pond*"
    assert data["message"]["html"] == message.html
    assert states() == ["delivered"]


def test_the_body_is_compact_json(alice, lobby, receiver, hook_to):
    hook_to(receiver)
    say(alice, lobby, "Grüße")
    work()

    (got,) = receiver.got
    assert "Grüße".encode() in got.body
    assert json.dumps(got.json, ensure_ascii=False, separators=(",", ":")).encode() == got.body


def test_only_the_kinds_that_were_asked_for_go_out_in_their_order(
    alice, bob, lobby, receiver, hook_to
):
    hook_to(receiver, kinds=[EventKind.MESSAGE_POSTED, EventKind.REACTION_ADDED])
    message = say(alice, lobby, "first")
    edit_message(editor=alice, message=message, body="second")
    toggle_reaction(person=bob, message=message, emoji="👍")
    say(bob, lobby, "third")

    work()

    assert receiver.types == ["message.posted", "reaction.added", "message.posted"]
    assert [got.json["data"]["seq"] for got in receiver.got] == sorted(
        got.json["data"]["seq"] for got in receiver.got
    )


def test_a_message_that_was_deleted_before_it_went_out_says_nothing(
    alice, lobby, receiver, hook_to
):
    hook_to(receiver)
    message = say(alice, lobby, "a secret")
    delete_message(deleter=alice, message=message)

    work()

    (got,) = receiver.got
    assert got.json["data"]["message"]["body"] == ""
    assert b"a secret" not in got.body


def test_a_hook_for_mentions_gets_what_names_its_bot_and_what_becomes_of_it(
    alice, lobby, receiver, hook_to
):
    every = [kind.value for kind in EventKind]
    hook_to(receiver, kinds=every, only_mentions=True)
    say(alice, lobby, "nobody")
    message = say(alice, lobby, "@echo, are you there?")
    toggle_reaction(person=alice, message=message, emoji="👍")
    edit_message(editor=alice, message=message, body="never mind")
    delete_message(deleter=alice, message=message)

    work()

    assert receiver.types == ["message.posted", "message.edited", "message.deleted"]
    assert {got.json["data"]["message"]["id"] for got in receiver.got} == {message.pk}


def test_a_ping_says_what_it_is_and_is_answered_by_nobody(alice, lobby, hook_to):
    with receiving((200, "text/plain", "pong")) as receiver:
        hook = hook_to(receiver, kinds=["room.changed"])
        send_ping(sender=alice, hook=hook)
        work()

    (got,) = receiver.got
    assert got.json["type"] == "ping"
    assert got.json["data"]["room"]["slug"] == "general"
    assert not Message.objects.exists()
    assert Delivery.objects.get().answer == "pong"


def test_a_renewed_secret_signs_at_once_and_the_one_of_before_for_a_day(
    alice, lobby, receiver, hook_to, clock
):
    hook = hook_to(receiver)
    renewed = renew_secret(renewer=alice, hook=hook)
    say(alice, lobby, "hello")
    work()
    clock.wait(hours=25)
    say(alice, lobby, "hello")
    work()

    both, alone = (got.headers["webhook-signature"].split() for got in receiver.got)
    assert (len(both), len(alone)) == (2, 1)
    assert renewed != hook.secret
    assert OutgoingHook.objects.get().secret == renewed


def test_a_delivery_may_be_sent_again_under_its_id(alice, lobby, receiver, hook_to):
    hook_to(receiver)
    say(alice, lobby, "hello")
    work()

    send_again(sender=alice, delivery=Delivery.objects.get())
    work()

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_what_waits_while_a_hook_is_off_goes_out_when_it_is_on_again(
    alice, lobby, receiver, hook_to
):
    hook = hook_to(receiver)
    say(alice, lobby, "before")
    disable_hook(switcher=alice, hook=hook)
    say(alice, lobby, "meanwhile")
    work()
    assert receiver.got == []
    enable_hook(switcher=alice, hook=hook)
    say(alice, lobby, "after")

    work()

    bodies = [got.json["data"]["message"]["body"] for got in receiver.got]
    assert bodies == ["before", "after"]


def test_what_was_settled_a_month_ago_is_forgotten(alice, lobby, receiver, hook_to):
    hook_to(receiver)
    say(alice, lobby, "old")
    work()
    say(alice, lobby, "waits")
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))

    deliveries.forget_old()

    assert states() == ["waiting"]
