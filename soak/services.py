"""Redis and PostgreSQL fail: each a context in which they do, and after which they are well."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from signal import SIGCONT, SIGKILL, SIGSTOP

import psycopg
from redis import Redis

from soak.errors import Unable
from soak.scene import Scene

_EVERYBODY_ELSE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND application_name <> 'crowd'"
)


@asynccontextmanager
async def redis_killed(scene: Scene) -> AsyncIterator[None]:
    os.kill(scene.redis.pid, SIGKILL)
    await asyncio.to_thread(scene.redis.stop)
    yield
    await asyncio.to_thread(scene.redis.start)


@asynccontextmanager
async def redis_flushed(scene: Scene) -> AsyncIterator[None]:
    with Redis.from_url(scene.redis.url) as client:
        await asyncio.to_thread(client.flushall)
    yield


@asynccontextmanager
async def redis_frozen(scene: Scene) -> AsyncIterator[None]:
    os.kill(scene.redis.pid, SIGSTOP)
    try:
        yield
    finally:
        os.kill(scene.redis.pid, SIGCONT)


@asynccontextmanager
async def redis_swallowed(scene: Scene) -> AsyncIterator[None]:
    assert scene.bell is not None
    scene.bell.swallow(b"")
    scene.bell.is_mute = True
    yield
    scene.bell.heal()


@asynccontextmanager
async def database_killed(scene: Scene) -> AsyncIterator[None]:
    os.kill(scene.database.pid, SIGKILL)
    await asyncio.to_thread(scene.database.stop)
    yield
    await asyncio.to_thread(scene.database.start)


@asynccontextmanager
async def connections_ended(scene: Scene) -> AsyncIterator[None]:
    await asyncio.to_thread(_execute, scene, _EVERYBODY_ELSE)
    yield


@asynccontextmanager
async def connections_taken(scene: Scene) -> AsyncIterator[None]:
    """Each that the servers had kept is ended, and its place is taken by somebody else."""
    with ExitStack() as stack:
        await asyncio.to_thread(_take_all, scene, stack)
        yield


@asynccontextmanager
async def read_only(scene: Scene) -> AsyncIterator[None]:
    for state in ("on", "off"):
        await asyncio.to_thread(
            _execute, scene, "SET default_transaction_read_only = off",
            f"ALTER DATABASE postgres SET default_transaction_read_only = {state}",
            _EVERYBODY_ELSE,
        )  # fmt: skip
        if state == "on":
            yield


@asynccontextmanager
async def room_locked(scene: Scene) -> AsyncIterator[None]:
    with psycopg.connect(scene.database.url) as other:
        other.execute("SELECT 1 FROM chat_room WHERE slug = 'general' FOR UPDATE")
        yield


def _execute(scene: Scene, *statements: str) -> None:
    with psycopg.connect(scene.database.url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


def _take_all(scene: Scene, stack: ExitStack) -> None:
    url = scene.database.url
    first = stack.enter_context(psycopg.connect(url, application_name="crowd", autocommit=True))
    for _attempt in range(50):
        try:
            while True:
                stack.enter_context(psycopg.connect(url, application_name="crowd"))
        except psycopg.OperationalError:
            if first.execute(_EVERYBODY_ELSE).rowcount == 0:
                return
    raise Unable("the servers keep a connection to the database whatever is done to it")
