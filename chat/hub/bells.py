"""The doorbell: tells every process's hub that a room's log or a person's rooms have changed.

To the hub in this process it goes in memory, to the others over the channel layer. It carries
no content and no promise: a dead Redis makes pages a tick late and nothing else.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

logger = logging.getLogger(__name__)

GROUP = "doorbells"
# What a ring is of that tells of no room: somebody may listen to less than before.
WITHDRAWN = "right.withdrawn"
_PUBLISH_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_REGROUP_SECONDS = 600


@dataclass(frozen=True)
class Ring:
    """`room_id` has entries up to `seq`, the last of them a `kind`; `people`'s rooms changed."""

    room_id: int | None = None
    seq: int = 0
    kind: str = ""
    people: tuple[int, ...] = ()

    def as_message(self) -> dict[str, Any]:
        return {"type": "ring", "process": settings.PROCESS_ID, **asdict(self)}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Ring":
        return cls(message["room_id"], message["seq"], message["kind"], tuple(message["people"]))


class Bell:
    """Where the hub of this process is to be rung from any thread. Empty until it has started."""

    loop: asyncio.AbstractEventLoop | None = None
    answer: Callable[[Ring], None] | None = None
    reaches_others: bool = True


bell = Bell()


def ring(what: Ring) -> None:
    """Rings here and everywhere else; never fails and, with a hub in this process, never waits."""
    if bell.loop is not None and bell.loop.is_running() and bell.answer is not None:
        bell.loop.call_soon_threadsafe(_ring_in_loop, what)
    else:
        _ring_elsewhere(what)


def _ring_in_loop(what: Ring) -> None:
    if bell.answer is not None:
        bell.answer(what)
    if is_shared():
        task = asyncio.get_running_loop().create_task(publish(what))
        _running.add(task)
        task.add_done_callback(_running.discard)


def _ring_elsewhere(what: Ring) -> None:
    # A command, or a process that serves nobody yet. Without Redis nobody else can hear it:
    # the server's tick will find it.
    if is_shared():
        async_to_sync(publish)(what)


async def publish(what: Ring) -> None:
    """Rings at the other processes; with a dead channel layer it gives up after a second."""
    sent = channel_layer().group_send(GROUP, what.as_message())
    try:
        await asyncio.wait_for(sent, _PUBLISH_SECONDS)
    except Exception as error:
        _note(error)
    else:
        _note(None)


async def listen(answer: Callable[[Ring], None]) -> None:
    """Hears the other processes, for ever; while Redis is away, the tick does its work."""
    while True:
        try:
            channel = await channel_layer().new_channel()
            while True:
                await channel_layer().group_add(GROUP, channel)  # again and again: it expires
                _note(None)
                await _hear(channel, answer)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _note(error)
            await asyncio.sleep(_RETRY_SECONDS)


async def _hear(channel: str, answer: Callable[[Ring], None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REGROUP_SECONDS):
            while True:
                message = await channel_layer().receive(channel)
                if message["process"] != settings.PROCESS_ID:
                    answer(Ring.from_message(message))


def _note(error: Exception | None) -> None:
    """One line when the channel layer goes, and one when it comes back."""
    if error is not None and bell.reaches_others:
        logger.warning("Other processes hear us a tick late: %r", error)
    elif error is None and not bell.reaches_others:
        logger.warning("Other processes hear us at once again")
    bell.reaches_others = error is None


def is_shared() -> bool:
    """Whether the channel layer reaches other processes at all."""
    return not isinstance(channel_layer(), InMemoryChannelLayer)


def channel_layer() -> Any:
    """The configured layer; settings always name one."""
    return get_channel_layer()


# A task that nobody holds may be collected before it has run.
_running: set[asyncio.Task[None]] = set()
