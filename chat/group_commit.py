"""Group commit: what several people store at one moment goes into one durable transaction.

A durable commit waits for the disk, and SQLite lets one writer in at a time. So whoever comes first
writes at once and waits for nobody; what comes meanwhile waits together, and is the next
transaction. The busier it is, the more go into one: nothing is delayed for company.
"""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from django.db import connection

from chat.database import in_background

_T = TypeVar("_T")

# A transaction of some 100 ms: who waits for the next one does not wait for long.
MAX_TOGETHER = 250


class GroupCommit(Generic[_T]):
    """Hands what waits to `store`, which settles all of it, whatever happens, and never raises."""

    def __init__(self, store: Callable[[list[_T]], None]) -> None:
        self._store = store
        self._lock = Lock()
        # Of each line that is being written: what has come meanwhile.
        self._waiting: dict[Hashable, list[_T]] = {}

    def submit(self, items: list[_T], line: Hashable) -> None:
        """Writes them now, or leaves them to who is writing that line; then they are settled soon.

        Inside a transaction they are a part of that one: durable, and settled for others, with it.
        """
        if connection.in_atomic_block:
            self._store(items)
            return
        with self._lock:
            if line in self._waiting:
                self._waiting[line] += items
                return
            self._waiting[line] = []
        self._write(line, items)

    def _write(self, line: Hashable, items: list[_T]) -> None:
        try:
            self._store(items)
        finally:
            with self._lock:
                waiting = self._waiting.pop(line)
                if waiting:
                    self._waiting[line] = waiting[MAX_TOGETHER:]
            if waiting:
                self._go_on(line, waiting[:MAX_TOGETHER])

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
