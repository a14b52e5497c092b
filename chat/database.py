"""The hub's and the sockets' own few database threads.

Channels' `database_sync_to_async` runs every consumer's queries of a process on one thread, so
that one slow query delays every socket (django/channels#2132). Here a small pool keeps its
connections open; a query that fails closes its connection, so that the next one finds a
restarted database again, and one that has been idle is tried before it is used
(CONN_HEALTH_CHECKS). The caller's language goes along.

Who writes may have to wait for a lock, and however many do: they have threads of their own,
forms (project.handlers) and sockets alike, and whoever reads is served meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
)
from django.utils import translation
from django.utils.translation import get_language

_P = ParamSpec("_P")
_R = TypeVar("_R")
# Any number will do, as long as nobody else locks the same one in this database.
_SETTING_UP = 0x4E4A
_READ_ONLY = "25006"
PASSING_MS = 50
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database")
# As many write, or wait until they may, at once.
WRITES_AT_ONCE = 12
writers = ThreadPoolExecutor(WRITES_AT_ONCE, thread_name_prefix="write")
# Apart, so that a thousand who come back do not stand between somebody and their message.
_background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="background")


def is_outage(error: BaseException | None) -> bool:
    """Whether the database itself can't do it: it is away, locked, full or read-only.

    A PostgreSQL turns read-only when it hands over to another one, and many hosts turn one so
    whose disk is full. Django has no name of its own for that.
    """
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", "") == _READ_ONLY
    return isinstance(error, (OperationalError, InterfaceError))


async def in_database(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """What `function` returns, run in a thread that keeps its database connection."""
    return await _in_a_thread_of(_pool, partial(function, *args, **kwargs))


async def into_database(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """The same for what writes, and so may have to wait for long."""
    return await _in_a_thread_of(writers, partial(function, *args, **kwargs))


def in_background(function: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
    """Runs it soon, in a thread that keeps its database connection; what it returns is lost.

    Raises RuntimeError in a process that is ending.
    """
    _background.submit(_guarded, get_language(), partial(function, *args, **kwargs))


@contextmanager
def in_passing(within_ms: int = PASSING_MS) -> Iterator[None]:
    """What is written inside is written at once or not at all: a convenience, no promise.

    Reading goes on while another one holds the lock, and while nothing can be written.
    """
    if connection.vendor == "sqlite":
        usual = round(1000 * connection.settings_dict["OPTIONS"]["timeout"])
        hasten, calm = f"PRAGMA busy_timeout = {within_ms}", f"PRAGMA busy_timeout = {usual}"
    else:
        hasten, calm = f"SET lock_timeout = {within_ms}", "RESET lock_timeout"
    try:
        with connection.cursor() as cursor:
            cursor.execute(hasten)
            try:
                yield
            finally:
                cursor.execute(calm)
    except (DatabaseError, InterfaceError) as error:
        if not is_outage(error):
            raise


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Of several processes that set up one PostgreSQL at once, one goes first, the others wait."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")  # a migration takes as long as it takes
        cursor.execute("SELECT pg_advisory_lock(%s)", [_SETTING_UP])
        cursor.execute("RESET lock_timeout")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_SETTING_UP])


async def _in_a_thread_of(pool: ThreadPoolExecutor, work: Callable[[], _R]) -> _R:
    # asgiref keeps the language to its thread, and a refusal is written in this one.
    guarded = partial(_guarded, get_language(), work)
    return await asyncio.get_running_loop().run_in_executor(pool, guarded)


def _guarded(language: str | None, work: Callable[[], _R]) -> _R:
    connection.close_if_unusable_or_obsolete()
    try:
        with translation.override(language):
            return work()
    except (DatabaseError, InterfaceError):
        connection.close()
        raise
