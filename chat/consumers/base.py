"""One socket, whoever is behind it: let in, heard in turn, and ended with a reason."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from autobahn.exception import Disconnected
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from django.utils.translation import gettext as _

from chat import frames, hub, limits, wire
from chat.consumers.posts import Draft, change, draft, submit_all
from chat.database import into_database, is_outage
from chat.errors import Invalid, Refused, TooMany, WrongScope
from chat.fragments import Kind
from chat.handshake import Refusal, Visitor
from chat.models import Message, Scope

logger = logging.getLogger(__name__)

RESUME_SECONDS = 1.0
PAGE_RESUME_SECONDS = 20.0
MAX_BAD_FRAMES = 10
# Of one socket; what comes behind them waits until they are stored.
MAX_TOGETHER = 16
_NEEDED = {
    **dict.fromkeys(("post", "edit", "delete", "react", "typing"), Scope.POST),
    **dict.fromkeys(("resume", "read", "suggest"), Scope.READ),
}
COME_BACK = "this socket has to come back"


class Ended(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ComeBack(Exception):
    """Ends the application, which makes the server close with 1011: the page then returns.

    Autobahn lets an application send only 1000 and 3000-4999, after which it would stay away.
    """


@dataclass(frozen=True)
class Step:
    """What came as one frame: what is to be done, or why it is not; `nonce` as its sender wrote
    it, None where they wrote none."""

    what: Draft | dict[str, Any] | Refused | Ended
    nonce: str | None = None


class Socket:
    """What pages and programs have in common."""

    subprotocol: str | None = None
    must_return = False
    has_asked = False
    is_gone = False
    unasked: asyncio.Task[None] | None = None

    visitor: Visitor  # until `begin` has returned: two whole rows, some 3 KB for each socket
    reader: hub.SocketReader
    language: str
    epoch: str
    home: str  # the slug of the room where plain text goes, "" for none

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.send, self.task = send, asyncio.current_task()
        try:
            await self._open(scope, receive)
        except asyncio.CancelledError:
            if self.must_return:
                raise ComeBack(COME_BACK) from None
            raise
        except (DatabaseError, InterfaceError) as error:
            if not is_outage(error):
                raise
            # The page comes back until the database does; a program knows that nothing is sure.
            logger.warning("A socket ends without a database: %s", " ".join(str(error).split()))
            raise ComeBack(COME_BACK) from None

    # --- For pages and programs to say -----------------------------------------------------

    def kind_of(self, visitor: Visitor) -> Kind:
        raise NotImplementedError

    async def say_goodbye(self, code: int, kind: Kind) -> None:
        """Why the socket is refused, before it is closed."""

    async def begin(self) -> None:
        """The reader is let in; its place is not named yet. The last to see `visitor`."""

    def end(self) -> None:
        """The socket is gone."""

    async def go_live(self) -> None:
        """Nobody has named a place in time."""
        raise NotImplementedError

    def admit(self, text: str) -> bool:
        """Counts the frame; False for one to be passed over. Raises TooMany, or Ended."""
        limits.spend_here(settings.LIMIT_FRAMES, "frame", self.reader.person_id)
        return True

    async def handle(self, step: Step, frame: dict[str, Any]) -> None:
        raise NotImplementedError

    def reader_of(self, frame: dict[str, Any]) -> hub.Reader:
        """Who listens to the room that a frame is about; the socket's, where that has one."""
        raise NotImplementedError

    async def acknowledge(self, step: Step, message: Message) -> None:
        """It is durable."""

    async def refuse(self, step: Step, error: Refused) -> None:
        raise NotImplementedError

    # --- Coming in -------------------------------------------------------------------------

    async def _open(self, scope: Any, receive: Any) -> None:
        await receive()  # websocket.connect
        if await self._let_in(scope, receive):
            await self._serve(receive)

    async def _let_in(self, scope: Any, receive: Any) -> bool:
        visitor = await self._admitted(scope, receive)
        if visitor is None:
            return False
        await self.send({"type": "websocket.accept", "subprotocol": self.subprotocol})
        if isinstance(visitor, Refusal):
            await self._turn_away(visitor.code, visitor.kind)
            return False
        limit = settings.LIMIT_SOCKETS
        if limit and hub.current().count(visitor.person.pk, hub.SocketReader) >= limit:
            await self._turn_away(4429, self.kind_of(visitor))
            return False
        self.visitor, self.reader = visitor, self._reader(visitor)
        self.language, self.epoch = visitor.person.language, visitor.epoch
        self.home = visitor.room.slug if visitor.room else ""
        self.turn, self.bad_frames = asyncio.Lock(), 0
        return True

    async def _admitted(self, scope: Any, receive: Any) -> Visitor | Refusal | None:
        """None for who has left while they waited in line: a thousand who have lost patience
        and come again must not wait behind themselves."""
        asking = hub.current().door.ask(scope)
        leaving = asyncio.ensure_future(receive())  # nobody says anything before they are let in
        try:
            await asyncio.wait([asking, leaving], return_when=asyncio.FIRST_COMPLETED)
            return None if leaving.done() else asking.result()
        finally:
            asking.cancel()
            leaving.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)

    async def _turn_away(self, code: int, kind: Kind) -> None:
        await self.say_goodbye(code, kind)
        await self.close(code)

    async def _serve(self, receive: Any) -> None:
        hub.current().add(self.reader)
        grace: asyncio.TimerHandle | None = None
        try:
            await self.begin()
            grace = self._grace(self.visitor.will_resume)
            del self.visitor
            while not self.is_gone:
                await self._take(await self._heard(receive))
        except Ended as ended:
            await hub.current().shut_out(self.reader, ended.code)
        finally:
            if grace is not None:
                grace.cancel()
            if self.unasked is not None:
                self.unasked.cancel()
            hub.current().remove(self.reader)
            self.end()

    def _reader(self, visitor: Visitor) -> hub.SocketReader:
        return hub.SocketReader(
            person_id=visitor.person.pk,
            kind=self.kind_of(visitor),
            room_id=self.room_id_of(visitor),
            slug=visitor.slug,
            title=visitor.title,
            head=visitor.room.last_seq if visitor.room else 0,
            has_sidebar=self.subprotocol is None,
            credential=visitor.person.password,
            session_line=visitor.session_line,
            token_id=visitor.token_id,
            scopes=visitor.scopes,
            write=self.write,
            end=self.close,
            direct=wire.direct(self.send),
            drain=wire.drain(self.send),
        )

    def room_id_of(self, visitor: Visitor) -> int | None:
        """The room whose list the socket itself shows."""
        return None

    async def write(self, text: str) -> None:
        # Gone between two turns of the loop: the disconnect is on its way to us.
        with contextlib.suppress(Disconnected):
            await self.send({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        if code == 1011 and self.task is not None:
            self.must_return = True
            self.task.cancel()
            return
        await self.send({"type": "websocket.close", "code": code})

    def _grace(self, will_resume: bool) -> asyncio.TimerHandle:
        """How long nobody needs to name a place. On a timer: a task for each page costs more."""
        later = asyncio.get_running_loop().call_later
        if will_resume:
            return later(PAGE_RESUME_SECONDS, self._when_unasked, self._come_back_unasked)
        return later(RESUME_SECONDS, self._when_unasked, self._go_live_unasked)

    def _when_unasked(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if not self.reader.has_begun and self.reader.may(Scope.READ):
            self.unasked = asyncio.get_running_loop().create_task(act())

    async def _go_live_unasked(self) -> None:
        try:
            async with self.turn:
                if not self.reader.has_begun:
                    await self.go_live()
        except Exception:
            logger.exception("A socket can't be made live")
            await self.reader.close(1011)

    async def _come_back_unasked(self) -> None:
        """For who says that they will resume, as every page does.

        On a slow line its resume takes longer than a second: live frames from the log's end
        would move its cursor past what it has missed. Where none comes at all, the socket
        belongs to no page any more: htmx opens one again for an element that was replaced
        while its next try was waiting, and nothing in the page can close that one.
        """
        if not self.has_asked:
            await self.reader.close(1011)

    # --- What they say ---------------------------------------------------------------------

    async def _heard(self, receive: Any) -> list[str]:
        """What has come, at least one text; perhaps none when the socket is gone.

        A program may send many messages at once: stored together they cost much less.
        """
        waiting, texts = wire.waiting(receive), list[str]()
        while not texts or (waiting() and len(texts) < MAX_TOGETHER):
            message = await receive()
            if message["type"] != "websocket.receive":
                self.is_gone = True
                break
            texts.append(message.get("text") or "")
        return texts

    async def _take(self, texts: list[str]) -> None:
        """Everything in its order; posts that come one after the other are stored together."""
        posts: list[Step] = []
        with translation.override(self.language):
            for step in map(self._step, texts):
                if step is None:
                    continue
                if isinstance(step.what, Draft):
                    posts.append(step)
                    continue
                await self._post(posts)
                posts = []
                await self._do(step)
            await self._post(posts)

    def _step(self, text: str) -> Step | None:
        """What it asks for, or what comes of it; None for what may be passed over."""
        nonce = None
        try:
            if not self.admit(text):
                return None
            frame = frames.parse(text)
            frames.check_said_once(text, frame)
            nonce = frames.nonce(frame)
            self._check_scope(frame["type"])
            if frame["type"] != "post":
                return Step(frame, nonce)
            return Step(draft(frame, self._room_of(frame)), nonce)
        except TooMany:
            return Step(Ended(4429))
        except Ended as ended:
            return Step(ended)
        except Refused as error:
            return Step(error, nonce)

    def _check_scope(self, kind: str) -> None:
        scope = _NEEDED.get(kind)
        if scope is not None and not self.reader.may(scope):
            raise WrongScope(scope.value)

    def _room_of(self, frame: dict[str, Any]) -> object:
        """The slug that a post names, "" for the socket's own room."""
        slug = frame.get("room") or ""
        if self.reader.slug and slug not in ("", self.reader.slug):
            raise Invalid(_("This socket is of another room."))
        return "" if self.reader.slug else slug

    async def _do(self, step: Step) -> None:
        try:
            if isinstance(step.what, Exception):
                raise step.what
            assert isinstance(step.what, dict)
            await self.handle(step, step.what)
        except Refused as error:
            await self._refuse(step, error)

    async def _refuse(self, step: Step, error: Refused) -> None:
        self.bad_frames += isinstance(error, frames.BadFrame)
        if self.bad_frames > MAX_BAD_FRAMES:
            raise Ended(4400) from None
        await self.refuse(step, error)

    async def _post(self, steps: list[Step]) -> None:
        if not steps:
            return
        hub.note(self.reader.person_id)
        drafts = [step.what for step in steps if isinstance(step.what, Draft)]
        stored = await into_database(submit_all, self.reader, self.home, drafts)
        outcomes = await asyncio.gather(*map(asyncio.wrap_future, stored), return_exceptions=True)
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, Refused):
                await self._refuse(step, outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                await self.acknowledge(step, outcome)

    async def change(self, step: Step, frame: dict[str, Any]) -> None:
        """Edits, deletes or reacts."""
        hub.note(self.reader.person_id)
        await self.acknowledge(step, await into_database(change, self.reader, frame))

    def read(self, frame: dict[str, Any]) -> None:
        """They have seen a room, or a thread, up to a place."""
        hub.note(self.reader.person_id)
        seq, root_id = frames.number(frame, "seq") or 0, frames.number(frame, "thread")
        if root_id is None:
            hub.current().read(self.reader_of(frame), seq)
        else:
            hub.current().read_thread(self.reader, root_id, seq)

    def is_same_epoch(self, frame: dict[str, Any]) -> bool:
        return frame.get("epoch") in (None, "", self.epoch)  # it may be unhashable


def unknown() -> Refused:
    return frames.BadFrame(_("This type of frame is unknown."))
