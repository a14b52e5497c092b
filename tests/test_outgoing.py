"""Hooks that tell: who may make them, and what is written for them with each event."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks.webhooks import Webhook

from chat import dialer, events, outgoing
from chat.actions import outgoing as verbs
from chat.actions.changes import toggle_reaction
from chat.actions.messages import post_message
from chat.actions.rooms import create_room
from chat.errors import Invalid, Refused
from chat.models import Delivery, EventKind, Message, OutgoingHook, Person, Role, Room, RoomKind

pytestmark = pytest.mark.django_db
URL = "https://receiver.example/hook"


def make(maker, room, username="echo", kinds=("message.posted",), **more):
    return verbs.create_hook(
        maker=maker, room=room, username=username, name="Echo", url=URL, kinds=[*kinds], **more
    )


def change(editor, hook, url=URL):
    verbs.change_hook(
        editor=editor,
        hook=hook,
        url=url,
        kinds=["room.changed"],
        only_mentions=False,
        posts_answers=False,
    )


def say(author, room):
    nonce = f"nonce-{Message.objects.count():06}"
    return post_message(author=author, room=room, body="Hello", nonce=nonce)


def queries(call):
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured]


def test_a_room_without_hooks_asks_nothing_more_of_the_database(
    alice, lobby, django_assert_num_queries
):
    say(alice, lobby)
    room = events.lock(lobby.pk)

    with django_assert_num_queries(0):
        outgoing.note(room, list(room.events.all()[:0]))
    assert not [sql for sql in queries(lambda: say(alice, lobby)) if "outgoinghook" in sql]


def test_a_room_with_hooks_asks_three_things_more_however_many_there_are(alice, lobby):
    def asked():
        say(alice, lobby)  # what came before it is seen
        return len(queries(lambda: say(alice, lobby)))

    without = asked()
    make(alice, lobby)
    one = asked()
    for number in range(5):
        make(alice, lobby, username=f"echo-{number}")

    # Who of them is a bot, the hooks, their rows.
    assert one == without + 3
    assert asked() == one
    assert Delivery.objects.count() == 2 + 12


def test_rows_stand_and_fall_with_what_they_tell(alice, bob, lobby):
    make(alice, lobby)

    with pytest.raises(Refused):
        post_message(author=alice, room=lobby, body="Hi", nonce="nonce-no", reply_to=99)
    assert not Delivery.objects.exists()
    message = say(alice, lobby)
    toggle_reaction(person=bob, message=message, emoji="👍")

    (delivery,) = Delivery.objects.select_related("event")
    assert (delivery.event.message_id, delivery.state) == (message.pk, "waiting")
    assert delivery.webhook_id.startswith("msg_")


def test_a_hook_is_of_one_room(alice, lobby):
    other = create_room(creator=alice, name="Other", purpose="", kind=RoomKind.PUBLIC)
    make(alice, other)

    say(alice, lobby)

    assert not Delivery.objects.exists()


def test_a_hook_has_a_bot_in_its_room_and_nowhere_else(alice, pond):
    hook = make(alice, pond)

    assert (hook.bot.role, hook.bot.name, hook.bot.username) == (Role.BOT, "Echo", "echo")
    assert not hook.bot.has_usable_password()
    assert [*hook.bot.rooms.all()] == [pond]
    assert pond.events.last().kind == EventKind.MEMBER_JOINED
    assert Webhook(hook.secret)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("username", ("bob", "b0b"))
def test_a_bots_name_is_nobody_elses(alice, bob, pond, username):
    with pytest.raises(Invalid, match="taken"):
        make(alice, pond, username=username)
    assert not OutgoingHook.objects.exists()


DEEDS = {
    "make": lambda person, hook: make(person, hook.room, "other"),
    "change": lambda person, hook: change(person, hook),
    "renew": lambda person, hook: verbs.renew_secret(renewer=person, hook=hook),
    "ping": lambda person, hook: verbs.send_ping(sender=person, hook=hook),
    "again": lambda person, hook: verbs.send_again(sender=person, delivery=first(hook)),
    "off": lambda person, hook: verbs.disable_hook(switcher=person, hook=hook),
    "on": lambda person, hook: verbs.enable_hook(switcher=person, hook=hook),
    "delete": lambda person, hook: verbs.delete_hook(deleter=person, hook=hook),
}


def first(hook):
    return hook.deliveries.select_related("hook").get()


@pytest.mark.parametrize("deed", DEEDS)
def test_only_who_may_change_the_room_may(deed, alice, bob, charlie, pond):
    hook = make(alice, pond)
    say(alice, pond)

    for person in (bob, charlie):
        with pytest.raises(Refused):
            DEEDS[deed](person, hook)
    assert OutgoingHook.objects.get().is_enabled
    DEEDS[deed](alice, hook)


def test_whoever_created_the_room_may(bob):
    room = create_room(creator=bob, name="Bobs", purpose="", kind=RoomKind.PUBLIC)

    assert make(bob, room).made_by == bob


def test_an_address_within_a_network_is_refused_when_it_is_typed(alice, lobby):
    hook = make(alice, lobby)

    for url in ("https://127.0.0.1/", "http://receiver.example/", "https://router/"):
        with pytest.raises(dialer.Unsafe):
            change(alice, hook, url=url)


def test_a_room_has_at_most_twenty(alice, lobby, monkeypatch):
    monkeypatch.setattr(verbs, "MAX_HOOKS", 2)
    make(alice, lobby, "one")
    make(alice, lobby, "two")

    with pytest.raises(Invalid):
        make(alice, lobby, "three")
    assert not Person.objects.filter(username="three").exists()


def test_a_hook_that_is_off_is_written_nothing_for(alice, lobby):
    hook = make(alice, lobby)
    verbs.disable_hook(switcher=alice, hook=hook)
    verbs.disable_hook(switcher=alice, hook=hook)
    say(alice, lobby)
    assert Room.objects.lobby().outgoing_hooks == 0
    assert not Delivery.objects.exists()
    with pytest.raises(Invalid):
        verbs.send_ping(sender=alice, hook=hook)

    verbs.enable_hook(switcher=alice, hook=hook)
    say(alice, lobby)

    assert Room.objects.lobby().outgoing_hooks == 1
    assert Delivery.objects.count() == 1


def test_a_deleted_hook_takes_its_bot_out_of_the_room_and_leaves_what_that_said(alice, lobby):
    hook = make(alice, lobby)
    said = say(hook.bot, lobby)
    say(alice, lobby)

    verbs.delete_hook(deleter=alice, hook=hook)

    bot = Person.objects.get(username="echo")
    assert (bot.is_active, bot.rooms.count()) == (False, 0)
    assert Message.objects.filter(pk=said.pk).exists()
    assert not Delivery.objects.exists()
    assert Room.objects.lobby().outgoing_hooks == 0
    with pytest.raises(Refused, match="deleted meanwhile"):
        verbs.disable_hook(switcher=alice, hook=hook)


def test_changing_a_hook_changes_what_is_written_from_then_on(alice, lobby):
    hook = make(alice, lobby)
    say(alice, lobby)

    change(alice, hook)
    say(alice, lobby)

    assert Delivery.objects.count() == 1
