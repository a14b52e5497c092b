"""`natterjack chat`: a room on the screen, and a box to write in."""

import asyncio
import contextlib
import sys
import time

from natterjack.credentials import Credentials
from natterjack.errors import REFUSED, Misused
from natterjack.harmless import harmless_line
from natterjack.line import Line, is_event
from natterjack.outbox import Outbox, Parcel
from natterjack.output import note
from natterjack.screen import Screen
from natterjack.seen import Messages, Seen
from natterjack.slash import HELP, Command, parsed
from natterjack.tail import NOTES
from natterjack.together import first_of
from natterjack.wire import Frame
from natterjack.wording import INDENT, Pieces, day, event_line, message_lines, typing_words

# What was sent just before the end has this long to be acknowledged.
LAST_WORDS_SECONDS = 0.5
TYPING_EVERY_SECONDS = 3.0
READ_AFTER_SECONDS = 1.0
SHOWN_CHARACTERS = 30


async def chat(credentials: Credentials, room: str, *, count: int) -> int:
    """The status to exit with. Raises Refused when the site does not let us in, or on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misused("`natterjack chat` needs a terminal; for pipes there are `tail` and `say`.")
    talk = Talk(credentials, room, count)
    try:
        status: int = await first_of(talk.line.run(), talk.at_the_screen())
    finally:
        unsent = talk.unsent()
        for text in unsent:
            note(f"Not sent: {text}")
    return status or (REFUSED if unsent else 0)


class Talk:
    """What comes by the line goes to the screen, what is entered at the screen to the line."""

    def __init__(self, credentials: Credentials, room: str, count: int) -> None:
        self.line = Line(credentials, room, self._take, history=count)
        self._outbox = Outbox(self.line.send, self._failed)
        self._screen = Screen(entered=self._entered, typed=self._typed, status=self._status)
        self._messages = Messages()
        self._me: int | None = None
        self._day = ""
        self._typing = self._here = ""
        self._typed_at = 0.0
        self._unconfirmed: Parcel | None = None
        self._seq = 0
        self._reading: asyncio.TimerHandle | None = None

    async def at_the_screen(self) -> int:
        status = await self._screen.run()
        if self.line.is_open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._outbox.emptied(), LAST_WORDS_SECONDS)
        return status

    def unsent(self) -> list[str]:
        """What was written and is not known to be stored: nothing of it may just be gone."""
        if self._reading is not None:
            self._reading.cancel()
        texts = [parcel.text for parcel in self._outbox.waiting]
        if self._screen.text.strip():
            texts.append(self._screen.text)
        return [harmless_line(text) for text in texts]

    # -- What comes ------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        self._outbox.take(frame)
        kind = frame["type"]
        if kind == "hello":
            self._me = int(frame["person"]["id"])
        elif kind == "typing":
            self._typing = typing_words(frame["people"])
        elif kind == "presence":
            self._here = f"{int(frame['count'])} here"
        elif kind == "error" and frame.get("nonce") is None:
            self._complain(str(frame["detail"]))
        elif kind in NOTES:
            self._show_note(kind)
        elif is_event(frame):
            self._show_event(frame)
        self._screen.redraw()

    def _show_event(self, event: Frame) -> None:
        self._messages.take(event)
        lines = message_lines(event, numbered=True, me=self._me)
        if not lines and (line := event_line(event)):
            lines = [line]
        if lines and day(event["at"]) != self._day:
            self._day = day(event["at"])
            lines.insert(0, [("class:note", f"{INDENT}{self._day}")])
        self._screen.show(*lines)
        self._will_read(int(event["seq"]))

    def _show_note(self, kind: str) -> None:
        if kind == "line.restored":
            self._messages.forget()
            self._day = ""
        if kind == "line.lost":
            self._typing = self._here = ""
        self._screen.show([("class:trouble", f"{INDENT}{NOTES[kind]}")])

    def _failed(self, parcel: Parcel, code: str, sentence: str) -> None:
        """The sentence, and the text back into the box, or where the arrow finds it."""
        self._complain(sentence)
        if code == "unconfirmed":
            self._unconfirmed = parcel
            self._complain("/confirm sends it all the same.")
        elif not self._screen.text:
            self._screen.text = parcel.text
        else:
            self._complain(f"Not sent, and kept for the up arrow: {parcel.text}")

    def _complain(self, sentence: str) -> None:
        self._screen.show([("class:trouble", f"{INDENT}{harmless_line(sentence)}")])

    def _status(self) -> str:
        parts = [self.line.room]
        if not self.line.is_open:
            parts.append("not connected")
        if self._outbox.waiting:
            text = self._outbox.waiting[0].text
            more = len(self._outbox.waiting) - 1
            shown = text[:SHOWN_CHARACTERS] + ("…" if len(text) > SHOWN_CHARACTERS else "")
            parts.append(f"sending: {shown}" + (f" and {more} more" if more else ""))
        parts += [self._here, self._typing]
        return harmless_line(" · ".join(filter(None, parts)))

    # -- What is typed ---------------------------------------------------------------------

    def _typed(self, text: str) -> None:
        now = time.monotonic()
        if not text or text.startswith("/") or now - self._typed_at < TYPING_EVERY_SECONDS:
            return
        if self.line.send({"type": "typing"}):
            self._typed_at = now

    def _entered(self, typed: str) -> bool:
        """True where the box should keep what is in it."""
        try:
            return self._obey(parsed(typed.rstrip()), typed)
        except (LookupError, ValueError) as error:
            self._complain(str(error.args[0]))
            return True

    def _obey(self, command: Command, typed: str) -> bool:
        if command.name == "quit":
            self._screen.end()
        elif command.name == "help":
            self._screen.show(*(_quiet(line) for line in HELP.splitlines()))
        elif command.name == "confirm":
            self._confirm()
        elif command.name == "edit" and not command.text:
            own = self._own(command)
            self._screen.text = f"/edit #{own.number} {own.body}"
            return True
        else:
            self._outbox.add(self._frame(command), typed)
        return False

    def _frame(self, command: Command) -> Frame:
        """What does this; LookupError and ValueError say what is missing."""
        if command.name == "say":
            return {"type": "post", "body": command.text}
        if command.name == "edit":
            return {"type": "edit", "message": self._own(command).id, "body": command.text}
        if command.name == "react":
            _require(command.text, "With what? /react 👍, or /react #7 👍")
            return {"type": "react", "message": self._any(command).id, "emoji": command.text}
        if command.number is None:
            number = self._messages.last(self._me).number
            raise ValueError(f"Which one? /{command.name} #{number} …")
        if command.name == "delete":
            return {"type": "delete", "message": self._messages.of(command.number).id}
        _require(command.text, "Say what? /reply #7 TEXT")
        quoted = self._messages.of(command.number).id
        return {"type": "post", "body": command.text, "reply_to": quoted}

    def _own(self, command: Command) -> Seen:
        if command.number is None:
            return self._messages.last(self._me)
        return self._messages.of(command.number)

    def _any(self, command: Command) -> Seen:
        if command.number is None:
            return self._messages.last()
        return self._messages.of(command.number)

    def _confirm(self) -> None:
        if self._unconfirmed is None:
            raise ValueError("There is nothing to confirm.")
        parcel, self._unconfirmed = self._unconfirmed, None
        self._outbox.add(parcel.frame | {"confirm": True}, parcel.text)

    # -- What was read ---------------------------------------------------------------------

    def _will_read(self, seq: int) -> None:
        """Tells the site a moment later, and once for all that comes meanwhile."""
        self._seq = max(self._seq, seq)
        if self._reading is None:
            loop = asyncio.get_running_loop()
            self._reading = loop.call_later(READ_AFTER_SECONDS, self._read)

    def _read(self) -> None:
        self._reading = None
        self.line.send({"type": "read", "seq": self._seq})


def _quiet(text: str) -> Pieces:
    return [("class:note", f"{INDENT}{text}")]


def _require(text: str, sentence: str) -> None:
    if not text:
        raise ValueError(sentence)
