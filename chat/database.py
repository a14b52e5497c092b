"""The hub's and the sockets' own few database threads.

Channels' `database_sync_to_async` runs every consumer's queries of a process on one thread, so
that one slow query delays every socket (django/channels#2132). Here a small pool keeps its
connections open; a query that fails closes its connection, so that the next one finds a
restarted database again. The caller's language goes along.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection
from django.utils import translation
from django.utils.translation import get_language

_P = ParamSpec("_P")
_R = TypeVar("_R")
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="database")


async def in_database(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """What `function` returns, run in a thread that keeps its database connection."""
    loop = asyncio.get_running_loop()
    # asgiref keeps the language to its thread, and a refusal is written in this one.
    work = partial(_guarded, get_language(), partial(function, *args, **kwargs))
    return await loop.run_in_executor(_pool, work)


def _guarded(language: str | None, work: Callable[[], _R]) -> _R:
    try:
        with translation.override(language):
            return work()
    except (DatabaseError, InterfaceError):
        connection.close()
        raise
