"""What our HTML may hold at most, a strict reader of it, and pieces to make hostile texts of."""

import re
from html import unescape
from html.parser import HTMLParser

import nh3
from hypothesis import strategies as st

from chat import colours
from chat.markup import MAX_HTML_BYTES, render

ALLOWED = {
    "a": {
        "href": r"(?i)(https?://|mailto:).*|/rooms/[-a-z0-9_]+/",
        "class": r"room-link",
        "rel": r"noopener noreferrer nofollow",
    },
    "blockquote": {},
    "br": {},
    "code": {"class": r"language-[a-z0-9+#-]{1,24}"},
    "em": {},
    "li": {},
    "ol": {"start": r"[0-9]{1,9}"},
    "p": {},
    "pre": {"class": r"plain"},
    "s": {},
    "span": {"class": "|".join([*colours.CLASSES, "mention"]), "data-person": r"[0-9]+|room|here"},
    "strong": {},
    "ul": {},
}

MARKUP_PIECES = [
    *"ab \n*_~`>-+#[]()!<&\"'\\:/@.=|1",
    *[
        "**",
        "~~",
        "```",
        "```python\n",
        "\n\n",
        "\n> ",
        "\n- ",
        "\n1. ",
        "](",
        "http://a.b",
        "&lt;",
    ],
    *[
        "mailto:a@b.c",
        "javascript:x",
        "//evil",
        "<div id=x>",
        "</div>",
        "</li></ol>",
        "<!--",
        "<a ",
    ],
    *["hx-get=/logout ", "é", "\u202e", "\u200d", "😀", "\u00a0", "]]>", "<template>", "<svg>"],
]
markdown_texts = st.lists(st.sampled_from(MARKUP_PIECES), max_size=60).map("".join)


class Reader(HTMLParser):
    """Reads a page as strictly as it can: every element closed where it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        raise AssertionError(f"<{tag}/>")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError("a comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def shown(text: str) -> str:
    return str(render(text).html)


def assert_harmless(html: str) -> Reader:
    reader = Reader(html)
    assert reader.open == []
    for element, attributes in reader.elements:
        for attribute, value in attributes.items():
            assert re.fullmatch(ALLOWED[element][attribute], value), (element, attribute, value)
    assert len(html.encode()) <= MAX_HTML_BYTES
    return reader


def assert_stays_in_its_place(html: str) -> None:
    """A browser's parser (html5ever, through nh3) finds the page as it was written."""
    page = f'<ol><li><div class="body">{html}</div><i>after</i></li></ol>'
    tags = {*ALLOWED, "div", "i"}
    attributes = {element: set(allowed) for element, allowed in ALLOWED.items()}
    attributes["div"] = {"class"}
    parsed = nh3.clean(page, tags=tags, attributes=attributes, link_rel=None)
    assert unescape(parsed) == unescape(page)
