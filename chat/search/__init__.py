"""Search: SQLite's FTS5 or PostgreSQL's full text behind the same few calls.

`index` and `withdraw` belong into the transaction that stores or deletes the messages: the index
is never behind, and no trigger has to survive a migration.

What somebody may see is a part of the query that finds the keys of a page, so nothing is counted,
ranked or told of that they may not. The query that reads the messages asks once more: what was
deleted or hidden between the two is left out, and that page is shorter.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Substr

from chat.errors import Invalid
from chat.models import Message, Person, Room
from chat.search import postgresql, sqlite
from chat.search.documents import document
from chat.search.narrowing import narrow
from chat.search.query import MAX_CHARACTERS, Query, Term, parse
from chat.search.snippets import WEIGHED, Part, score, snippet
from chat.search.wanted import Wanted

__all__ = [
    "MAX_CHARACTERS",
    "Found",
    "Hit",
    "Query",
    "create",
    "drop",
    "find",
    "index",
    "parse",
    "purge",
    "rebuild",
    "withdraw",
]

PAGE_SIZE = 20
# What `best` looks at: the newest hits. To weigh all that hold a common word would take seconds.
RANKED = 500
BATCH = 1000
# What a page of hits shows: far less than a fragment.
_SHOWN = (
    "body",
    "html",
    "created_at",
    "author__name",
    "room__name",
    "room__kind",
    "room__archived_at",
)


@dataclass(frozen=True)
class Hit:
    message: Message
    snippet: list[Part]


@dataclass(frozen=True)
class Found:
    """One page of hits. What follows it is older than `last` or, ranked, comes after `skip`.

    `ranked`: how many hits were weighed where there may be more, older ones; otherwise 0.
    """

    hits: list[Hit]
    has_more: bool
    last: int = 0
    skip: int = 0
    ranked: int = 0


def index(messages: Iterable[Message]) -> None:
    """Makes messages findable, new and edited ones, in one statement for all of them."""
    _backend().put([document(message) for message in messages])


def withdraw(message_ids: Iterable[int]) -> None:
    """Nobody finds them any more."""
    _backend().remove(message_ids)


def create() -> None:
    """Makes the index's table, empty, unless there is one."""
    _backend().create()


def drop() -> None:
    _backend().drop()


def purge() -> None:
    """Takes the words that nobody finds any more out of the index's blocks on the disk.

    Others read and write meanwhile: it takes its time, a second for every 75,000 messages.
    """
    _backend().purge()


def find(
    *,
    person: Person,
    query: Query,
    is_ranked: bool = False,
    before: int | None = None,
    skip: int = 0,
) -> Found:
    """A page of the messages that this person may see: the newest first, or the best.

    The next page is asked for by the last message's key as `before`; where they are ranked, by
    `skip`. Ranked are the newest `RANKED` hits.
    Raises Invalid with a sentence when the query has a problem, or names what is not there.
    """
    if query.problem:
        raise Invalid(query.problem)
    wanted = narrow(person, query)
    if wanted is None:
        return Found([], has_more=False)
    if is_ranked and query.terms:
        return _best(person, query, wanted, skip)
    keys = _backend().newest(wanted, before=before, count=PAGE_SIZE + 1)
    page, has_more = keys[:PAGE_SIZE], len(keys) > PAGE_SIZE
    return Found(_hits(person, query, page), has_more, last=page[-1] if page else 0)


def rebuild(messages: "QuerySet[Message]") -> Iterator[int]:
    """Indexes all that there are, the newest first, and yields how many are done.

    Each batch is a transaction: the site goes on, and what was found before is found meanwhile.
    """
    few = messages.filter(deleted_at=None).only(
        "pk", "room_id", "author_id", "body", "html", "created_at"
    )
    done, end = 0, None
    while True:
        with transaction.atomic():
            older = few if end is None else few.filter(pk__lt=end)
            # Locked: an edit waits for the batch, and is not overwritten by what was before it.
            batch = list(older.order_by("-pk").select_for_update(no_key=True)[:BATCH])
            first = batch[-1].pk if len(batch) == BATCH else 0
            index(batch[::-1])  # in rising order, in which FTS5 takes many rows at once
            _backend().remove_strays(first, 1 << 62 if end is None else end)
        done += len(batch)
        yield done
        if not first:
            return
        end = first


def _best(person: Person, query: Query, wanted: Wanted, skip: int) -> Found:
    keys = _backend().newest(wanted, before=None, count=RANKED)
    beginnings = Message.objects.filter(pk__in=keys).order_by()
    texts = dict(beginnings.values_list("pk", Substr("body", 1, WEIGHED)))
    ranked = sorted(texts, key=lambda key: (score(texts[key], query.terms), key), reverse=True)
    end = skip + PAGE_SIZE
    return Found(
        _hits(person, query, ranked[skip:end]),
        has_more=len(ranked) > end,
        skip=end,
        ranked=RANKED if len(keys) == RANKED else 0,
    )


def _hits(person: Person, query: Query, keys: list[int]) -> list[Hit]:
    visible = Room.objects.visible_to(person)
    found = Message.objects.filter(pk__in=keys, deleted_at=None, room__in=visible).order_by()
    by_key = {
        message.pk: message for message in found.select_related("author", "room").only(*_SHOWN)
    }
    there = [by_key[key] for key in keys if key in by_key]
    return [Hit(message, _around(message, query.terms)) for message in there]


def _around(message: Message, terms: Sequence[Term]) -> list[Part]:
    """What is shown of it; as it was typed where only that holds a hit: the address of a link."""
    shown = snippet(message.words, terms)
    if not terms or any(is_hit for _text, is_hit in shown):
        return shown
    return snippet(message.body, terms)


def _backend() -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite
