"""Lines that are too long for a terminal, broken where we say. Pure.

A terminal breaks a line at its edge and goes on in the first column, where whoever pads a message
with spaces could begin one that looks like somebody else's. So what goes on is set in.
"""

from itertools import groupby

from prompt_toolkit.utils import get_cwidth

from natterjack.wording import INDENT, Pieces

FEWEST_COLUMNS = 20


def wrapped(line: Pieces, columns: int) -> list[Pieces]:
    """The line as rows of fewer than so many columns; between words where that is possible."""
    width = max(columns, FEWEST_COLUMNS) - 1
    rows: list[Pieces] = []
    row: Pieces = []
    used = 0
    for style, text in line:
        for character in text:
            if used + get_cwidth(character) > width:
                row, rest = _broken(row)
                rows.append(row)
                row = [("", space) for space in INDENT] + rest
                used = len(INDENT) + sum(get_cwidth(each) for _, each in rest)
            row.append((style, character))
            used += get_cwidth(character)
    return [_joined(each) for each in [*rows, row]]


def _broken(row: Pieces) -> tuple[Pieces, Pieces]:
    """What stays in the row, and the begun word that goes to the next."""
    for at in range(len(row) - 1, len(row) // 2, -1):
        if row[at][1] == " ":
            return row[:at], row[at + 1 :]
    return row, []


def _joined(row: Pieces) -> Pieces:
    return [
        (style, "".join(text for _, text in run))
        for style, run in groupby(row, key=lambda piece: piece[0])
    ]
