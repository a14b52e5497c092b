"""What is meant for Slack, as our Markdown: what people read of it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import markup, slack
from chat.slack_text import literal, mrkdwn

# Without names, which stand for something wherever they are written, and the bar behind which
# stands what an address is called.
PROSE = st.text(st.sampled_from("ab 1.\n*_~`[]()<>!\\/-+&;#'\"="), max_size=40)


def words(text):
    return " ".join(text.split())


def read(markdown):
    return markup.words_of(markup.render(markdown).html) if markdown.strip() else ""


@pytest.mark.parametrize(
    ("said", "expected"),
    (
        ("*bold* _italic_ ~struck~ `code`", "**bold** _italic_ ~~struck~~ `code`"),
        ("*two words*, (*in brackets*)", "**two words**, (**in brackets**)"),
        ("2*3*4 and a * b * c", r"2\*3\*4 and a \* b \* c"),
        ("**Markdown** and [words](https://example.org)",) * 2,
        ("~/home and ~other", "~/home and ~other"),
        ("snake_case and __init__", r"snake_case and \_\_init\_\_"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt; stays escaped", "&lt; stays escaped"),
        ("`*a* <b> &lt;c&gt; _d_`", "`*a* <b> <c> _d_`"),
        ("an open ` tick", r"an open \` tick"),
        (r"C:\*.txt", r"C:\\\*.txt"),
        ("```\nmake *run*\n\n\n\nend\n```", "```\nmake *run*\n\n\n\nend\n```"),
        ("see ```x = 1``` there", "see \n```\nx = 1\n```\n there"),
        ("```json\n{}\n```", "```json\n{}\n```"),
        ("```OK\nnext```", "```\nOK\nnext\n```"),
        ("&gt; quote\nnot", "> quote\n\nnot"),
        ("first\n>>> all\nof it", "first\n> all\n> of it"),
        ("- one\n- two\nno item", "- one\n- two\n\nno item"),
    ),
)
def test_text_becomes_markdown(said, expected):
    assert mrkdwn(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    (
        ("<https://example.org/a?b=1&amp;c=2>", "<https://example.org/a?b=1&c=2>"),
        ("<https://example.org|words>", "[words](https://example.org)"),
        ("<https://example.org|[1] *bold*>", r"[\[1\] **bold**](https://example.org)"),
        ("<https://example.org|`1a2b`>", "[`1a2b`](https://example.org)"),
        ("*<https://example.org|words>*", "**[words](https://example.org)**"),
        ("<https://example.org | words>", "[words](https://example.org)"),
        ("<https://example.org/(a)|words>", "[words](https://example.org/%28a%29)"),
        ("<mailto:ada@example.org|Ada>", "[Ada](mailto:ada@example.org)"),
        ("<javascript:alert(1)|words>", "words (javascript:alert(1))"),
        ("<tel:123|call>", "call (tel:123)"),
        ("<@U012AB3CD> <@U012AB3CD|ada>", "@U012AB3CD @ada"),
        ("<#C012AB3CD|general> <#C012AB3CD>", "#general #C012AB3CD"),
        ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S012AB3CD|@team> <!subteam^S012AB3CD>", "@team @subteam"),
        ("<!date^1767225600^{date}|New Year>", "New Year"),
        ("a <b> c", r"a \<b> c"),
        ("<https://example.org/`a`|words>", r"\<https://example.org/`a`|words>"),
    ),
)
def test_what_stands_in_angle_brackets_is_shown_as_what_it_is(said, expected):
    assert mrkdwn(said) == expected


@settings(max_examples=300)
@given(PROSE)
def test_what_is_literal_is_read_as_it_stands(said):
    shown = literal(said)

    if words(said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")):
        assert read(shown) == words(
            said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        )


@settings(max_examples=300)
@given(PROSE)
def test_no_letter_of_a_text_is_lost(said):
    shown = mrkdwn(said)

    letters = re.sub(r"&(lt|gt|amp);", "", said)
    assert re.findall("[ab]", read(shown)) == re.findall("[ab]", letters)


FIELDS = st.sampled_from(
    [
        "text",
        "blocks",
        "attachments",
        "fields",
        "elements",
        "title",
        "title_link",
        "value",
        "style",
        "url",
        "fallback",
        "pretext",
        "accessory",
        "indent",
        "name",
        "user_id",
        "image_url",
        "mrkdwn",
        "bold",
        "code",
    ]
)
TYPES = st.sampled_from(
    [
        "header",
        "section",
        "context",
        "image",
        "actions",
        "markdown",
        "rich_text",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "text",
        "link",
        "emoji",
        "user",
        "channel",
        "broadcast",
        "date",
    ]
)


def shaped(inner):
    """Lists, and objects of a type that there is."""
    several = st.dictionaries(FIELDS, inner, max_size=4)
    return st.lists(inner, max_size=3) | st.builds(
        lambda one, kind: one | {"type": kind}, several, TYPES
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    shaped,
    max_leaves=10,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["text", "blocks", "attachments"]), JSON))
def test_no_payload_of_whatever_shape_fails(payload):
    assert isinstance(slack.to_markdown(payload), str)


@pytest.mark.parametrize(
    "text", ("*" * 50_000, "<" * 50_000, "`" * 50_000, "~a" * 25_000, "*a" * 25_000, "<a|" * 20_000)
)
def test_hostile_repetition_is_converted_all_the_same(text):
    assert isinstance(mrkdwn(text), str)


def test_blocks_stand_in_the_place_of_the_text():
    header = {"type": "header", "text": {"type": "plain_text", "text": "Title"}}

    assert slack.to_markdown({"text": "For notifications", "blocks": [header]}) == "**Title**"
    assert slack.to_markdown({"text": "All there is", "blocks": [{"type": "divider"}]}) == (
        "All there is"
    )


def test_without_markup_the_text_is_as_it_stands():
    assert read(slack.to_markdown({"text": "*no* _markup_", "mrkdwn": False})) == "*no* _markup_"


def test_a_fallback_counts_where_there_is_nothing_else():
    assert slack.to_markdown({"attachments": [{"fallback": "Down"}]}) == "Down"
    assert slack.to_markdown({"attachments": [{"fallback": "Down", "text": "Up"}]}) == "Up"
