"""The hub's and the sockets' own few database threads.

Channels' `database_sync_to_async` runs every consumer's queries of a process on one thread, so
that one slow query delays every socket (django/channels#2132). Here a small pool keeps its
connections open; a query that fails closes its connection, so that the next one finds a
restarted database again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection

_P = ParamSpec("_P")
_R = TypeVar("_R")
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database")


async def in_database(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """What `function` returns, run in a thread that keeps its database connection."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, lambda: _guarded(function, *args, **kwargs))


def _guarded(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    try:
        return function(*args, **kwargs)
    except (DatabaseError, InterfaceError):
        connection.close()
        raise
