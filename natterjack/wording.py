"""What is shown of the protocol's frames: lines of styled pieces, harmless on any terminal. Pure.

A message's further lines are set in, so that none of them can pass for a message of its own.
"""

from datetime import datetime
from typing import Any

from natterjack.harmless import harmless_line, harmless_lines
from natterjack.wire import Frame

# prompt_toolkit's form of a line: (style, text) pairs.
Pieces = list[tuple[str, str]]

INDENT = " " * 6


def plain(line: Pieces) -> str:
    return "".join(text for _, text in line)


def message_lines(event: Frame, *, numbered: bool = False, me: int | None = None) -> list[Pieces]:
    """A posted, edited or deleted message as lines; nothing for any other event.

    `numbered` shows by which number the others can speak of it. What names `me` is marked.
    """
    kind, message = event["type"], event.get("message")
    if not kind.startswith("message.") or not isinstance(message, dict):
        return []
    start: Pieces = [("class:time", f"{clock(event['at'])} ")]
    if numbered:
        start.append(("class:number", f"#{int(message['seq'])} "))
    start.append(("class:name", shown_name(event["actor"] or message["author"])))
    note = _note(event, message)
    if note:
        start.append(("class:note", f" ({note})"))
    if kind == "message.deleted" or message["deleted_at"]:
        return [start]
    style = "class:mention" if me is not None and _names(message, me) else "class:text"
    first, *rest = harmless_lines(str(message["body"]))
    return [[*start, (style, f": {first}")], *([(style, f"{INDENT}{line}")] for line in rest)]


def event_line(event: Frame) -> Pieces:
    """One quiet line for what else happened in the room; empty where there is nothing to say."""
    kind, doer = event["type"], shown_name(event.get("actor"))
    who = shown_name(event.get("person") or event.get("actor"))
    if kind.startswith("reaction."):
        number, emoji = int(event["message"]["seq"]), harmless_line(str(event["emoji"]))
        deed = "reacts" if kind == "reaction.added" else "no longer reacts"
        text = f"{doer} {deed} to #{number} with {emoji}"
    else:
        text = {
            "member.joined": f"{who} is in the room now",
            "member.left": f"{who} has left the room",
            "member.removed": f"{who} was removed from the room by {doer}",
            "room.changed": f"{doer} changed the room: {harmless_line(str(event.get('name')))}",
            "room.archived": f"{doer} archived the room: it can be read, but not written in",
            "room.unarchived": f"{doer} opened the room again",
        }.get(kind, "")
    return [("class:note", f"{INDENT}{text}")] if text else []


def typing_words(people: list[dict[str, Any]]) -> str:
    names = [shown_name(person) for person in people]
    if not names:
        return ""
    if len(names) > 3:
        return f"{len(names)} people are typing …"
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} typing …"


def shown_name(person: dict[str, Any] | None) -> str:
    if person is None:
        return "Somebody"
    return harmless_line(str(person.get("name") or person["username"]))


def clock(at: str) -> str:
    """HH:MM of a moment, where this terminal is."""
    return f"{_local(at):%H:%M}"


def day(at: str) -> str:
    return f"{_local(at):%A, %d %B %Y}"


def _local(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone()


def _note(event: Frame, message: dict[str, Any]) -> str:
    posted_at = clock(message["created_at"])
    if event["type"] == "message.edited":
        return f"edited {posted_at}"
    if event["type"] == "message.deleted":
        is_own = (event["actor"] or message["author"])["id"] == message["author"]["id"]
        return (
            f"deleted {posted_at}"
            if is_own
            else f"deleted what {shown_name(message['author'])} said at {posted_at}"
        )
    if message["deleted_at"]:
        return "deleted"
    if message["thread"] is not None and not message["in_room"]:
        return "in a thread"
    return "replying" if message["reply_to"] is not None else ""


def _names(message: dict[str, Any], me: int) -> bool:
    mentions = message["mentions"]
    return bool(mentions["room"]) or me in mentions["people"]
