"""Receivers that are away, broken, slow or hostile: what is sent to them comes again, or ends."""

import time
from datetime import timedelta
from threading import Event as Flag

import pytest

from chat.models import Delivery, OutgoingHook
from tests.deliveries.hands import say, states, work
from tests.receivers import allowed, receiving

pytestmark = pytest.mark.django_db(transaction=True)
PAUSE = Flag()


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
