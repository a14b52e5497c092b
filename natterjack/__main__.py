"""`natterjack` and `python -m natterjack`: runs one command and says by its status how it went."""

import argparse
import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from natterjack.arguments import parser
from natterjack.chat import chat
from natterjack.credentials import find
from natterjack.errors import INTERRUPTED, MISUSED, REFUSED, UNREAD, Misused, Refused, Unread
from natterjack.login import asked, login
from natterjack.output import abandon, note, prepare
from natterjack.rooms import rooms
from natterjack.say import say
from natterjack.tail import tail
from natterjack.threads import Unwaited


def main(words: list[str] | None = None) -> int:
    prepare()
    options = parser().parse_args(words)
    try:
        return _run(_command(options)) or 0
    except Refused as refusal:
        note(f"natterjack: {refusal}")
        return REFUSED
    except Misused as misuse:
        note(f"natterjack: {misuse}")
        return MISUSED
    except (Unread, BrokenPipeError):
        abandon()
        return UNREAD
    except KeyboardInterrupt:
        return INTERRUPTED


def _command(options: argparse.Namespace) -> Coroutine[Any, Any, int | None]:
    if options.command == "login":
        return login(asked(options.address))
    credentials = find()
    if options.command == "rooms":
        return rooms(credentials, as_json=options.json)
    if options.command == "tail":
        return tail(credentials, options.room, count=options.count, as_json=options.json)
    if options.command == "say":
        return say(
            credentials,
            options.room,
            _text(options.text),
            reply_to=options.reply_to,
            confirm=options.confirm,
            patience_seconds=options.wait,
        )
    return chat(credentials, options.room, count=options.count)


def _text(words: list[str]) -> str:
    """What to say: the words, or what comes by the pipe."""
    if words and words != ["-"]:
        text = " ".join(words)
    elif words or not sys.stdin.isatty():
        text = sys.stdin.buffer.read().decode(errors="replace")
    else:
        raise Misused("Say what? `natterjack say ROOM TEXT`, or the text on standard input.")
    if not text.strip():
        raise Misused("There is nothing to say.")
    return text.rstrip("\r\n")


def _run(command: Coroutine[Any, Any, int | None]) -> int | None:
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(Unwaited())
        return runner.run(command)


if __name__ == "__main__":
    sys.exit(main())
