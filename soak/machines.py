"""The machine fails, or the line to it: each a context after which they are as before.

Nobody has to do anything then but start a process that has died.
"""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from soak.scene import Scene
from tests.server import machine
from tests.server.site import Site

_FILES, _VISITORS, _DRIPS = 256, 300, 200
_SPARE_BYTES = 65536
_BODIES, _BODY_BYTES = 60, 400_000
_DRIP_SECONDS = 0.5


@asynccontextmanager
async def file_locked(scene: Scene) -> AsyncIterator[None]:
    with machine.locked(scene.chat.site.data_dir / "natterjack.sqlite3"):
        yield


@asynccontextmanager
async def unwritable(scene: Scene) -> AsyncIterator[None]:
    with machine.unwritable(scene.chat.site):
        yield


@asynccontextmanager
async def reset(scene: Scene) -> AsyncIterator[None]:
    for line in scene.lines:
        line.drop()
    yield


@asynccontextmanager
async def torn(scene: Scene) -> AsyncIterator[None]:
    for line in scene.lines:
        line.tear()
    yield


@asynccontextmanager
async def half_open(scene: Scene) -> AsyncIterator[None]:
    """Until a browser finds it out, which is its fetching a new socket."""
    for line in scene.lines:
        line.swallow(b"")
    yield
    for line in scene.lines:
        line.drop_swallowed()


@asynccontextmanager
async def slow(scene: Scene) -> AsyncIterator[None]:
    for line in scene.lines:
        line.jitter, line.bits_per_second = 2.0, 56_000
    yield
    for line in scene.lines:
        line.heal()


@asynccontextmanager
async def frozen(scene: Scene) -> AsyncIterator[None]:
    os.kill(scene.pid, SIGSTOP)
    try:
        yield
    finally:
        os.kill(scene.pid, SIGCONT)


def clock(moment: str) -> Callable[[Scene], AbstractAsyncContextManager[None]]:
    """The first process is started anew with this clock, and the others go by the true one."""

    @asynccontextmanager
    async def turned(scene: Scene) -> AsyncIterator[None]:
        site, variables = scene.chat.site, scene.chat.site.variables
        site.variables = variables | {
            "LD_PRELOAD": machine.faketime(),
            "FAKETIME": moment,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        await asyncio.to_thread(site.restart)
        try:
            yield
        finally:
            site.variables = variables
            await asyncio.to_thread(site.restart)

    return turned


@asynccontextmanager
async def no_files(scene: Scene) -> AsyncIterator[None]:
    with _limited(scene.chat.site, resource.RLIMIT_NOFILE, _FILES), ExitStack() as crowd:
        for _visitor in range(_VISITORS):
            crowd.enter_context(socket.create_connection(("127.0.0.1", scene.chat.site.port)))
        yield


@asynccontextmanager
async def no_memory(scene: Scene) -> AsyncIterator[None]:
    limit = _memory(scene.pid) + _SPARE_BYTES
    with _limited(scene.chat.site, resource.RLIMIT_AS, limit), ExitStack() as crowd:
        await asyncio.to_thread(_send_much, scene.chat.site.port, crowd)
        yield
    if not _is_alive(scene.chat.site):
        await asyncio.to_thread(scene.chat.site.restart)


@asynccontextmanager
async def drips(scene: Scene) -> AsyncIterator[None]:
    """Requests that come a byte at a time, and connections that say nothing at all."""
    with ExitStack() as stack:
        address = ("127.0.0.1", scene.chat.site.port)
        both = [stack.enter_context(socket.create_connection(address)) for _ in range(_DRIPS)]
        dripping = asyncio.create_task(_drip(both[::2]))
        yield
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


def _memory(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _send_much(port: int, stack: ExitStack) -> None:
    """Bodies that do not end, which the server has to keep somewhere."""
    head = f"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {_BODY_BYTES}\r\n\r\n"
    for _body in range(_BODIES):
        with suppress(OSError):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
            each.sendall(head.encode() + b"x" * (_BODY_BYTES - 1))


async def _drip(sockets: list[socket.socket]) -> None:
    for byte in b"GET / HTTP/1.1\r\nX-Padding: " + b"x" * 1000:
        for each in sockets:
            try:
                each.send(bytes([byte]))
            except OSError:  # it was cut, as it should be
                continue
        await asyncio.sleep(_DRIP_SECONDS)


@contextmanager
def _limited(site: Site, what: int, value: int) -> Iterator[None]:
    assert site.process is not None
    pid = site.process.pid
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (value, before[1]))
    try:
        yield
    finally:
        if _is_alive(site):
            resource.prlimit(pid, what, before)


def _is_alive(site: Site) -> bool:
    return site.process is not None and site.process.poll() is None
