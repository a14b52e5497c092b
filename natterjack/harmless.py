"""Makes text of others harmless on a terminal. Pure.

A terminal takes orders from what is printed: with a few bytes a message could clear the screen,
rename the window, put words into the reader's mouth by asking the terminal something, or write
over the line above. So what would be an order is shown as a picture of itself. Directions that
reach beyond their own text and turn what stands around it are shown as a replacement character;
the plain marks that Hebrew and Arabic need (U+200E, U+200F, U+061C) stay.
"""

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}
_HARMFUL = re.compile(
    "["
    "\x00-\x1f\x7f"  # C0 and DEL
    "\x80-\x9f"  # C1: one character of these does what ESC and another would
    "\u2028\u2029"  # what some take for the end of a line
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates
    "\ufff9-\ufffb"  # annotations, which hide text
    "\U000e0000-\U000e007f"  # tags: text that nobody sees
    "\ud800-\udfff"  # half of a pair, which no encoding can write
    "]"
)


def harmless_line(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    spaced = re.sub(r"\s*[\r\n]+\s*", " ", text).replace("\t", " ")
    return _HARMFUL.sub(_picture, spaced)


def harmless_lines(text: str) -> list[str]:
    """The text's own lines, at least one, each harmless. Tabs become spaces."""
    lines = re.split("\r\n|\r|\n", text)
    return [_HARMFUL.sub(_picture, line.expandtabs(4)) for line in lines]


def _picture(found: re.Match[str]) -> str:
    return _CONTROL_PICTURES.get(ord(found[0]), REPLACEMENT)
