"""The doorbell: tells every process's hub that a room's log or a person's rooms have changed.

To the hub in this process it goes in memory, to the others over the channel layer. It carries
no content and no promise: a dead Redis makes pages a tick late and nothing else.

Of channels-redis's two layers this uses `core`: its listening fails when Redis is gone, so that it
can be begun anew, and is noticed. `pubsub` goes on in silence, deaf for ever behind a network that
swallows, with a traceback a second where it does notice (docs/reliability.md has the figures).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from chat.errors import in_words

logger = logging.getLogger(__name__)

GROUP = "doorbells"
# What a ring is of that tells of no room: somebody may listen to less than before.
WITHDRAWN = "right.withdrawn"
# Of a room whose log is as it was: `people` are typing in it.
TYPING = "typing"
_PUBLISH_SECONDS = 1.0
_RETRY_SECONDS = 1.0
# A Redis that was flushed has forgotten who listens, and tells nobody.
_REGROUP_SECONDS = 5.0


@dataclass(frozen=True)
class Ring:
    """`room_id` has entries up to `seq`, the last of them a `kind`; `people`'s rooms changed."""

    room_id: int | None = None
    seq: int = 0
    kind: str = ""
    people: tuple[int, ...] = ()

    def with_earlier(self, earlier: "Ring | None") -> "Ring":
        """One ring that says what both do; both are for the same room and kind."""
        if earlier is None:
            return self
        people = dict.fromkeys((*earlier.people, *self.people))
        return Ring(self.room_id, max(self.seq, earlier.seq), self.kind, tuple(people))

    def as_message(self) -> dict[str, Any]:
        return {"type": "ring", "process": settings.PROCESS_ID, **asdict(self)}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Ring":
        return cls(message["room_id"], message["seq"], message["kind"], tuple(message["people"]))


@dataclass
class Bell:
    """Where the hub of this process is to be rung from any thread. Empty until it has started.

    `waiting` is what the other processes are still to be told.
    """

    loop: asyncio.AbstractEventLoop | None = None
    answer: Callable[[Ring], None] | None = None
    reaches_others: bool = True
    waiting: dict[tuple[int | None, str], Ring] = field(default_factory=dict)
    telling: asyncio.Task[None] | None = None


bell = Bell()


def ring(what: Ring) -> None:
    """Rings here and everywhere else; never fails and, with a hub in this process, never waits."""
    if bell.loop is None or bell.answer is None:
        _ring_elsewhere(what)
    elif bell.loop.is_running():
        bell.loop.call_soon_threadsafe(_ring_in_loop, what)
    # Else this server is ending: nobody listens here any more, and the others' tick finds it.


def _ring_in_loop(what: Ring) -> None:
    if bell.answer is not None:
        bell.answer(what)
    tell_others(what)


def tell_others(what: Ring) -> None:
    """Rings at the other processes, soon. Called in the loop.

    One ring is on its way at a time, and what comes meanwhile is put together by room: however
    long a Redis does not answer and however much is posted, what waits stays small.
    """
    if not is_shared():
        return
    key = (what.room_id, what.kind)
    bell.waiting[key] = what.with_earlier(bell.waiting.get(key))
    loop = asyncio.get_running_loop()
    if bell.telling is None or bell.telling.done() or bell.telling.get_loop() is not loop:
        bell.telling = loop.create_task(_tell())


async def _tell() -> None:
    while bell.waiting:
        rings, bell.waiting = list(bell.waiting.values()), {}
        for what in rings:
            if not await publish(what):
                break  # nor would the others arrive; the ticks find what they were about


def _ring_elsewhere(what: Ring) -> None:
    # A command, or a process that serves nobody yet. Without Redis nobody else can hear it:
    # the server's tick will find it.
    if is_shared():
        # Not async_to_sync: that waits for the loop of the server, which may be ending, for ever.
        asyncio.run(publish(what))


async def publish(what: Ring) -> bool:
    """Whether it could ring at the other processes; a dead Redis is given up after a second."""
    try:
        await _apart(channel_layer().group_send(GROUP, what.as_message()), _PUBLISH_SECONDS)
    except Exception as error:
        _note(error)
        return False
    _note(None)
    return True


async def listen(answer: Callable[[Ring], None]) -> None:
    """Hears the other processes, for ever; while Redis is away, the tick does its work."""
    channel = await channel_layer().new_channel()
    async with asyncio.TaskGroup() as listening:
        listening.create_task(_again(_stay, channel))
        listening.create_task(_again(_hear, channel, answer))


async def _again(work: Callable[..., Awaitable[None]], *args: object) -> None:
    """Does it for ever. Each by itself: to end the one for the other's failure could lose rings."""
    while True:
        try:
            await work(*args)
        except Exception as error:
            _note(error)
            await asyncio.sleep(_RETRY_SECONDS)


async def _stay(channel: str) -> None:
    while True:
        await _join(channel)
        _note(None)
        await asyncio.sleep(_REGROUP_SECONDS)


async def _hear(channel: str, answer: Callable[[Ring], None]) -> None:
    await _join(channel)  # whatever ended the last hearing may have emptied Redis as well
    while True:
        message = await _apart(channel_layer().receive(channel))
        if message["process"] != settings.PROCESS_ID:
            answer(Ring.from_message(message))


async def _join(channel: str) -> None:
    await _apart(channel_layer().group_add(GROUP, channel), _PUBLISH_SECONDS)


async def _apart(work: Coroutine[Any, Any, Any], timeout_seconds: float | None = None) -> Any:
    """What `work` returns; raises TimeoutError when it takes longer.

    redis-py can lose a cancellation while it reads, and then reads on for as long as its own
    limit: whoever waited for it to obey, as asyncio's timeouts do, would ring nobody meanwhile.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        ended, _others = await asyncio.wait({task}, timeout=timeout_seconds)
    finally:
        task.cancel()
    if not ended:
        raise TimeoutError
    return task.result()


def _note(error: Exception | None) -> None:
    """One line when the channel layer goes, and one when it comes back."""
    if error is not None and bell.reaches_others:
        logger.warning("Other processes hear us a tick late: %s", in_words(error))
    elif error is None and not bell.reaches_others:
        logger.warning("Other processes hear us at once again")
    bell.reaches_others = error is None


def is_shared() -> bool:
    """Whether the channel layer reaches other processes at all."""
    return not isinstance(channel_layer(), InMemoryChannelLayer)


def channel_layer() -> Any:
    """The configured layer; settings always name one."""
    return get_channel_layer()
