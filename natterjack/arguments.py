"""The commands' words. What is secret is none of them: everybody may list a machine's processes."""

import argparse

from natterjack import __version__

DESCRIPTION = "Natterjack in a terminal: read and write in a team's chat, by hand or by script."
EPILOG = """\
`natterjack COMMAND --help` tells more of each.

NATTERJACK_SITE and NATTERJACK_TOKEN stand in for what `natterjack login` keeps.
It ends with 0 when all went well, 1 when the site refused or could not be reached,
2 when its words were off, 130 at Ctrl-C.
"""
LOGIN = """\
Asks for the site's address and a token, tries them and keeps them for this account alone.
You make a token on the site's page /settings/tokens/; who runs the site can make one for you.
From a pipe both are read a line each: the address, where it is no argument, and the token.
"""
ROOMS = "Lists the rooms that you are in: what to call each, what is unread in it, its name."
TAIL = """\
Prints what was said last in a room, and from then on what is being said, until Ctrl-C.
A line is `HH:MM name: text`; what more lines a message has are set in. Edits and deletions come
as lines marked so. When the connection is lost it comes back by itself: nothing is left out,
nothing comes twice. That is said on standard error.
"""
SAY = """\
Posts one message and ends with 0 as soon as it is stored. When the connection is lost meanwhile,
it tries again, and the message is there once. Without TEXT, or with `-`, standard input is sent.
"""
CHAT = """\
Shows a room and takes what you write. Enter sends, Alt-Enter begins a new line.
/help lists the commands, /quit ends.
"""


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="natterjack",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    main.add_argument("--version", action="version", version=f"natterjack {__version__}")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")

    login = _command(commands, "login", "remember a site and a token", LOGIN)
    login.add_argument("address", nargs="?", metavar="ADDRESS", help="https://chat.example.org")

    rooms = _command(commands, "rooms", "list your rooms", ROOMS)
    rooms.add_argument("--json", action="store_true", help="one JSON object a line")

    tail = _command(commands, "tail", "follow a room", TAIL)
    _add_room(tail)
    _add_count(tail, default=10)
    tail.add_argument("--json", action="store_true", help="the room's events, one JSON object each")

    say = _command(commands, "say", "post a message", SAY)
    _add_room(say)
    say.add_argument("text", nargs="*", metavar="TEXT", help="the message; `-`: standard input")
    say.add_argument("--reply-to", type=_positive, metavar="ID", help="the message that it quotes")
    say.add_argument("--confirm", action="store_true", help="even if it tells very many people")
    say.add_argument(
        "--wait",
        type=_positive,
        default=30,
        metavar="SECONDS",
        help="how long to try (%(default)s)",
    )

    chat = _command(commands, "chat", "read and write in a room", CHAT)
    _add_room(chat)
    _add_count(chat, default=30)
    return main


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_room(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "room", type=_room, metavar="ROOM", help="as in its address: general for /rooms/general/"
    )


def _add_count(command: argparse.ArgumentParser, *, default: int) -> None:
    command.add_argument(
        "-n",
        dest="count",
        type=_count,
        default=default,
        metavar="N",
        help="so many of the last messages first (%(default)s)",
    )


def _room(text: str) -> str:
    slug = text.strip().removeprefix("#")
    if not slug:
        raise argparse.ArgumentTypeError("a room has a name")
    return slug


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError("a number of messages: 0, 10, 500")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or len(text) > 18 or int(text) == 0:
        raise argparse.ArgumentTypeError("a whole number above 0")
    return int(text)
