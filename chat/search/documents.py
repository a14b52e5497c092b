"""What the index holds of a message: its words, and marks for what it is filtered by. Pure.

A mark begins with `=`, which is in no word: nothing that somebody types is taken for one.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple, Protocol

from chat.search.text import words


class Said(Protocol):
    """As much of a message as is indexed; a migration's own messages have it too."""

    pk: int
    room_id: int
    author_id: int
    body: str
    html: str
    created_at: datetime


class Document(NamedTuple):
    message_id: int
    room_id: int
    words: list[str]
    marks: list[str]


def document(message: Said) -> Document:
    marks = [
        room_mark(message.room_id),
        sender_mark(message.author_id),
        *_time_marks(message.created_at.year, message.created_at.month),
        *(has_mark(kind) for kind in _contents(message.html)),
    ]
    return Document(message.pk, message.room_id, words(message.body), marks)


def room_mark(room_id: int) -> str:
    return f"=r{room_id}"


def sender_mark(person_id: int) -> str:
    return f"=a{person_id}"


def has_mark(kind: str) -> str:
    return f"=has{kind}"


def period_marks(first: date, last: date) -> list[str]:
    """Those of all years and months between two days; of UTC, as the index has them.

    The month of `first` comes first and by itself, and none at all when `last` is before it.
    """
    marks: list[str] = []
    month = first.year * 12 + first.month - 1
    end = last.year * 12 + last.month
    while month < end:
        of_year, of_month = _time_marks(month // 12, month % 12 + 1)
        is_whole_year = bool(marks) and month % 12 == 0 and month + 12 <= end
        marks.append(of_year if is_whole_year else of_month)
        month += 12 if is_whole_year else 1
    return marks


def _time_marks(year: int, month: int) -> tuple[str, str]:
    return f"=y{year:04}", f"=m{year:04}{month:02}"


def _contents(html: str) -> Iterable[str]:
    # It has come out of nh3, which writes elements in one way only.
    if 'href="http' in html or 'href="mailto:' in html:
        yield "link"
    if "<code" in html:
        yield "code"
