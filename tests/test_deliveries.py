"""What goes out to hooks: once it has happened, in order, until it has arrived."""

import json
import time
from datetime import timedelta
from ipaddress import ip_network
from threading import Event as Flag

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from chat import deliveries
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.actions.outgoing import (
    change_hook,
    create_hook,
    disable_hook,
    enable_hook,
    renew_secret,
    send_again,
    send_ping,
)
from chat.actions.rooms import invite_into_room, remove_from_room
from chat.models import Delivery, EventKind, Message, OutgoingHook, Role
from project.environment import Allowed
from tests.receivers import receiving

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"
PAUSE = Flag()


@pytest.fixture(autouse=True)
def loopback(settings):
    """Receivers are on this machine, and whoever runs it allows that."""
    settings.WEBHOOK_ALLOW = allowed("127.0.0.0/8")


def allowed(*networks, hosts=()):
    return Allowed(frozenset(hosts), tuple(map(ip_network, networks)))


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook_to(alice, lobby):
    """A hook of the lobby's to a receiver."""

    def make(receiver, kinds=("message.posted",), room=None, username="echo", **more):
        return create_hook(
            maker=alice,
            room=room or lobby,
            username=username,
            name=username.capitalize(),
            url=receiver.url,
            kinds=[*kinds],
            **more,
        )

    return make


def say(author, room, body, **more):
    nonce = f"nonce-{Message.objects.count():06}"
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


def work():
    """One look of a worker's, in this thread."""
    for hook_id in deliveries.due_hooks():
        if token := deliveries.claim(hook_id):
            deliveries.send_due(hook_id, token)


def change(editor, hook, url):
    kinds = [EventKind.MESSAGE_POSTED]
    more = {"only_mentions": False, "posts_answers": False}
    change_hook(editor=editor, hook=hook, url=url, kinds=kinds, **more)


def promote(person):
    person.role = Role.ADMINISTRATOR
    person.save(update_fields=["role"])


def answering_late(seconds):
    def answer(handler):
        PAUSE.wait(seconds)
        handler.send_response(204)
        handler.end_headers()

    return answer


def states():
    return [*Delivery.objects.order_by("pk").values_list("state", flat=True)]


def test_a_message_arrives_signed_with_all_that_programs_get_of_it(alice, lobby, receiver, hook_to):
    hook = hook_to(receiver)
    message = say(alice, lobby, "Hello *pond*")

    work()

    (got,) = receiver.got
    assert Webhook(hook.secret).verify(got.body, got.headers) == got.json
    assert got.headers["Content-Type"] == JSON
    assert got.json["type"] == "message.posted"
    assert got.json["timestamp"] == got.json["data"]["at"]
    data = got.json["data"]
    assert (data["room"], data["seq"], data["actor"]["username"]) == (
        "general", message.seq, "alice",
    )  # fmt: skip
    assert data["message"]["body"] == "Hello *pond*"
    assert data["message"]["html"] == message.html
    assert states() == ["delivered"]


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


def test_an_answer_is_said_by_the_hooks_bot_and_quotes_what_it_answers(alice, lobby, hook_to):
    with receiving((200, JSON, '{"body": "You said *hello*"}')) as receiver:
        hook = hook_to(receiver)
        message = say(alice, lobby, "hello")
        work()

    said = Message.objects.get(author=hook.bot)
    assert (said.body, said.reply_to, said.root) == ("You said *hello*", message, None)
    assert said.nonce == Delivery.objects.get().webhook_id


@pytest.mark.parametrize(
    ("answer", "text"),
    (
        ((200, JSON, '{"text": "Hi"}'), "Hi"),
        ((201, f"{JSON}; charset=utf-8", '{"body": "Grüße"}'), "Grüße"),
        ((200, "text/plain; charset=utf-8", "  Hi\n"), "Hi"),
        ((200, JSON, '{"ok": true}'), None),
        ((200, JSON, '{"body": 7}'), None),
        ((200, JSON, "[" * 4000), None),
        ((200, JSON, "NaN"), None),
        ((200, "text/html", "<p>Hi"), None),
        ((200, "text/plain", ""), None),
        ((204, "", ""), None),
        ((500, "text/plain", "No"), None),
    ),
)
def test_json_with_a_text_or_plain_text_is_an_answer_to_be_said(
    alice, lobby, hook_to, answer, text
):
    with receiving(answer) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        work()

    assert [*Message.objects.filter(author=hook.bot).values_list("body", flat=True)] == [
        *([text] if text else [])
    ]


def test_an_answer_to_an_answer_stays_in_its_thread(alice, bob, lobby, hook_to):
    with receiving((200, "text/plain", "Here")) as receiver:
        hook = hook_to(receiver, only_mentions=True)
        root = say(alice, lobby, "hello")
        say(bob, lobby, "@echo, what?", root=root.pk, in_room=False)
        work()

    said = Message.objects.get(author=hook.bot)
    assert (said.root, said.in_room) == (root, False)


def test_an_answer_that_cannot_be_said_stands_in_the_log(alice, lobby, hook_to):
    with receiving((200, "text/plain", "\x07"), (200, "text/plain", "x" * 5000)) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        say(alice, lobby, "hello")
        work()

    second, first = Delivery.objects.all()
    assert "not posted" in first.error
    assert "too long" in second.error
    assert (first.state, second.state) == ("delivered", "delivered")
    assert not Message.objects.filter(author=hook.bot).exists()


def test_what_a_bot_says_goes_to_no_hook_so_that_two_never_talk_for_ever(alice, lobby, hook_to):
    with (
        receiving((200, "text/plain", "Echo")) as one,
        receiving((200, "text/plain", "Oche")) as two,
    ):
        hook_to(one)
        hook_to(two, username="oche")
        say(alice, lobby, "hello")
        work()
        work()

    assert (len(one.got), len(two.got)) == (1, 1)
    assert Message.objects.count() == 3


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


def test_what_fails_comes_again_under_the_same_id_later_and_later(alice, lobby, clock, hook_to):
    with receiving(500, 503, 204) as receiver:
        hook_to(receiver)
        say(alice, lobby, "hello")
        work()
        work()
        assert len(receiver.got) == 1
        clock.wait(seconds=7)
        work()
        clock.wait(seconds=50)
        work()
        assert len(receiver.got) == 2
        clock.wait(seconds=30)
        work()

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.got]
    assert stamps == sorted(set(stamps))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 3, 204)
    assert (delivery.error, delivery.next_attempt_at) == ("", None)
    assert OutgoingHook.objects.get().failures == 0


def test_k20_a_receiver_that_is_broken_for_days_is_asked_a_dozen_times_and_then_no_more(
    alice, lobby, clock, hook_to
):
    with receiving(500) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        say(alice, lobby, "and again")
        for _hour in range(24 * 8):
            work()
            clock.wait(hours=1)

        hook.refresh_from_db()
        assert not hook.is_enabled
        assert "five days" in hook.disabled_because
        assert hook.disabled_at - hook.created_at < timedelta(days=6, hours=2)
        assert 8 < len(receiver.got) < 24
        asked = len(receiver.got)
        say(alice, lobby, "nobody hears this")
        work()
    assert len(receiver.got) == asked
    assert Delivery.objects.count() == 2


def test_one_that_fails_does_not_hold_up_those_behind_it(alice, lobby, clock, hook_to):
    with receiving(500, 204) as receiver:
        hook_to(receiver)
        for body in ("bad", "good", "better"):
            say(alice, lobby, body)
        work()

    bodies = [got.json["data"]["message"]["body"] for got in receiver.got]
    assert bodies == ["bad", "good", "better"]
    assert states() == ["waiting", "delivered", "delivered"]


def test_after_three_failures_in_a_row_a_hook_rests_and_then_all_comes_in_order(
    alice, lobby, clock, hook_to
):
    with receiving(500, 500, 500, 204) as receiver:
        hook_to(receiver)
        for number in range(6):
            say(alice, lobby, f"{number}")
        work()
        work()
        assert len(receiver.got) == 3
        clock.wait(seconds=7)
        work()

    bodies = [got.json["data"]["message"]["body"] for got in receiver.got]
    assert bodies[3:] == ["0", "1", "2", "3", "4", "5"]
    assert set(states()) == {"delivered"}


def test_who_asks_for_time_gets_it(alice, lobby, clock, hook_to):
    def busy(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", "3600")
        handler.end_headers()

    with receiving(busy, 204) as receiver:
        hook_to(receiver)
        say(alice, lobby, "hello")
        work()
        clock.wait(minutes=50)
        work()
        assert len(receiver.got) == 1
        clock.wait(minutes=11)
        work()

    assert states() == ["delivered"]


def test_k15_a_redirect_is_not_followed(alice, lobby, receiver, hook_to):
    def elsewhere(handler):
        handler.send_response(302)
        handler.send_header("Location", receiver.url)
        handler.end_headers()

    with receiving(elsewhere) as first:
        hook_to(first)
        say(alice, lobby, "hello")
        work()

    assert receiver.got == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status) == ("waiting", 302)
    assert "not followed" in delivery.error


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("chat.dialer.TIMEOUT_SECONDS", 0.5)


def hang(handler):
    handler.rfile.read(1)  # until they hang up


def drip(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(30):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        PAUSE.wait(0.1)


@pytest.mark.parametrize("slow", (hang, drip))
def test_k16_who_hangs_or_drips_is_left_when_the_time_is_over(alice, lobby, hook_to, short, slow):
    with receiving(slow, 204) as receiver:
        hook_to(receiver)
        say(alice, lobby, "hello")
        begun = time.monotonic()
        work()

    assert 0.4 < time.monotonic() - begun < 2
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.status) == ("waiting", None)
    assert "No answer within" in delivery.error


def test_k17_of_an_endless_answer_four_kilobytes_are_read(alice, lobby, hook_to):
    sent = []

    def flood(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(1024**3))
        handler.end_headers()
        for _ in range(1024):
            handler.wfile.write(b"x" * 1024**2)
            sent.append(1)

    with receiving(flood) as receiver:
        hook_to(receiver)
        say(alice, lobby, "hello")
        begun = time.monotonic()
        work()

    assert time.monotonic() - begun < 5
    assert len(sent) < 50
    delivery = Delivery.objects.get()
    assert delivery.state == "delivered"
    assert len(delivery.answer) == 200
    assert "too long" in delivery.error


def test_k18_gone_switches_the_hook_off(alice, lobby, hook_to):
    with receiving(410) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        say(alice, lobby, "and again")
        work()

    hook.refresh_from_db()
    lobby.refresh_from_db()
    assert len(receiver.got) == 1
    assert "410" in hook.disabled_because
    assert states() == ["failed", "waiting"]
    assert lobby.outgoing_hooks == 0


def test_nobody_there_is_a_failure_with_a_sentence(alice, lobby, hook_to):
    with receiving() as receiver:
        hook_to(receiver)
    say(alice, lobby, "hello")

    work()

    assert "refused" in Delivery.objects.get().error


def test_an_address_that_is_not_allowed_any_more_is_not_asked(
    alice, lobby, receiver, hook_to, settings
):
    hook_to(receiver)
    settings.WEBHOOK_ALLOW = allowed()
    say(alice, lobby, "hello")

    work()

    assert receiver.got == []
    assert "WEBHOOK_ALLOW" in Delivery.objects.get().error


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


def test_two_workers_never_send_for_one_hook_at_the_same_time(
    alice, lobby, receiver, hook_to, clock
):
    hook = hook_to(receiver)
    say(alice, lobby, "hello")
    (due,) = deliveries.due_hooks()

    first = deliveries.claim(due)

    assert first
    assert deliveries.claim(due) == ""
    assert deliveries.due_hooks() == []
    clock.wait(seconds=61)  # the first was killed
    second = deliveries.claim(due)
    deliveries.send_due(hook.pk, first)
    assert receiver.got == []
    deliveries.send_due(hook.pk, second)
    assert len(receiver.got) == 1


def test_who_was_killed_after_sending_sends_again_and_says_the_answer_once(
    alice, lobby, hook_to, clock, monkeypatch
):
    def killed(*_):
        raise SystemExit

    with receiving((200, "text/plain", "Once")) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        with monkeypatch.context() as patched:
            patched.setattr(deliveries, "_write_down", killed)
            with pytest.raises(SystemExit):
                work()
        work()
        assert len(receiver.got) == 1
        clock.wait(seconds=61)
        work()

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len(receiver.got) == 2
    assert Message.objects.filter(author=hook.bot).count() == 1
    assert states() == ["delivered"]


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


def test_an_answer_never_tells_a_whole_room(alice, bob, lobby, hook_to):
    with receiving((200, "text/plain", "You said: @room @here @bob")) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        work()

    said = Message.objects.get(author=hook.bot)
    assert said.mentioned.split() == [str(bob.pk)]


def test_who_is_slow_lets_others_go_first(alice, lobby, hook_to, monkeypatch):
    monkeypatch.setattr(deliveries, "TURN_SECONDS", 0.05)
    with receiving(answering_late(0.1)) as slow, receiving() as other:
        first, second = hook_to(slow), hook_to(other, username="other")
        for _ in range(3):
            say(alice, lobby, "hello")
        deliveries.send_due(first.pk, deliveries.claim(first.pk))

        assert len(slow.got) == 1
        assert deliveries.due_hooks() == [second.pk, first.pk]


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


def test_who_has_much_to_tell_lets_others_go_first(alice, lobby, hook_to, clock, monkeypatch):
    monkeypatch.setattr(deliveries, "IN_A_ROW", 2)
    with receiving() as one, receiving() as two:
        first, second = hook_to(one), hook_to(two, username="other")
        for _ in range(3):
            say(alice, lobby, "hello")
        assert deliveries.due_hooks() == [first.pk, second.pk]
        deliveries.send_due(first.pk, deliveries.claim(first.pk))
        assert deliveries.due_hooks() == [second.pk, first.pk]
        assert len(one.got) == 2


def test_what_was_settled_a_month_ago_is_forgotten(alice, lobby, receiver, hook_to):
    hook_to(receiver)
    say(alice, lobby, "old")
    work()
    say(alice, lobby, "waits")
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31))

    deliveries.forget_old()

    assert states() == ["waiting"]


def test_the_body_is_compact_json(alice, lobby, receiver, hook_to):
    hook_to(receiver)
    say(alice, lobby, "Grüße")
    work()

    (got,) = receiver.got
    assert "Grüße".encode() in got.body
    assert json.dumps(got.json, ensure_ascii=False, separators=(",", ":")).encode() == got.body
