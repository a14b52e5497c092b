"""Who sends, and for which hook: each has its turn, and none is sent for by two."""

from threading import Event as Flag

import pytest

from chat import deliveries
from chat.models import Message
from tests.deliveries.hands import say, states, work
from tests.receivers import receiving

pytestmark = pytest.mark.django_db(transaction=True)
PAUSE = Flag()


def answering_late(seconds):
    def answer(handler):
        PAUSE.wait(seconds)
        handler.send_response(204)
        handler.end_headers()

    return answer


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


def test_who_is_slow_lets_others_go_first(alice, lobby, hook_to, monkeypatch):
    monkeypatch.setattr(deliveries, "TURN_SECONDS", 0.05)
    with receiving(answering_late(0.1)) as slow, receiving() as other:
        first, second = hook_to(slow), hook_to(other, username="other")
        for _ in range(3):
            say(alice, lobby, "hello")
        deliveries.send_due(first.pk, deliveries.claim(first.pk))

        assert len(slow.got) == 1
        assert deliveries.due_hooks() == [second.pk, first.pk]


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
