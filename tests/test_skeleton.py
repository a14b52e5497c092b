"""Whatever people write, the page around it has the same skeleton, and a frame swaps the same ids.

An id at the top level of a frame is a swap to htmx, so a text that broke out of its place could
replace any part of the page of whoever reads it.
"""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chat import fragments, markup
from chat.actions.messages import post_message
from chat.fragments import Kind
from chat.models import Event, EventKind, Message, Person, Room, Site
from chat.sidebar import Line

pytestmark = pytest.mark.django_db
KINDS = [Kind("html", "en", "UTC"), Kind("stream", "en", "UTC"), Kind("plain", "de", "UTC")]
AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
# What a frame may swap: contract §5, and our own ids that no message can have.
SWAPPED = re.compile(
    r"(message-\d+|cursor|end|rooms|icon|connection|live|history|older|room-head|room-state|"
    r"member-count|messages|again|notice|title)\Z"
)
VOID = {"br", "img", "input", "link", "meta", "hr", "path", "rect", "circle", "use"}
HOSTILE = [
    '</li></ol><div id="composer" hx-swap-oob="true">',
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "<!-- <b> -->",
    "</bdi></a></p><ol hx-swap-oob='innerHTML:#messages'>",
    "{{ message }}{% include 'base.html' %}",
    "\u202e\u2066<b>\u2069",
    "<svg/onload=alert(1)>",
    "<plaintext>",
    "]]><![CDATA[",
]
PAGES = [
    "/rooms/general/",
    "/rooms/general/?plain=1",
    "/rooms/general/members/",
    "/rooms/",
    "/people/",
    "/people/bob/",
    "/rooms/general/connect/",
    "/settings/",
]
texts = st.text(min_size=1, max_size=60) | st.sampled_from(HOSTILE)
pieces = st.lists(st.sampled_from([*HOSTILE, "```", "> ", "- ", "[a](", ")", "\n", "`", "*"]))
bodies = texts | pieces.map("".join)


class Skeleton(HTMLParser):
    """Each element outside of what people wrote: its depth, name, and the names of its attributes.

    `roots` are what the top level swaps.
    """

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.roots, self.inside = [], [], [], None
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        if self.inside is None:
            names = sorted(name for name, _value in attrs)
            self.elements.append((len(self.open), tag, tuple(names)))
        if not self.open:
            self._swap(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)
            if self.inside is None and "prose" in (dict(attrs).get("class") or ""):
                self.inside = len(self.open)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        if tag not in VOID:
            if self.inside == len(self.open):
                self.inside = None
            assert self.open.pop() == tag

    def handle_comment(self, data):
        assert self.inside is None, "a comment within what somebody wrote"

    def _swap(self, attributes):
        way, _, target = (attributes.get("hx-swap-oob") or "").partition(":")
        self.roots.append(target.removeprefix("#") or attributes.get("id", way))


def message(name, body):
    author = Person(pk=7, username="alice", name=name)
    try:
        html = markup.render(markup.clean_body(body)).html
    except markup.InvalidBody:  # which is what nobody can post
        html = markup.render("a").html
    room = Room(pk=3, slug="pond", name=name)
    return Message(pk=9, room=room, seq=5, author=author, body=body, html=html, created_at=AT)


def event(name, body):
    said = message(name, body)
    kind = EventKind.MESSAGE_POSTED
    return Event(room=said.room, seq=5, kind=kind, at=AT, actor=said.author, message=said)


def changed(name, purpose):
    room = Room(pk=3, slug="pond", name=name, purpose=purpose)
    return Event(room=room, seq=6, kind=EventKind.ROOM_CHANGED, at=AT)


def line(label):
    return Line(room_id=3, slug="pond", label=label, kind="public", unread=True)


def same(make, *wrote):
    """What is made of it has the skeleton of what is made of harmless words."""
    found, expected = Skeleton(make(*wrote)), Skeleton(make(*("word" for _each in wrote)))
    assert found.elements == expected.elements
    return found


def any_text(test):
    """Many examples, with those that have broken chats before among them."""
    for hostile in HOSTILE:
        test = example(hostile, hostile)(test)
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=30, deadline=None, suppress_health_check=quiet)(
        given(texts, bodies)(test)
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.format)
@any_text
def test_any_name_and_text_leave_a_message_as_it_is(kind, name, body):
    same(lambda *wrote: fragments.message_fragment(message(*wrote), kind), name, body)


@any_text
def test_any_name_and_text_leave_a_frame_as_it_is_and_swap_its_own_ids(name, body):
    def make(*wrote):
        frames = fragments.frames([event(*wrote)], KINDS[0])
        return "".join(frame.text for frame in frames)

    for root in same(make, name, body).roots:
        assert SWAPPED.match(root), root


@any_text
def test_any_name_and_purpose_leave_a_rooms_head_as_it_is(name, purpose):
    def make(*wrote):
        return "".join(frame.text for frame in fragments.frames([changed(*wrote)], KINDS[0]))

    for root in same(make, name, purpose or "none").roots:
        assert SWAPPED.match(root), root


@any_text
def test_any_name_and_title_leave_a_sidebar_as_it_is(name, title):
    def make(name, title):
        return fragments.sidebar([line(name)], None, "", title, name, KINDS[0])

    for root in same(make, name, title).roots:
        assert SWAPPED.match(root), root


@any_text
def test_any_sentence_leaves_a_refusal_as_it_is(name, body):
    for root in same(lambda *wrote: fragments.refusal("".join(wrote), KINDS[0]), name, body).roots:
        assert SWAPPED.match(root), root


@pytest.mark.parametrize("hostile", HOSTILE)
def test_whole_pages_keep_their_skeleton_whatever_stands_in_the_database(
    hostile, bob, lobby, sign_in
):
    """Names that no form would take, too: what shows them relies on no form."""
    post_message(author=bob, room=lobby, body=hostile, nonce="nonce-of-hostile")
    Site.load()
    client = sign_in(bob)

    def pages(text):
        Person.objects.filter(pk=bob.pk).update(name=f"Bob {text}")  # as he stands in lists
        Room.objects.filter(pk=lobby.pk).update(name=text, purpose=text)
        Site.objects.update(name=text, welcome=text)
        return [
            *(Skeleton(client.get(path).content.decode()).elements for path in PAGES),
            Skeleton(Client().get("/login/").content.decode()).elements,
        ]

    assert pages(hostile) == pages("word")


def test_a_skeleton_shows_what_has_broken_out():
    page = "<ol><li><div class='prose'>{}</div></li></ol>"

    with pytest.raises(AssertionError):
        Skeleton(page.format("</div><b>"))
    assert (
        Skeleton(page.format("</div><b></b><div>")).elements != Skeleton(page.format("")).elements
    )
    assert Skeleton('<div id="composer" hx-swap-oob="true"></div>').roots == ["composer"]
    assert not SWAPPED.match("composer")
