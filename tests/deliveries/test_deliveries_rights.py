"""A hook tells what somebody who answers for it may read, to the last moment."""

import pytest

from chat import deliveries
from chat.actions.changes import edit_message
from chat.actions.outgoing import change_hook, create_hook, enable_hook
from chat.actions.rooms import invite_into_room, remove_from_room
from chat.models import EventKind, Message, OutgoingHook, Role
from tests.deliveries.hands import say, work

pytestmark = pytest.mark.django_db(transaction=True)


def change(editor, hook, url):
    kinds = [EventKind.MESSAGE_POSTED]
    more = {"only_mentions": False, "posts_answers": False}
    change_hook(editor=editor, hook=hook, url=url, kinds=kinds, **more)


def promote(person):
    person.role = Role.ADMINISTRATOR
    person.save(update_fields=["role"])


def test_a_hook_whose_maker_may_not_read_the_room_any_more_says_nothing_more(
    alice, bob, pond, receiver, hook_to
):
    pond.created_by = bob
    pond.save(update_fields=["created_by"])
    hook = create_hook(
        maker=bob, room=pond, username="spy", name="Spy", url=receiver.url, kinds=["message.posted"]
    )
    say(alice, pond, "hello")
    remove_from_room(remover=alice, room=pond, person=bob)
    say(alice, pond, "for us alone")

    work()

    hook.refresh_from_db()
    assert receiver.got == []
    assert not hook.is_enabled
    enable_hook(switcher=alice, hook=hook)
    work()
    assert len(receiver.got) == 2


def test_nothing_is_sent_that_was_written_after_who_answers_for_it_was_removed(
    alice, bob, pond, receiver, hook_to, monkeypatch
):
    invite_into_room(inviter=alice, room=pond, people=[bob])
    hook = hook_to(receiver, room=pond)
    OutgoingHook.objects.update(made_by=bob)
    say(alice, pond, "hello")
    message = Message.objects.get()
    body_of = deliveries.body_of

    def while_they_leave(delivery):
        remove_from_room(remover=alice, room=pond, person=bob)
        edit_message(editor=alice, message=message, body="for us alone")
        return body_of(delivery)

    monkeypatch.setattr(deliveries, "body_of", while_they_leave)
    work()

    hook.refresh_from_db()
    assert receiver.got == []
    assert not hook.is_enabled


def test_who_sends_a_hook_elsewhere_answers_for_it(alice, bob, pond, receiver, hook_to):
    invite_into_room(inviter=alice, room=pond, people=[bob])
    hook = hook_to(receiver, room=pond)
    promote(bob)
    change(bob, hook, url=hook.url)
    hook.refresh_from_db()
    assert hook.made_by == alice
    change(bob, hook, url=f"{hook.url}/of-bob")
    remove_from_room(remover=alice, room=pond, person=bob)
    say(alice, pond, "for us alone")

    work()

    hook.refresh_from_db()
    assert (hook.made_by, hook.is_enabled) == (bob, False)
    assert receiver.got == []
