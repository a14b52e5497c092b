"""A usual message's fragment, filled in, is what its templates make of it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import get_template
from django.template.loader_tags import IncludeNode

from chat import fragments, markup, stencils
from chat.fragments import THREAD, Kind
from chat.models import Message, Person, Role, Room

KINDS = [
    Kind("html", "en", "UTC"),
    Kind("stream", "de", "Asia/Kolkata"),
    Kind("plain", "fr", "America/New_York"),
]
AT = datetime(2026, 1, 2, 23, 59, 30, tzinfo=UTC)
TEMPLATE = "chat/fragments/message.html"
NAMES = ["Alice", "100 % <b>", "%(key)s & {{ message }}", "\u202e\"'><script>"]
TEXTS = ["Hello", "100 % & %(body)s", "<li id=x>", "`%s`", "a [link](https://a.org/?a=1&b=%20)"]


def said(name="Alice", body="Hello", pk=7, **more):
    author = Person(pk=3, username="alice", name=name, role=more.pop("role", Role.MEMBER))
    html = markup.render(markup.clean_body(body)).html
    fields = {"pk": pk, "seq": pk + 2, "body": body, "html": html, "created_at": AT} | more
    message = Message(room=Room(pk=3, slug="pond"), author=author, **fields)
    message.given = []
    return message


def rendered(message, kind, place=""):
    return fragments.render(TEMPLATE, {"message": message, "place": place}, kind)


@pytest.fixture
def alone(monkeypatch):
    """What has been rendered since, by itself or for a stencil."""
    seen, render = [], fragments.render
    monkeypatch.setattr(
        fragments,
        "render",
        lambda *asked, **named: seen.append(asked[0]) or render(*asked, **named),
    )
    return seen


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.format)
@pytest.mark.parametrize("place", ("", THREAD))
@pytest.mark.parametrize("name", NAMES)
def test_each_of_an_authors_messages_is_what_its_template_makes_of_it(kind, place, name):
    for number, text in enumerate(TEXTS):
        at = AT + timedelta(minutes=7 * number)
        message = said(name, text, 1234 + number, created_at=at)
        assert fragments.message_fragment(message, kind, place) == rendered(message, kind, place)


@pytest.mark.parametrize(
    "more",
    (
        {"previous_at": AT - timedelta(minutes=1), "previous_author_id": 3},
        {"previous_at": AT - timedelta(minutes=1), "previous_author_id": 4},
        {"previous_at": AT - timedelta(days=1), "previous_author_id": 3},
        {"mentioned": "4 room"},
        {"role": Role.BOT},
        {"in_room": False},
    ),
)
def test_what_differs_in_more_than_what_it_says_has_a_stencil_of_its_own(more):
    for kind in KINDS:
        for each in (said(), said(pk=8, **more), said(pk=9)):
            assert fragments.message_fragment(each, kind) == rendered(each, kind)


def test_an_authors_second_message_is_rendered_no_more(alone):
    for pk in range(1, 9):
        fragments.message_fragment(said(pk=pk), KINDS[0])

    assert alone == [TEMPLATE]


def test_who_lives_elsewhere_sees_the_same_at_their_time(alone):
    kinds = [Kind("html", "en", zone) for zone in ("UTC", "Asia/Tokyo", "America/Lima")]
    before = AT - timedelta(minutes=1)
    shown = [
        (fragments.message_fragment(message, kind), rendered(message, kind))
        for kind in kinds
        for message in (said(pk=8), said(pk=9, previous_at=before, previous_author_id=3))
    ]

    assert all(found == expected for found, expected in shown)
    assert len({found for found, _expected in shown}) == 6
    assert len(alone) == 6 + 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "more",
    (
        {"reply_count": 2},
        {"edited_at": AT, "version": 2},
        {"deleted_at": AT},
        {"reply_to": said(pk=5)},
        {"root": said(pk=5)},
    ),
    ids=lambda more: next(iter(more)),
)
def test_an_unusual_message_is_rendered_by_itself(alone, more):
    for pk in (8, 9):
        message = said(pk=pk, **more)
        assert fragments.message_fragment(message, KINDS[0]) == rendered(message, KINDS[0])

    assert alone == [TEMPLATE] * 4


@pytest.mark.parametrize("name", ("quote", "replies"))
def test_a_broken_template_that_a_usual_message_does_not_show_costs_it_nothing(overrides, name):
    overrides(f"chat/fragments/{name}.html", "{% load nothing %}")

    assert "<p>Hello</p>" in fragments.message_fragment(said(), KINDS[0])


@pytest.mark.parametrize("asked", ("message.number", "message.author.time_zone"))
def test_where_a_template_of_ours_asks_for_more_each_message_is_rendered_by_itself(
    asked, overrides, data_dir, monkeypatch
):
    monkeypatch.setattr(stencils, "_SHIPPED", data_dir)
    overrides(TEMPLATE, f"{{{{ message.key }}}} {{{{ {asked} }}}}")

    for pk in (1, 2):
        message = said(pk=pk, number=pk)
        assert fragments.message_fragment(message, KINDS[0]) == rendered(message, KINDS[0])


INCLUDED = ("content", "quote", "reactions", "replies", "slot")


@pytest.mark.parametrize("name", ("message", *INCLUDED))
def test_where_a_template_of_it_is_the_owners_each_message_is_rendered_by_itself(overrides, name):
    overrides(f"chat/fragments/{name}.html", "{{ message.pk|divisibleby:2 }}{{ message.body }}")

    for pk in (1, 2):
        message = said(body="_Hello_", pk=pk)
        assert fragments.message_fragment(message, KINDS[0]) == rendered(message, KINDS[0])


def test_these_are_all_of_its_templates():
    assert included(TEMPLATE) == {TEMPLATE, *(f"chat/fragments/{name}.html" for name in INCLUDED)}


def included(name):
    """The template and all that it includes."""
    nodes = get_template(name).template.nodelist.get_nodes_by_type(IncludeNode)
    return {name}.union(*(included(node.template.var) for node in nodes))
