"""`python -m bench.layers`: how channels-redis's two layers fail, each beside the same Redis.

What it decided is in docs/reliability.md. A sender rings five times a second, a listener in
another layer object stands for another process; each fault lasts FAULT_SECONDS. Shown are the
seconds from the fault's end until a ring is heard again (`swallowed` has no end: the connections
of then stay dead), how many rings were lost before it and after, the slowest one for who rings,
and the lines in the log.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import redis
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from project.layers import channel_layers
from tests.server.proxy import Line, line_to
from tests.servers import Server, redis_server

FAULT_SECONDS = 8.0
HEAL_SECONDS = 40.0
RING_SECONDS = 0.2
LAYERS: dict[str, Callable[..., Any]] = {
    "core": RedisChannelLayer,
    "pubsub": RedisPubSubChannelLayer,
}


@dataclass
class Course:
    """One layer under one fault."""

    sent: dict[int, float] = field(default_factory=dict)
    heard: dict[int, float] = field(default_factory=dict)
    slowest: float = 0.0
    failed: int = 0


class Lines(logging.Handler):
    """Counts what would have been written."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += len(self.format(record).splitlines())


async def ring(layer: Any, course: Course) -> None:
    number = 0
    while True:
        number += 1
        course.sent[number] = began = monotonic()
        try:
            await asyncio.wait_for(layer.group_send("bells", {"type": "ring", "n": number}), 1)
        except Exception:
            course.failed += 1
        course.slowest = max(course.slowest, monotonic() - began)
        await asyncio.sleep(RING_SECONDS)


async def listen(layer: Any, course: Course) -> None:
    """As chat.hub.bells does: whatever fails is begun again, and joined every 5 s."""
    channel = await layer.new_channel()
    while True:
        try:
            async with asyncio.TaskGroup() as listening:
                listening.create_task(_stay(layer, channel))
                listening.create_task(_hear(layer, channel, course))
        except ExceptionGroup:
            await asyncio.sleep(1)


async def _stay(layer: Any, channel: str) -> None:
    while True:
        await asyncio.wait_for(layer.group_add("bells", channel), 1)
        await asyncio.sleep(5)


async def _hear(layer: Any, channel: str, course: Course) -> None:
    while True:
        message = await layer.receive(channel)
        course.heard.setdefault(message["n"], monotonic())


async def killed(server: Server, _line: Line) -> None:
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(FAULT_SECONDS)
    await asyncio.to_thread(server.start)


async def stopped(server: Server, _line: Line) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.sleep(FAULT_SECONDS)
    os.kill(server.pid, signal.SIGCONT)


async def swallowed(_server: Server, line: Line) -> None:
    """The connections of then stay open for ever and carry nothing; new ones are fine."""
    line.swallow(b"")
    await asyncio.sleep(FAULT_SECONDS)


async def flushed(server: Server, _line: Line) -> None:
    with redis.Redis.from_url(server.url) as client:
        await asyncio.to_thread(client.flushall)


async def idle(_server: Server, _line: Line) -> None:
    await asyncio.sleep(FAULT_SECONDS)


@contextlib.asynccontextmanager
async def _at_work(*work: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def course_of(make: Callable[..., Any], fault: Any, server: Server, line: Line) -> str:
    hosts = channel_layers(f"redis://127.0.0.1:{line.port}/0")["default"]["CONFIG"]["hosts"]
    sender, listener = make(hosts=hosts), make(hosts=hosts)
    course, lines = Course(), Lines()
    logging.getLogger().addHandler(lines)
    try:
        async with _at_work(ring(sender, course), listen(listener, course)):
            await asyncio.sleep(3)
            began = monotonic()
            await fault(server, line)
            healed = monotonic()
            for _ in range(int(HEAL_SECONDS / 0.05)):
                if any(at > healed + 0.05 for at in course.heard.values()):
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(2)
    finally:
        logging.getLogger().removeHandler(lines)
    again = min((at for at in course.heard.values() if at > healed + 0.05), default=None)
    after = [number for number, at in course.sent.items() if at > (again or healed)]
    lost = [number for number, at in course.sent.items() if at < began - 0.5]
    return " | ".join(
        [
            f"{again - healed:5.1f} s" if again else f"> {HEAL_SECONDS:.0f} s",
            f"{sum(number not in course.heard for number in lost)} of {len(lost)}",
            f"{sum(number not in course.heard for number in after[:-2])} of {len(after[:-2])}",
            f"{course.slowest:.2f} s",
            str(lines.count),
        ]
    )


def main() -> None:
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger().addHandler(logging.NullHandler())
    chosen = sys.argv[1:] or list(LAYERS)
    print("layer, fault | heard again after | lost before | lost after | slowest ring | log lines")
    for name in chosen:
        for fault in (idle, killed, stopped, swallowed, flushed):
            with redis_server() as server, line_to(server.port) as line:
                shown = asyncio.run(course_of(LAYERS[name], fault, server, line))
            print(f"{name}, {fault.__name__} | {shown}", flush=True)


if __name__ == "__main__":
    main()
