"""`natterjack tail`: what was said last in a room, and from then on what is being said."""

import json

from natterjack.credentials import Credentials
from natterjack.line import Line, is_event
from natterjack.output import columns, note, unread, write
from natterjack.together import first_of
from natterjack.wire import Frame
from natterjack.wording import message_lines, plain
from natterjack.wrapping import wrapped

LOST, BACK = "connection lost, trying again", "back"
RESTORED = "the site has gone back to a backup; this is what the room holds now"
NOTES = {"line.lost": LOST, "line.back": BACK, "line.restored": RESTORED}


async def tail(credentials: Credentials, room: str, *, count: int, as_json: bool) -> None:
    """Ends when nobody reads on; raises Refused when the site does not let us go on."""
    show = _show_json if as_json else _show
    line = Line(credentials, room, show, history=count)
    await first_of(line.run(), unread())


def _show(frame: Frame) -> None:
    if frame["type"] in NOTES:
        note(NOTES[frame["type"]])
    elif is_event(frame):
        width = columns()
        for line in message_lines(frame):
            for row in wrapped(line, width) if width else [line]:
                write(plain(row))


def _show_json(frame: Frame) -> None:
    """Events as they came; each is one line, in ASCII, so that no terminal obeys it."""
    if frame["type"] in NOTES:
        note(NOTES[frame["type"]])
    elif is_event(frame):
        write(json.dumps(frame, ensure_ascii=True))
