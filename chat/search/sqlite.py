"""The index in SQLite: one FTS5 table, whose rows are numbered by message and room.

It keeps a copy of the words (SQLite's contentless tables can't delete before 3.43), and no
trigger fills it: a table that Django rebuilds loses its triggers without a word. The room is in
the row's number so that a word's many messages in rooms that are not to be seen are passed
over without a look at the messages. The words are cut already: `ascii` takes every other
character for a part of a word.
"""

import time
from collections.abc import Iterable, Sequence

from django.db import connection

from chat.search.documents import Document
from chat.search.query import Term
from chat.search.wanted import Wanted

ROW_BITS = 24
_ROOM = (1 << ROW_BITS) - 1
_LAST = (1 << 62) >> ROW_BITS
# What one step of merging writes, for as long as 20 ms, and how long others may write after it.
_STEP_PAGES, PAUSE_SECONDS = 200, 0.05
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
        sql = _STRAY.format(bits=ROW_BITS, room=_ROOM)
        cursor.execute(sql, [_row(min(first, _LAST), 0), _row(min(end, _LAST), 0)])


def purge() -> None:
    """Takes the words of what was deleted or edited out of the file as well.

    FTS5 only notes that a row is gone. Its words stay in the blocks that they are in, and the note
    holds them too, until these are merged with all newer ones: on a large site for years. So all
    are merged into one, step by step, each a transaction. Where there is one only, nothing is done.
    """
    pages = -_STEP_PAGES  # below zero to begin with everything, above it to go on
    while _merge(pages):
        pages = _STEP_PAGES
        time.sleep(PAUSE_SECONDS)


def newest(wanted: Wanted, *, before: int | None, count: int) -> list[int]:
    """The keys of the newest messages that are wanted, older than `before`."""
    scope, values = wanted.scope
    times, moments = wanted.times
    sql = _NEWEST.format(bits=ROW_BITS, room=_ROOM, scope=scope, times=times)
    top = _row(min(_LAST if before is None else before, _LAST), 0)
    bounds = [connection.ops.adapt_datetimefield_value(moment) for moment in moments]
    with connection.cursor() as cursor:
        cursor.execute(sql, [_expression(wanted), top, *values, *bounds, count])
        return [row[0] for row in cursor.fetchall()]


def _merge(pages: int) -> bool:
    """Whether there was anything to merge."""
    with connection.cursor() as cursor:
        before = connection.connection.total_changes
        cursor.execute("INSERT INTO chat_search (chat_search, rank) VALUES ('merge', %s)", [pages])
    # The command itself is one: https://sqlite.org/fts5.html#the_merge_command
    return bool(connection.connection.total_changes - before > 1)


def _row(message_id: int, room_id: int) -> int:
    return message_id << ROW_BITS | room_id


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
