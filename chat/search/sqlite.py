"""The index in SQLite: one FTS5 table, whose rows are numbered by message and room.

It keeps a copy of the words (SQLite's contentless tables can't delete before 3.43), and no
trigger fills it: a table that Django rebuilds loses its triggers without a word. The room is in
the row's number so that a word's many messages in rooms that are not to be seen are passed
over without a look at the messages. The words are cut already: `ascii` takes every other
character for a part of a word.
"""

from collections.abc import Iterable, Sequence

from django.db import connection

from chat.search.documents import Document
from chat.search.query import Term
from chat.search.wanted import Wanted

_BITS = 24
_ROOM = (1 << _BITS) - 1
_LAST = (1 << 62) >> _BITS
CREATE = """
CREATE VIRTUAL TABLE IF NOT EXISTS chat_search USING fts5(
    document, columnsize = 0, prefix = '2 3', tokenize = "ascii tokenchars '='"
)
"""
_NEWEST = """
SELECT m.id FROM chat_search s CROSS JOIN chat_message m ON m.id = (s.rowid >> {bits})
WHERE s.document MATCH %s AND s.rowid < %s AND (s.rowid & {room}) IN ({scope})
    AND m.room_id = (s.rowid & {room}) AND m.deleted_at IS NULL{times}
ORDER BY s.rowid DESC LIMIT %s
"""
_STRAY = """
DELETE FROM chat_search WHERE rowid IN (
    SELECT s.rowid FROM chat_search s LEFT JOIN chat_message m ON m.id = (s.rowid >> {bits})
    WHERE s.rowid >= %s AND s.rowid < %s
    AND (m.id IS NULL OR m.deleted_at IS NOT NULL OR m.room_id <> (s.rowid & {room}))
)
"""


def create() -> None:
    with connection.cursor() as cursor:
        cursor.execute(CREATE)


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS chat_search")


def put(documents: Iterable[Document]) -> None:
    """Adds them, or replaces what there is of these messages."""
    rows = [
        (_row(each.message_id, each.room_id), " ".join([*each.words, *each.marks]))
        for each in documents
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT OR REPLACE INTO chat_search (rowid, document) VALUES (%s, %s)", rows
        )


def remove(message_ids: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM chat_search WHERE rowid BETWEEN %s AND %s",
            [(_row(each, 0), _row(each, _ROOM)) for each in message_ids],
        )


def remove_strays(first: int, end: int) -> None:
    """Of messages from `first` to before `end`: rows of those that there are no more."""
    with connection.cursor() as cursor:
        sql = _STRAY.format(bits=_BITS, room=_ROOM)
        cursor.execute(sql, [_row(min(first, _LAST), 0), _row(min(end, _LAST), 0)])


def newest(wanted: Wanted, *, before: int | None, count: int) -> list[int]:
    """The keys of the newest messages that are wanted, older than `before`."""
    scope, values = wanted.scope
    times, moments = wanted.times
    sql = _NEWEST.format(bits=_BITS, room=_ROOM, scope=scope, times=times)
    top = _row(min(_LAST if before is None else before, _LAST), 0)
    bounds = [connection.ops.adapt_datetimefield_value(moment) for moment in moments]
    with connection.cursor() as cursor:
        cursor.execute(sql, [_expression(wanted), top, *values, *bounds, count])
        return [row[0] for row in cursor.fetchall()]


def _row(message_id: int, room_id: int) -> int:
    return message_id << _BITS | room_id


def _expression(wanted: Wanted) -> str:
    """In FTS5's language. Every word is quoted, and holds neither quote nor operator anyway."""
    found = [_term(term) for term in wanted.terms] + [_any(marks) for marks in wanted.marks]
    positive = " AND ".join(found)
    return f"({positive}) NOT {_any(wanted.without)}" if wanted.without else positive


def _term(term: Term) -> str:
    return _quoted(" ".join(term.words)) + (" *" if term.is_prefix else "")


def _any(marks: Sequence[str]) -> str:
    return f"({' OR '.join(map(_quoted, marks))})"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
