"""Log entries as text: the same for everybody of a kind, in frames that fit."""

from datetime import UTC, datetime
from functools import partial

import pytest
from django.template import TemplateDoesNotExist

from chat import fragments
from chat.actions.changes import delete_message, edit_message, toggle_reaction
from chat.actions.messages import post_message
from chat.actions.rooms import change_room, invite_into_room
from chat.fragments import Kind
from chat.hub import log
from chat.models import Event, EventKind, Message, Person
from chat.models.messages import complete
from chat.sidebar import Line
from tests.visits import say_all, shown_ids

pytestmark = pytest.mark.django_db
PAGE = Kind("html", "en", "UTC")
CURSOR = '<div id="cursor"'


@pytest.fixture
def say(bob, lobby):
    return partial(say_all, bob, lobby)


def events(room, after=0):
    return log.read(room.pk, after)


def test_all_entries_that_fit_are_one_frame_with_the_last_ones_cursor(lobby, say):
    said = say("One", "Two", "Three")

    [frame] = fragments.frames(events(lobby), PAGE)

    assert frame.seq == said[-1].seq
    assert shown_ids(frame.text) == [message.pk for message in said]
    assert frame.text.count(CURSOR) == 1
    assert f'name="after" value="{frame.seq}"' in frame.text
    assert fragments.epoch() in frame.text


def test_entries_that_do_not_fit_are_split_between_them(lobby, say, monkeypatch):
    said = say(*(f"Number {number}" for number in range(10)))
    monkeypatch.setattr(fragments, "MAX_FRAME_BYTES", 3000)

    frames = fragments.frames(events(lobby, said[0].seq - 1), PAGE)

    assert len(frames) > 2
    assert [key for frame in frames for key in shown_ids(frame.text)] == [m.pk for m in said]
    for frame in frames:
        assert frame.seq == Message.objects.get(pk=shown_ids(frame.text)[-1]).seq
        assert frame.text.count(CURSOR) == 1


def test_an_entry_that_fits_nowhere_has_a_frame_of_its_own(lobby, say, monkeypatch):
    said = say("One", "Two")
    monkeypatch.setattr(fragments, "MAX_FRAME_BYTES", 10)

    frames = fragments.frames(events(lobby, said[0].seq - 1), PAGE)

    assert [shown_ids(frame.text) for frame in frames] == [[said[0].pk], [said[1].pk]]


def test_a_change_that_cannot_be_rendered_holds_up_no_message_behind_it(alice, lobby, say):
    change_room(editor=alice, room=lobby, name="Lobby", purpose="")
    Event.objects.filter(room=lobby).update(kind="of.a.newer.process")
    message = say("Behind it")[-1]

    [frame] = fragments.frames(events(lobby), PAGE)

    assert shown_ids(frame.text) == [message.pk]
    assert f'name="after" value="{message.seq}"' in frame.text


def test_there_is_a_swap_for_every_kind_of_entry():
    assert set(fragments._SWAPS) == set(EventKind)


def test_a_message_is_never_passed_over(lobby, say, monkeypatch):
    say("First", "Second")
    monkeypatch.setitem(fragments._SWAPS, "message.posted", "no/such/template.html")

    with pytest.raises(TemplateDoesNotExist):
        fragments.frames(events(lobby), PAGE)


def test_an_empty_log_is_no_frame():
    assert fragments.frames([], PAGE) == []
    assert fragments.changes([], PAGE) == []


def test_changes_are_without_posts_and_do_not_move_a_page(alice, lobby, say):
    say("One")
    change_room(editor=alice, room=lobby, name="Frogs only", purpose="For <frogs>")

    [frame] = fragments.changes(events(lobby), PAGE)

    assert "Frogs only" in frame.text
    assert "&lt;frogs&gt;" in frame.text
    assert not shown_ids(frame.text)
    assert CURSOR not in frame.text


@pytest.mark.parametrize("page", ("stream", "plain"))
def test_a_stream_gets_messages_alone(page, alice, charlie, lobby, say):
    kind = Kind(page, "en", "UTC")
    say("One")
    change_room(editor=alice, room=lobby, name="Frogs only", purpose="")

    [frame] = fragments.frames(events(lobby), kind)

    assert frame.text.count("<li") == 1
    assert "hx-swap-oob" not in frame.text
    assert frame.seq == events(lobby)[-1].seq
    assert fragments.changes(events(lobby), kind) == []


def test_times_are_those_of_the_readers_place(lobby, say):
    (message,) = say("Late")
    Message.objects.filter(pk=message.pk).update(
        created_at=datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    )

    shown = {
        zone: fragments.frames(events(lobby), Kind("html", "en", zone))[0].text
        for zone in ("UTC", "Asia/Tokyo")
    }

    assert ">22:30</time>" in shown["UTC"]
    assert "10 March 2026" in shown["UTC"]
    assert ">07:30</time>" in shown["Asia/Tokyo"]
    assert "11 March 2026" in shown["Asia/Tokyo"]


def test_people_of_one_kind_read_one_text(alice, bob):
    assert Kind.of(alice) == Kind.of(bob) != Kind.of(bob, "stream")
    bob.time_zone = "Asia/Tokyo"
    assert Kind.of(alice) != Kind.of(bob)


def test_the_number_of_members_follows_who_comes(alice, charlie, pond):
    before = Event.objects.filter(room=pond).count()
    invite_into_room(inviter=alice, room=pond, people=[charlie])

    [frame] = fragments.frames(events(pond, before), PAGE)

    assert "3 members" in frame.text


def test_a_reset_is_the_newest_page_and_its_cursor(lobby, say, monkeypatch):
    monkeypatch.setattr("chat.history.PAGE_SIZE", 2)
    said = say("One", "Two", "Three")
    lobby.refresh_from_db()

    frame = fragments.reset(lobby, PAGE)

    assert shown_ids(frame.text) == [message.pk for message in said[1:]]
    assert 'hx-swap-oob="innerHTML:#messages"' in frame.text
    assert "Older messages" in frame.text
    assert frame.text.count(CURSOR) == 1
    assert frame.seq == lobby.last_seq


def test_a_threads_page_keeps_its_title_while_its_room_is_called_so():
    line = Line(1, "pond", "Pond", "public", unread=True)
    titles = [
        fragments.sidebar([line], None, "pond", f"Thread · {name} · Site", "Site", PAGE)
        for name in ("Pond", "Puddle")
    ]

    assert "(1) Thread · Pond · Site<" in titles[0]
    assert "(1) Pond · Site<" in titles[1]


def test_a_sidebar_escapes_what_people_named():
    line = Line(1, "pond", "<script>alert(1)</script>", "private", unread=True)

    text = fragments.sidebar([line], None, "pond", "", "<b>Site</b>", PAGE)

    assert "<script" not in text
    assert "<b>" not in text
    assert "(1) &lt;script&gt;" in text


@pytest.mark.parametrize(
    ("code", "sentence"),
    (
        (4400, "Please reload the page."),
        (4401, "You have been signed out."),
        (4403, "You are no longer in this room."),
        (4404, "There is no such room, or it is not for you."),
        (4429, "Too many pages are open"),
    ),
)
def test_the_last_frame_says_why_and_takes_the_socket_away(code, sentence):
    text = fragments.goodbye(code, PAGE)

    assert sentence in text
    assert '<div id="live" hx-swap-oob="delete">' in text


def test_a_refusal_is_a_sentence_and_never_markup():
    assert "&lt;b&gt;" in fragments.refusal("<b>", PAGE)


def test_a_reset_is_one_frame_however_large_the_messages(bob, lobby):
    for number in range(12):
        body = ("**a** " * 1650)[:9900]
        post_message(author=bob, room=lobby, body=body, nonce=f"large-one-{number}")

    frame = fragments.reset(lobby, PAGE)

    assert 0 < len(shown_ids(frame.text)) < 12
    assert len(frame.text.encode()) < 256 * 1024
    assert "Older messages" in frame.text


def test_a_sidebar_is_one_frame_however_many_rooms_and_keeps_what_matters():
    lines = [
        Line(n, f"room-{n}", "&" * 80, "private", unread=n == 700, is_muted=n != 700)
        for n in range(900)
    ]

    text = fragments.sidebar(lines, None, "room-800", "", "Pond", PAGE)

    assert len(text.encode()) < 256 * 1024
    assert "/rooms/room-700/" in text
    assert "/rooms/room-800/" in text


# --- What is kept --------------------------------------------------------------------------


def test_a_message_is_rendered_once_while_it_looks_the_same(bob, lobby, say, monkeypatch):
    rendered = []
    render = fragments.render
    monkeypatch.setattr(
        fragments, "render", lambda *args: rendered.append(args[0]) or render(*args)
    )
    message = say("One")[0]

    def show(kind=PAGE, place=""):
        return fragments.message_fragment(
            complete([Message.objects.get(pk=message.pk)])[0], kind, place
        )

    assert show() == show()
    assert len(rendered) == 1
    assert show(Kind("html", "de", "UTC"))
    assert show(place="thread-") != show()
    assert len(rendered) == 3


@pytest.mark.parametrize(
    "change",
    (
        lambda alice, bob, one, two: edit_message(editor=bob, message=two, body="Two"),
        lambda alice, bob, one, two: edit_message(editor=bob, message=one, body="Two"),
        lambda alice, bob, one, two: delete_message(deleter=bob, message=one),
        lambda alice, bob, one, two: toggle_reaction(person=alice, message=two, emoji="👍"),
        lambda alice, bob, one, two: Person.objects.update(name="Another"),
        lambda alice, bob, one, two: post_message(
            author=bob, room=two.room, body="x", nonce="an-answer", root=two.pk, in_room=False
        ),
    ),
    ids=("edited", "its quote edited", "its quote deleted", "reaction", "renamed", "answered"),
)
def test_what_looks_different_is_rendered_anew(change, alice, bob, lobby, say):
    one = say("One")[0]
    two = post_message(author=bob, room=lobby, body="Quotes", nonce="a-quote", reply_to=one.pk)

    def show():
        return fragments.message_fragment(complete([Message.objects.get(pk=two.pk)])[0], PAGE)

    before = show()
    change(alice, bob, one, two)

    assert show() != before
