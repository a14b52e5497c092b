"""Group commit: what several people store at one moment goes into one durable transaction.

A durable commit waits for the disk, and SQLite lets one writer in at a time. So whoever comes first
writes at once and waits for nobody; what comes meanwhile waits together, and is the next
transaction. The busier it is, the more go into one: nothing is delayed for company.

A database that is locked or away refuses whoever waits in that line at once: each group would
else wait for the same in its turn, and with it the threads of all who want an answer.
"""

from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from django.db import connection

from chat.database import in_background, is_outage


class Item(Protocol):
    """Something to be stored, whose owner waits for the outcome."""

    def settle(self, outcome: Any, /) -> None: ...


_T = TypeVar("_T", bound=Item)

# A transaction of some 100 ms: who waits for the next one does not wait for long.
MAX_TOGETHER = 250


class GroupCommit(Generic[_T]):
    """Settles what waits with what `store` returns for each, or with what it raises for all."""

    def __init__(self, store: Callable[[list[_T]], list[Any]]) -> None:
        self._store = store
        self._lock = Lock()
        # Of each line that is being written: what has come meanwhile.
        self._waiting: dict[Hashable, list[_T]] = {}

    def submit(self, items: list[_T], line: Hashable) -> None:
        """Writes them now, or leaves them to who is writing that line; then they are settled soon.

        Inside a transaction they are a part of that one: durable, and settled for others, with it.
        """
        if connection.in_atomic_block:
            self._settle(items)
            return
        with self._lock:
            if line in self._waiting:
                self._waiting[line] += items
                return
            self._waiting[line] = []
        self._write(line, items)

    def _write(self, line: Hashable, items: list[_T]) -> None:
        outage = self._settle(items)
        with self._lock:
            waiting = self._waiting.pop(line)
            if waiting and outage is None:
                self._waiting[line] = waiting[MAX_TOGETHER:]
        if outage is not None:
            _settle_all(waiting, outage)
        elif waiting:
            self._go_on(line, waiting[:MAX_TOGETHER])

    def _settle(self, items: list[_T]) -> Exception | None:
        """Stores and settles them; returns what keeps the others of their line from it as well."""
        try:
            outcomes = self._store(items)
        except Exception as error:
            _settle_all(items, error)
            return error if is_outage(error) else None
        for item, outcome in zip(items, outcomes, strict=True):
            item.settle(outcome)
        return None

    def _go_on(self, line: Hashable, items: list[_T]) -> None:
        """Not in this thread, whose own answer is due; but where there is no other to be had.

        A process that is ending has none. Where the system refuses a thread, what it was to do may
        be done all the same, by one that is there: so it is done by whoever comes first.
        """
        left = [items]

        def take() -> None:
            with self._lock:
                mine = left.pop() if left else []
            if mine:
                self._write(line, mine)

        try:
            in_background(take)
        except RuntimeError:
            take()


def _settle_all(items: Iterable[Item], error: Exception) -> None:
    for item in items:
        item.settle(error)
