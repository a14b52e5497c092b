"""`python -m soak.doomed serve …`: `manage.py`, but it dies at a chosen place of the product.

FAILPOINT names the place, FAILPOINT_AT how often it is reached before. The product knows nothing
of this: its functions are wrapped from outside, in this process alone. Death is `os._exit`: no
`finally`, no flush, no goodbye.
"""

import asyncio
import functools
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import django
from django.core.management import execute_from_command_line

STATUS = 77
_left = 0


def main() -> None:
    global _left  # noqa: PLW0603
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    if name := os.environ.get("FAILPOINT"):
        _left = int(os.environ.get("FAILPOINT_AT", "1"))
        POINTS[name]()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


def _count_down() -> bool:
    """Whether this is the time to die; threads may race here, which only kills a bit earlier."""
    global _left  # noqa: PLW0603
    _left -= 1
    return _left <= 0


def _die() -> None:
    os._exit(STATUS)


def _before_commit() -> None:
    _die_after("chat.actions.posting", "_write")


def _after_commit() -> None:
    # What runs first once the transaction is durable, before anybody is told.
    _die_before("chat.hub", "ring")


def _before_the_answer() -> None:
    _die_after("chat.actions.posting", "_stored")


def _after_the_answer() -> None:
    from daphne.http_protocol import WebRequest  # noqa: PLC0415

    told = WebRequest.handle_reply

    def handle_reply(request: Any, message: dict[str, Any]) -> None:
        told(request, message)
        is_whole = message["type"] == "http.response.body" and not message.get("more_body")
        if is_whole and request.method == b"POST" and _count_down():
            # Twisted writes in the next turn: the answer is out, or just not.
            asyncio.get_event_loop().call_later(0.001, _die)

    WebRequest.handle_reply = handle_reply


def _between_two_readers() -> None:
    _die_after("chat.wire", "_put")


def _in_a_frame() -> None:
    """Half of a frame's bytes are out."""
    wire = importlib.import_module("chat.wire")
    put = wire._put

    def torn(protocol: Any, transport: Any, send: Callable[[bytes], int], data: bytes) -> None:
        if not _count_down():
            put(protocol, transport, send, data)
            return
        send(data[: len(data) // 2])
        _die()

    wire._put = torn


def _in_a_resume() -> None:
    """What was missed has been written, but the reader is not live yet."""
    feeds = importlib.import_module("chat.hub.feeds")
    catch_up = feeds.Feed._catch_up

    async def caught_up(feed: Any, reader: Any, frames: list[Any]) -> int:
        place = await catch_up(feed, reader, frames)
        if frames and _count_down():
            _die()
        return place

    feeds.Feed._catch_up = caught_up


def _before_a_resume() -> None:
    """What was missed has been read, and nothing of it written."""
    _die_after("chat.hub.returns", "_stretches")


POINTS: dict[str, Callable[[], None]] = {
    "before commit": _before_commit,
    "after commit": _after_commit,
    "before the answer": _before_the_answer,
    "after the answer": _after_the_answer,
    "between two readers": _between_two_readers,
    "in a frame": _in_a_frame,
    "before a resume": _before_a_resume,
    "in a resume": _in_a_resume,
}


def _die_after(module: str, name: str) -> None:
    owner = importlib.import_module(module)
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        if _count_down():
            _die()
        return found

    setattr(owner, name, wrapped)


def _die_before(module: str, name: str) -> None:
    owner = importlib.import_module(module)
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if _count_down():
            _die()
        return function(*args, **kwargs)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    main()
