"""What is typed into the box: text to say, or one of the commands that begin with a slash. Pure."""

import re
from dataclasses import dataclass

HELP = """\
/reply #NUMBER TEXT    quote a message
/edit [#NUMBER] TEXT   say something else in your message (without TEXT: take it into the box)
/delete #NUMBER        delete a message
/react [#NUMBER] EMOJI react to a message, the last one without a number; once more takes it back
/confirm               send all the same what would tell very many people
/quit                  end (Ctrl-D too)
//TEXT                 say something that begins with a slash
Enter sends, Alt-Enter begins a new line, the up arrow brings back what you wrote."""

NAMES = frozenset({"confirm", "delete", "edit", "help", "quit", "react", "reply"})


@dataclass(frozen=True)
class Command:
    """`name` is `say` for plain text. `number` is the one that a message is shown with."""

    name: str
    text: str = ""
    number: int | None = None


def parsed(typed: str) -> Command:
    """Raises ValueError with a sentence where it is a command that does not exist."""
    if not typed.startswith("/") or typed.startswith("//"):
        return Command("say", typed.removeprefix("/"))
    name, _, rest = typed[1:].partition(" ")
    if name not in NAMES:
        raise ValueError(f"There is no command /{name}. /help lists them; // begins a text with /.")
    found = re.match(r"\s*#([0-9]{1,18})(?:\s+|$)", rest)
    if found:
        return Command(name, rest[found.end() :].strip(), int(found[1]))
    return Command(name, rest.strip())
