"""Search: SQLite's FTS5 or PostgreSQL's full text behind the same few calls.

`index` and `withdraw` belong into the transaction that stores or deletes the messages: the index
is never behind, and no trigger has to survive a migration. Who asks finds what they may see, and
that is a part of the query itself: there is nothing to filter, count or cut afterwards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType

from django.db import connection, transaction
from django.db.models import QuerySet

from chat.errors import Invalid
from chat.models import Message, Person, Room
from chat.search import postgresql, sqlite
from chat.search.documents import document
from chat.search.narrowing import narrow
from chat.search.query import MAX_CHARACTERS, Query, parse
from chat.search.snippets import Part, score, snippet
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


@dataclass(frozen=True)
class Hit:
    message: Message
    snippet: list[Part]


@dataclass(frozen=True)
class Found:
    """One page of hits. What follows it begins behind `last` or, ranked, after `skip`.

    `is_bounded`: only the newest `RANKED` hits have been ranked, and there may be more.
    """

    hits: list[Hit]
    has_more: bool
    skip: int = 0
    is_bounded: bool = False

    @property
    def last(self) -> int:
        return self.hits[-1].message.pk if self.hits else 0


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
    return Found(_hits(person, query, keys[:PAGE_SIZE]), has_more=len(keys) > PAGE_SIZE)


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
    bodies = dict(Message.objects.filter(pk__in=keys).order_by().values_list("pk", "body"))
    ranked = sorted(
        (key for key in keys if key in bodies),
        key=lambda key: (score(bodies[key], query.terms), key),
        reverse=True,
    )
    page = ranked[skip : skip + PAGE_SIZE]
    return Found(
        _hits(person, query, page),
        has_more=len(ranked) > skip + PAGE_SIZE,
        skip=skip + PAGE_SIZE,
        is_bounded=len(keys) == RANKED,
    )


def _hits(person: Person, query: Query, keys: list[int]) -> list[Hit]:
    visible = Room.objects.visible_to(person)
    seen = Message.objects.filter(pk__in=keys, deleted_at=None, room__in=visible)
    by_key = {message.pk: message for message in seen.select_related("author", "room").order_by()}
    found = [by_key[key] for key in keys if key in by_key]
    return [Hit(message, snippet(message.body, query.terms)) for message in found]


def _backend() -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite
