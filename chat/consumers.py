"""Sockets: who is it, which room, and then frames in and fragments out."""

import asyncio
import contextlib
import logging
import re
import secrets
from concurrent.futures import Future
from typing import Any

from autobahn.exception import Disconnected
from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from django.utils.translation import gettext as _

from chat import fragments, frames, hub, limits, wire
from chat.actions.messages import submit_message
from chat.database import in_database, is_outage
from chat.errors import Invalid, Refused, TooMany
from chat.forms import MessageForm, first_error
from chat.fragments import Kind
from chat.handshake import Refusal, Visitor
from chat.models import Message, Person, Room

logger = logging.getLogger(__name__)

RESUME_SECONDS = 1.0
PAGE_RESUME_SECONDS = 20.0
MAX_BAD_FRAMES = 10
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


class ChatConsumer(AsyncConsumer):
    """A socket of `/ws/chat/` or `/ws/chat/<slug>/` that receives HTML.

    Channels' own loop waits for a channel of each consumer and hops through a thread for each
    message; here the hub writes to the socket directly, so the loop is the socket's alone.
    """

    must_return = False
    has_asked = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.base_send, self.task = send, asyncio.current_task()
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

    async def _open(self, scope: Any, receive: Any) -> None:
        await receive()  # websocket.connect
        visitor = await self._admitted(scope, receive)
        if visitor is None:
            return
        await self.send({"type": "websocket.accept"})
        if isinstance(visitor, Refusal):
            await self._refuse(visitor.code, visitor.kind)
            return
        limit = settings.LIMIT_SOCKETS
        if limit and hub.current().count(visitor.person.pk, hub.SocketReader) >= limit:
            await self._refuse(4429, Kind.of(visitor.person))
            return
        await self._serve(visitor, receive)

    async def _admitted(self, scope: Any, receive: Any) -> Visitor | Refusal | None:
        """None for who has left while they waited in line: a thousand who have lost patience
        and come again must not wait behind themselves."""
        asking = asyncio.ensure_future(hub.current().door.ask(scope))
        leaving = asyncio.ensure_future(receive())  # nobody says anything before they are let in
        try:
            await asyncio.wait([asking, leaving], return_when=asyncio.FIRST_COMPLETED)
            return None if leaving.done() else asking.result()
        finally:
            asking.cancel()
            leaving.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)

    async def _serve(self, visitor: Visitor, receive: Any) -> None:
        self.visitor, self.bad_frames = visitor, 0
        self.turn = asyncio.Lock()
        self.reader = self._reader(visitor)
        hub.current().add(self.reader)
        unasked = self._come_back_unasked if visitor.will_resume else self._go_live_unasked
        grace = asyncio.get_running_loop().create_task(unasked())
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self._take(message)
        except Ended as ended:
            await hub.current().shut_out(self.reader, ended.code)
        finally:
            grace.cancel()
            hub.current().remove(self.reader)

    def _reader(self, visitor: Visitor) -> hub.SocketReader:
        return hub.SocketReader(
            person_id=visitor.person.pk,
            kind=Kind.of(visitor.person),
            room_id=visitor.room.pk if visitor.room and visitor.shows_list else None,
            slug=visitor.slug,
            title=visitor.title,
            head=visitor.room.last_seq if visitor.room else 0,
            credential=visitor.person.password,
            session_line=visitor.session_line,
            token_id=visitor.token_id,
            write=self._write,
            end=self._close,
            direct=wire.direct(self.base_send),
            drain=wire.drain(self.base_send),
        )

    async def _write(self, text: str) -> None:
        # Gone between two turns of the loop: the disconnect is on its way to us.
        with contextlib.suppress(Disconnected):
            await self.send({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        if code == 1011 and self.task is not None:
            self.must_return = True
            self.task.cancel()
            return
        await self.send({"type": "websocket.close", "code": code})

    async def _refuse(self, code: int, kind: Kind) -> None:
        await self._write(fragments.goodbye(code, kind))
        await self._close(code)

    async def _go_live_unasked(self) -> None:
        await asyncio.sleep(RESUME_SECONDS)
        try:
            async with self.turn:
                if not self.reader.has_resumed:
                    await hub.current().resume(self.reader, None)
        except Exception:
            logger.exception("A socket can't be made live")
            await self.reader.close(1011)

    async def _come_back_unasked(self) -> None:
        """For a page, which says that it will resume.

        On a slow line its resume takes longer than a second: live frames from the log's end
        would move its cursor past what it has missed. Where none comes at all, the socket
        belongs to no page any more: htmx opens one again for an element that was replaced
        while its next try was waiting, and nothing in the page can close that one.
        """
        await asyncio.sleep(PAGE_RESUME_SECONDS)
        if not self.has_asked:
            await self.reader.close(1011)

    async def _take(self, message: dict[str, Any]) -> None:
        try:
            with translation.override(self.reader.kind.language):
                await self._handle(frames.parse(message.get("text") or ""))
        except Refused as error:
            self.bad_frames += isinstance(error, frames.BadFrame)
            if self.bad_frames > MAX_BAD_FRAMES:
                raise Ended(4400) from None
            await self._write(fragments.refusal(str(error.sentence), self.reader.kind))

    async def _handle(self, frame: dict[str, Any]) -> None:
        self._count_frame()
        # A table of our own: what a client writes never names a method or reaches the layer.
        match frame["type"]:
            case "post":
                await self._post(frame)
            case "resume":
                await self._resume(frame)
            case "read":
                hub.current().read(self.reader, frames.number(frame, "seq") or 0)
            case _:
                raise frames.BadFrame(_("This type of frame is unknown."))

    def _count_frame(self) -> None:
        try:
            limits.spend_here(settings.LIMIT_FRAMES, "frame", self.reader.person_id)
        except TooMany:
            raise Ended(4429) from None

    async def _post(self, frame: dict[str, Any]) -> None:
        form = MessageForm({**frame, "nonce": frame.get("nonce") or secrets.token_urlsafe(16)})
        if not form.is_valid():
            raise Invalid(first_error(form))
        slug = "" if self.visitor.slug else frame.get("room", "")
        stored = await in_database(
            _submit, self.reader, self.visitor.room, slug, **form.cleaned_data
        )
        await asyncio.wrap_future(stored)

    async def _resume(self, frame: dict[str, Any]) -> None:
        self.has_asked = True
        after = frames.number(frame, "after")
        same_epoch = frame.get("epoch") in (None, "", self.visitor.epoch)  # may be unhashable
        async with self.turn:
            await hub.current().resume(self.reader, after, same_epoch=same_epoch)


def _submit(
    reader: hub.Reader, room: Room | None, slug: object, *, body: str, nonce: str
) -> Future[Message]:
    limits.spend(settings.LIMIT_POSTS, "post", reader.person_id)
    # The socket may have been opened long ago: what let it in has to hold when this is stored.
    if slug and (room := _find(reader.person_id, slug)) is None:
        raise Refused(_("There is no such room, or it is not for you."))
    if room is None:
        raise Refused(_("You are not in any room yet."))
    return submit_message(
        author_id=reader.person_id, slug=room.slug, body=body, nonce=nonce, caller=reader
    )


def _find(person_id: int, slug: object) -> Room | None:
    if not isinstance(slug, str) or not re.fullmatch(r"[-\w]{1,64}", slug, re.ASCII):
        return None
    person = Person.objects.get(pk=person_id)
    return Room.objects.visible_to(person).filter(slug=slug).first()


class Nowhere(AsyncConsumer):
    """Any other address."""

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4404})
