"""Changes of what stands already, in a page and in a stream."""

import re

import pytest

from chat import fragments
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.fragments import Kind
from chat.hub import log
from chat.templatetags.chat import css_string
from tests.visits import say_all, shown_ids

pytestmark = pytest.mark.django_db
PAGE = Kind("html", "en", "UTC")


def last(room, kind):
    return fragments.frames(log.read(room.pk, 0)[-1:], kind)[-1].text


def test_an_edit_swaps_what_a_message_says_wherever_it_stands(bob, lobby):
    message = say_all(bob, lobby, "One")[0]
    edit_message(editor=bob, message=message, body="Two")

    text = last(lobby, PAGE)

    assert f'hx-swap-oob="outerHTML:.content-{message.pk}"' in text
    assert f'hx-swap-oob="outerHTML:.quote-{message.pk}"' in text
    assert "Two" in text
    assert not shown_ids(text)
    assert "slot-" not in text


@pytest.mark.parametrize("kind", (PAGE, Kind("stream", "en", "UTC")), ids=("page", "stream"))
def test_a_quote_shows_words_and_no_markup(kind, bob, lobby):
    message = say_all(bob, lobby, "One")[0]
    edit_message(editor=bob, message=message, body="**Two** & `<b>`\n```\nthree\n```")

    text = last(lobby, kind)
    quote = text[text.rindex(f".quote-{message.pk}") :]

    assert "**" not in quote
    if kind == PAGE:
        assert 'dir="auto">Two &amp; &lt;b&gt; three</span>' in quote
    else:
        assert 'content: "Two\\20 \\26 \\20 \\3c b\\3e \\20 three"' in quote


def test_a_deletion_takes_the_text_out_of_every_page(alice, bob, lobby):
    message = say_all(bob, lobby, "The secret")[0]
    toggle_reaction(person=alice, message=message, emoji="👍")
    delete_message(deleter=bob, message=message)

    whole = "".join(frame.text for frame in fragments.frames(log.read(lobby.pk, 0), PAGE))

    assert "secret" not in whole
    assert "This message was deleted." in whole
    assert "👍" not in whole


def test_an_answer_goes_behind_the_one_before_it_and_not_into_the_rooms_list(bob, lobby):
    root = say_all(bob, lobby, "One")[0]
    first, second = (
        post_message(
            author=bob, room=lobby, body=body, nonce=f"an-{body}", root=root.pk, in_room=False
        )
        for body in ("answer", "other")
    )

    text = last(lobby, PAGE)

    assert "beforeend:#messages" not in text
    assert f'hx-swap-oob="beforebegin:#thread-{root.pk}-after-{first.seq}"' in text
    assert f'id="thread-{root.pk}-after-{second.seq}"' in text
    assert f'hx-swap-oob="outerHTML:.replies-{root.pk}"' in text
    [again] = fragments.changes(log.read(lobby.pk, 0), PAGE)
    assert f"thread-{root.pk}-after-0" in again.text
    assert not shown_ids(again.text)


def test_a_stream_hides_and_says_by_rules_what_it_can_no_longer_change(alice, bob, lobby):
    kind = Kind("stream", "en", "UTC")
    message = say_all(bob, lobby, "One")[0]
    toggle_reaction(person=alice, message=message, emoji="👍")
    rule = last(lobby, kind)
    assert f".reactions-{message.pk}::after" in rule
    assert r"\1f44d \20 1" in rule
    assert f'<style nonce="{fragments.NONCE}">' in rule

    edit_message(editor=bob, message=message, body="Two")
    text = last(lobby, kind)
    seq = log.read(lobby.pk, 0)[-1].seq
    assert f"#e{seq}-message-{message.pk}.message.message.message {{ display: grid }}" in text
    assert r"Edited\3a \20 it\20 stands\20 below\2e" in text
    assert f'-message-{message.pk}" class="message"' in text

    delete_message(deleter=bob, message=message)
    assert f".content-{message.pk} > *" in last(lobby, kind)
    assert "Two" not in last(lobby, kind)


def test_a_threads_stream_gets_its_answers_alone(bob, lobby):
    root = say_all(bob, lobby, "One", "Another")[0]
    kind = Kind("stream", "en", "UTC", thread=root.pk)
    post_message(
        author=bob, room=lobby, body="answer", nonce="an-answer", root=root.pk, in_room=False
    )

    text = "".join(frame.text for frame in fragments.frames(log.read(lobby.pk, 0), kind))

    assert text.count('<li id="thread-message-') == 1
    assert "Another" not in text


def test_two_edits_at_once_are_one_line_of_a_stream(bob, lobby):
    kind = Kind("stream", "en", "UTC")
    message = say_all(bob, lobby, "One")[0]
    for body in ("Two", "Three"):
        edit_message(editor=bob, message=message, body=body)
    first, last = (event.seq for event in log.read(lobby.pk, 0)[-2:])

    text = "".join(frame.text for frame in fragments.frames(log.read(lobby.pk, 0), kind))

    assert text.count(f'<li id="e{first}-message-{message.pk}"') == 1
    assert text.count(f'<li id="e{last}-message-{message.pk}"') == 1
    hides = f":has(.content-{message.pk}):not(#e{last}-message-{message.pk})"
    shows = f"#e{last}-message-{message.pk}.message.message.message {{ display: grid }}"
    assert text.index(hides) < text.index(shows)
    assert f".quote-{message.pk}::after" in text


@pytest.mark.parametrize("text", ('"', "</style>", "\\", "}", "\n", "👍", "é", "a1"))
def test_no_text_ends_a_string_in_a_rule(text):
    written = css_string(text)

    assert re.fullmatch(r"(?:[a-zA-Z0-9]|\\[0-9a-f]+ )*", written)
    assert re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), written) == text
