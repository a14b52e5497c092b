from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.avatars import COLOURS, avatar_svg, initials


@pytest.mark.parametrize(
    ("name", "expected"),
    (
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("Ada King of Lovelace", "AL"),
        ("(bot) weather", "BW"),
        ("élan vital", "ÉV"),
        ("ßuni", "ß"),
        ("3 pigs", "3P"),
        ("дарья иванова", "ДИ"),
        ("e\u0301a", "E\u0301"),
        ("हिन्दी भाषा", "हिभा"),
        ("田中 太郎", "田"),
        ("김 민준", "김"),
        ("محمد علي", "م"),
        ("דוד כהן", "ד"),
        ("Ada כהן", "A"),
        ("😀 Ada", "😀"),
        ("Ada 😀", "A"),
        ("👩🏽\u200d💻", "👩🏽\u200d💻"),
        ("🇩🇪🇫🇷", "🇩🇪"),
        ("❤️x y", "XY"),
        ("🏴\U000e0067\U000e0062\U000e007f Ada", "🏴\U000e0067\U000e0062\U000e007f"),
        ("!!!", "!"),
        ("\u200b Ada", "A"),
        ("\u200b", "?"),
        ("", "?"),
    ),
)
def test_initials_are_what_a_reader_takes_for_them(name, expected):
    assert initials(name) == expected


def test_the_sign_is_hidden_from_screen_readers_and_styled_by_classes_alone():
    assert avatar_svg(name="Ada Lovelace", key=19) == (
        '<svg class="avatar avatar-7" viewBox="0 0 40 40" aria-hidden="true">'
        '<text x="20" y="20">AL</text></svg>'
    )


@pytest.mark.parametrize("name", ("<b>", "&amp;", '"x', "'x", "{{7*7}}", "{0.__class__}", "<", "&"))
def test_names_are_escaped(name):
    html = avatar_svg(name=name, key=1)
    assert html.count("<") == 4
    assert html.count('"') == 10


def test_people_after_each_other_have_different_colours():
    assert len({avatar_svg(name="A", key=key) for key in range(COLOURS)}) == COLOURS


@pytest.mark.parametrize(
    "name", ("a" + "\u0316" * 79, "👩" + "\u200d👩" * 39, "\u200d" * 80, "a" + "\u0316" * 9 + " b")
)
def test_endless_characters_end(name):
    assert len(avatar_svg(name=name, key=11).encode()) < 250


@given(st.text(max_size=80), st.integers())
def test_any_name_has_a_small_sign(name, key):
    html = avatar_svg(name=name, key=key)
    assert len(html.encode()) < 250
    elements = []
    reader = HTMLParser()
    reader.handle_starttag = lambda element, attributes: elements.append(element)
    reader.feed(html)
    assert elements == ["svg", "text"]
