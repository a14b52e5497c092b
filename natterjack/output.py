"""Standard output that people and pipes read: a line at once, and quiet when nobody reads on."""

import asyncio
import contextlib
import os
import stat
import sys
from typing import NoReturn

from natterjack.errors import Unread


def prepare() -> None:
    """What this terminal's encoding can't write is replaced, and never the end of a command."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def write(line: str) -> None:
    """One line, now; raises Unread when the reader of the pipe has gone."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise Unread from None


def columns() -> int | None:
    """How wide the terminal is; None where it is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, OSError, ValueError):
        return None


def note(sentence: str) -> None:
    """What is no result: beside it, on standard error."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()


async def unread() -> NoReturn:
    """Raises Unread when nobody reads the pipe any more, though there be nothing to write to it."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    out = _pipe()
    if out is not None:
        # A pipe's writing end is never readable: what this reports is the end of its reader.
        loop.add_reader(out, gone.set)
    try:
        await gone.wait()
    finally:
        if out is not None:
            loop.remove_reader(out)
    raise Unread


def _pipe() -> int | None:
    try:
        out = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    is_pipe = stat.S_ISFIFO(os.fstat(out).st_mode)
    return out if is_pipe and sys.platform != "win32" else None


def abandon() -> None:
    """So that the interpreter's own flush at its end has nowhere to complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
