"""The index in PostgreSQL: a row for each message, with a `tsvector` under a GIN index.

The words are cut already, so vectors and queries are written out instead of being parsed by a
configuration for some language. `fastupdate` is off: searches would have to read the list of
what waits to be sorted in.

A GIN index knows no order: it would fetch every message with a common word to find the newest
ones. So the newest `RECENT` messages are looked through first; then the index is asked for what
is in the `SPANS` messages before them, which it can tell by a mark for each span of keys; and
for all the rest only when a page is not full by then: the words are rare ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import connection

from chat.search.documents import Document
from chat.search.query import Term
from chat.search.wanted import Wanted

RECENT = 2000
SPANS = (32_768, 32_768)
_SPAN_BITS = 13
# PostgreSQL's own limits for a vector: further places of a word are not needed to find it.
_MAX_PLACE, _MAX_PLACES = 16383, 255
CREATE = """
CREATE TABLE IF NOT EXISTS chat_searchrow (
    message_id bigint PRIMARY KEY, room_id bigint NOT NULL, document tsvector NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_searchrow_document ON chat_searchrow
    USING gin (document) WITH (fastupdate = off);
"""
_PUT = """
INSERT INTO chat_searchrow (message_id, room_id, document)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[]::tsvector[])
ON CONFLICT (message_id) DO UPDATE SET room_id = excluded.room_id, document = excluded.document
"""
# Each says which index is used: left to itself, PostgreSQL reads all of a common word's messages,
# or all that there are of a span. An index is of no use to `+ 0`.
_AMONG_RECENT = """
WITH recent AS MATERIALIZED (
    SELECT * FROM chat_searchrow WHERE message_id >= %s AND message_id < %s
), hits AS (SELECT * FROM recent WHERE document @@ %s::tsquery)
"""
_AMONG_OLDER = """
WITH hits AS MATERIALIZED (
    SELECT message_id, room_id FROM chat_searchrow
    WHERE message_id + 0 >= %s AND message_id + 0 < %s AND document @@ %s::tsquery
)
"""
# LATERAL: rooms and messages are looked at one hit after the other, until there are enough.
_VISIBLE = """
SELECT m.id FROM (SELECT message_id, room_id FROM hits ORDER BY message_id DESC) s
CROSS JOIN LATERAL (
    SELECT id FROM chat_message m
    WHERE m.id = s.message_id AND m.room_id = s.room_id AND m.deleted_at IS NULL
        AND s.room_id IN ({scope}){times} OFFSET 0
) m
ORDER BY s.message_id DESC LIMIT %s
"""
_STRAY = """
DELETE FROM chat_searchrow s WHERE message_id >= %s AND message_id < %s AND NOT EXISTS (
    SELECT FROM chat_message m
    WHERE m.id = s.message_id AND m.room_id = s.room_id AND m.deleted_at IS NULL
)
"""


def create() -> None:
    with connection.cursor() as cursor:
        cursor.execute(CREATE)


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS chat_searchrow")


def put(documents: Iterable[Document]) -> None:
    """Adds them, or replaces what there is of these messages."""
    rows = [(each.message_id, each.room_id, _vector(each)) for each in documents]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_PUT, [list(column) for column in zip(*rows, strict=True)])


def remove(message_ids: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_searchrow WHERE message_id = ANY(%s)", [list(message_ids)])


def remove_strays(first: int, end: int) -> None:
    """Of messages from `first` to before `end`: rows of those that there are no more."""
    with connection.cursor() as cursor:
        cursor.execute(_STRAY, [first, end])


def purge() -> None:
    """Nothing: only VACUUM FULL would, which locks everybody out (docs/security.md)."""


def newest(wanted: Wanted, *, before: int | None, count: int) -> list[int]:
    """The keys of the newest messages that are wanted, older than `before`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(message_id), 0) + 1 FROM chat_searchrow")
        head = cursor.fetchone()[0]
    end = head if before is None else min(before, head)
    found = _hits(_AMONG_RECENT, wanted, end - RECENT, end, count)
    end -= RECENT
    for length in (*SPANS, end):
        if end <= 0 or len(found) == count:
            break
        first = max(0, end - length)
        within = replace(wanted, marks=(*wanted.marks, _span_marks(first, end)))
        asked = within if first else wanted
        found += _hits(_AMONG_OLDER, asked, first, end, count - len(found))
        end = first
    return found


def _span_marks(first: int, end: int) -> tuple[str, ...]:
    return tuple(f"=s{span}" for span in range(first >> _SPAN_BITS, (end >> _SPAN_BITS) + 1))


def _hits(among: str, wanted: Wanted, first: int, end: int, count: int) -> list[int]:
    scope, values = wanted.scope
    times, moments = wanted.times
    sql = among + _VISIBLE.format(scope=scope, times=times)
    with connection.cursor() as cursor:
        cursor.execute(sql, [first, end, _expression(wanted), *values, *moments, count])
        return [row[0] for row in cursor.fetchall()]


def _vector(document: Document) -> str:
    places: dict[str, list[str]] = defaultdict(list)
    for place, word in enumerate(document.words, 1):
        if place <= _MAX_PLACE and len(places[word]) < _MAX_PLACES:
            places[word].append(str(place))
    found = [f"{_quoted(word)}:{','.join(at)}" for word, at in places.items() if at]
    span = _span_marks(document.message_id, document.message_id)
    return " ".join([*found, *map(_quoted, [*document.marks, *span])])


def _expression(wanted: Wanted) -> str:
    found = [_term(term) for term in wanted.terms] + [_any(marks) for marks in wanted.marks]
    if wanted.without:
        found.append(f"!{_any(wanted.without)}")
    return " & ".join(found)


def _term(term: Term) -> str:
    phrase = " <-> ".join(map(_quoted, term.words)) + (":*" if term.is_prefix else "")
    return f"({phrase})"


def _any(marks: Sequence[str]) -> str:
    return f"({' | '.join(map(_quoted, marks))})"


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
