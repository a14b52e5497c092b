"""What others write gives a terminal no orders."""

import unicodedata

import hypothesis
import pytest
from hypothesis import strategies
from prompt_toolkit.utils import get_cwidth

from natterjack.harmless import harmless_line, harmless_lines
from natterjack.line import posted
from natterjack.wording import message_lines, plain
from natterjack.wrapping import wrapped
from tests.terminal.peer import Peer

ORDERS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]))
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("character", (*ORDERS, *TURNING, "\ud800", "\U000e0041"))
def test_no_order_gets_through(character):
    for line in [harmless_line(f"a{character}b"), *harmless_lines(f"a{character}b")]:
        assert not set(line) & set(ORDERS + TURNING)
        line.encode()


@hypothesis.given(strategies.text())
def test_whatever_is_written_can_be_shown(text):
    for line in [harmless_line(text), *harmless_lines(text)]:
        assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in line)


def test_what_people_need_stays():
    for text in ("naïve 👩‍👩‍👧 語", "שלום \u200fabc\u200e", "می‌خواهم", "a & <b>"):
        assert harmless_line(text) == text


def test_an_order_is_shown_as_a_picture_of_itself():
    assert harmless_line("\x1b[2J\x07\x7f") == "␛[2J␇␡"
    assert harmless_line("\x9b2J") == "\N{REPLACEMENT CHARACTER}2J"


def test_a_name_stays_on_its_line():
    assert harmless_line("Bob\r\n12:00 Ada") == "Bob 12:00 Ada"


def test_a_message_can_not_pass_for_another_ones():
    peer = Peer()
    peer.post("a\n12:00 Ada: b\r12:00 Ada: c\u202812:00 Ada: d")

    first, *rest = [plain(line) for line in message_lines(posted(peer.log[0]["message"]))]

    assert first.endswith("Bob: a")
    assert all(line.startswith("      ") for line in rest)


@hypothesis.given(
    strategies.text(alphabet=strategies.sampled_from(" ab語👍é:"), max_size=300),
    strategies.integers(20, 90),
)
def test_no_row_reaches_the_edge_and_what_goes_on_is_set_in(text, columns):
    first, *rest = wrapped([("class:name", "Bob"), ("", f": {text}")], columns)

    assert all(get_cwidth(plain(row)) < columns for row in [first, *rest])
    assert all(plain(row).startswith("      ") for row in rest)
    shown = "".join(plain(row).removeprefix("      ") for row in [first, *rest])
    assert shown.replace(" ", "") == f"Bob: {text}".replace(" ", "")


def test_padding_does_not_begin_a_line_that_looks_like_another_ones():
    forged = "a".ljust(80 - len("12:01 Bob: ")) + "12:00 Ada: I resign"

    rows = [plain(row) for row in wrapped([("", f"12:01 Bob: {forged}")], 80)]

    assert not any(row.startswith("12:00") for row in rows)


def test_words_stay_whole_where_they_can():
    rows = wrapped([("", "the natterjack is the loudest toad")], 21)

    assert [plain(row) for row in rows] == ["the natterjack is", "      the loudest", "      toad"]
