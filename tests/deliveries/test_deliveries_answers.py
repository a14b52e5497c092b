"""What a receiver answers is said in the room, by the bot of its hook."""

import pytest

from chat.models import Delivery, Message
from tests.deliveries.hands import say, work
from tests.receivers import receiving

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"


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


def test_an_answer_never_tells_a_whole_room(alice, bob, lobby, hook_to):
    with receiving((200, "text/plain", "You said: @room @here @bob")) as receiver:
        hook = hook_to(receiver)
        say(alice, lobby, "hello")
        work()

    said = Message.objects.get(author=hook.bot)
    assert said.mentioned.split() == [str(bob.pk)]


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
