"""Sockets: who is it, which room, and then frames in and fragments out."""

import asyncio
import contextlib
import logging
import re
import secrets
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from autobahn.exception import Disconnected
from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from django.utils.translation import gettext as _

from chat import deeds, fragments, frames, hub, limits, suggestions, wire
from chat.actions.messages import prepare, submit
from chat.actions.posting import Post
from chat.database import into_database, is_outage
from chat.errors import Invalid, Refused, TooMany
from chat.forms import MessageForm, first_error
from chat.fragments import Kind
from chat.handshake import Refusal, Visitor
from chat.models import Message, Person, Room

logger = logging.getLogger(__name__)

RESUME_SECONDS = 1.0
PAGE_RESUME_SECONDS = 20.0
MAX_BAD_FRAMES = 10
# Of one socket; what comes behind them waits until they are stored.
MAX_TOGETHER = 16
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
class Draft:
    """A message that somebody sends; `slug` as they wrote it, "" for the room of the socket."""

    slug: object
    body: str
    nonce: str
    reply_to: int | None
    confirm: bool


class ChatConsumer(AsyncConsumer):
    """A socket of `/ws/chat/` or `/ws/chat/<slug>/` that receives HTML.

    Channels' own loop waits for a channel of each consumer and hops through a thread for each
    message; here the hub writes to the socket directly, so the loop is the socket's alone.
    """

    must_return = False
    has_asked = False
    is_gone = False

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
        self.suggester = suggestions.Suggester(self.reader)
        hub.current().add(self.reader)
        unasked = self._come_back_unasked if visitor.will_resume else self._go_live_unasked
        grace = asyncio.get_running_loop().create_task(unasked())
        try:
            while not self.is_gone:
                await self._take(await self._heard(receive))
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
        drafts: list[Draft] = []
        with translation.override(self.reader.kind.language):
            for step in map(self._step, texts):
                if isinstance(step, Draft):
                    drafts.append(step)
                    continue
                await self._post(drafts)
                drafts = []
                await self._do(step)
            await self._post(drafts)

    def _step(self, text: str) -> Draft | dict[str, Any] | Refused | Ended | None:
        """A post, another frame, or what comes of it; None for what may be passed over."""
        if frames.is_suggest(text) and not self.suggester.may_ask():
            return Ended(4429) if self.suggester.is_flooded else None
        try:
            if not frames.is_suggest(text):
                limits.spend_here(settings.LIMIT_FRAMES, "frame", self.reader.person_id)
            frame = frames.parse(text)
            frames.check_said_once(text, frame)
            return self._draft(frame) if frame["type"] == "post" else frame
        except TooMany:
            return Ended(4429)
        except Refused as error:
            return error

    async def _do(self, step: dict[str, Any] | Refused | Ended | None) -> None:
        if step is None:
            return
        try:
            if isinstance(step, Exception):
                raise step
            await self._handle(step)
        except Refused as error:
            await self._answer(error)

    async def _answer(self, error: Refused) -> None:
        self.bad_frames += isinstance(error, frames.BadFrame)
        if self.bad_frames > MAX_BAD_FRAMES:
            raise Ended(4400) from None
        await self._write(fragments.refusal(str(error.sentence), self.reader.kind))

    async def _handle(self, frame: dict[str, Any]) -> None:
        # A table of our own: what a client writes never names a method or reaches the layer.
        match frame["type"]:
            case "resume":
                await self._resume(frame)
            case "read":
                hub.note(self.reader.person_id)
                self._read(frame)
            case "edit" | "delete" | "react":
                hub.note(self.reader.person_id)
                await into_database(_change, self.reader, frame)
            case "typing":
                hub.note(self.reader.person_id)
                await hub.current().typing.say(self.reader)
            case "suggest":
                if lists := await self.suggester.answer(frame):
                    await self._write(lists)
            case _:
                raise frames.BadFrame(_("This type of frame is unknown."))

    def _draft(self, frame: dict[str, Any]) -> Draft:
        nonce = frame.get("nonce") or secrets.token_urlsafe(16)
        if not isinstance(nonce, str):  # what is nested deeply is more than `str` can take
            raise frames.BadFrame(_("“%(name)s” has to be a text.") % {"name": "nonce"})
        form = MessageForm(
            {
                "body": frame.get("body"),
                "nonce": nonce,
                "reply_to": frames.number(frame, "reply_to"),
                "confirm": frame.get("confirm") is True,
            }
        )
        if not form.is_valid():
            raise Invalid(first_error(form))
        return Draft(slug="" if self.visitor.slug else frame.get("room", ""), **form.cleaned_data)

    async def _post(self, drafts: list[Draft]) -> None:
        if not drafts:
            return
        hub.note(self.reader.person_id)
        stored = await into_database(_submit, self.reader, self.visitor.room, drafts)
        outcomes = await asyncio.gather(*map(asyncio.wrap_future, stored), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                await self._answer(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome

    def _read(self, frame: dict[str, Any]) -> None:
        seq, root_id = frames.number(frame, "seq") or 0, frames.number(frame, "thread")
        if root_id is None:
            hub.current().read(self.reader, seq)
        else:
            hub.current().read_thread(self.reader, root_id, seq)

    async def _resume(self, frame: dict[str, Any]) -> None:
        self.has_asked = True
        after = frames.number(frame, "after")
        same_epoch = frame.get("epoch") in (None, "", self.visitor.epoch)  # may be unhashable
        async with self.turn:
            await hub.current().resume(self.reader, after, same_epoch=same_epoch)


def _submit(reader: hub.Reader, here: Room | None, drafts: list[Draft]) -> list[Future[Message]]:
    """The message of each, in their order, as soon as it is stored; or why it is refused."""
    posts: list[Post] = []
    stored: list[Future[Message]] = []
    for draft in drafts:
        try:
            posts.append(_prepared(reader, here, draft))
            stored.append(posts[-1].stored)
        except Refused as error:
            stored.append(Future())
            stored[-1].set_exception(error)
    submit(posts)
    return stored


def _prepared(reader: hub.Reader, here: Room | None, draft: Draft) -> Post:
    limits.spend(settings.LIMIT_POSTS, "post", reader.person_id)
    # The socket may have been opened long ago: what let it in has to hold when this is stored.
    room = _find(reader.person_id, draft.slug) if draft.slug else here
    if draft.slug and room is None:
        raise Refused(_("There is no such room, or it is not for you."))
    if room is None:
        raise Refused(_("You are not in any room yet."))
    return prepare(
        author_id=reader.person_id,
        slug=room.slug,
        body=draft.body,
        nonce=draft.nonce,
        reply_to=draft.reply_to,
        confirm=draft.confirm,
        caller=reader,
    )


def _change(reader: hub.Reader, frame: dict[str, Any]) -> None:
    """Edits, deletes or reacts, as the page's forms do."""
    person = Person.objects.get(pk=reader.person_id)
    seen = Message.objects.filter(room__in=Room.objects.visible_to(person))
    message = seen.filter(pk=frames.number(frame, "message") or 0).first()
    if message is None:
        raise Refused(_("There is no such message, or it is not for you."))
    fields = {
        "body": frame.get("body"),
        "confirm": frame.get("confirm") is True,
        "emoji": frame.get("emoji"),
        "version": frames.number(frame, "version"),
    }
    deeds.do(frame["type"], fields, person=person, message=message, caller=reader)


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
