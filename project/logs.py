"""What the console is spared, and what it never learns."""

import logging
import re
from typing import Any

from chat.database import is_outage


class Outages(logging.Filter):
    """A database that is away is one line for each request that it fails, not a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if is_outage(error):
            words = " ".join(str(error).split())
            record.msg, record.args = f"{record.getMessage()} ({words})", ()
            record.exc_info = None
        return True


# Whoever knows what stands there may speak in a room.
_KEY = re.compile(r"(/hooks/)[^/\s?#\"'\\]+")


def without_keys(text: str) -> str:
    return _KEY.sub(r"\1…", text)


class Line(logging.Formatter):
    """A line in which the address of an incoming webhook has no key, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))


class Keys(logging.Filter):
    """The same for loggers whose records go past our formatter, too."""

    def filter(self, record: logging.LogRecord) -> bool:
        args: Any = record.args
        if isinstance(args, dict):
            record.args = {name: _shown(value) for name, value in args.items()}
        elif args:
            record.args = tuple(map(_shown, args))
        if isinstance(record.msg, str):
            record.msg = without_keys(record.msg)
        return True


def _shown(value: Any) -> Any:
    return without_keys(value) if isinstance(value, str) else value
