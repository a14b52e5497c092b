"""A peer for the terminal client: speaks as docs/protocol.md says, on loopback, and can fail.

It keeps one room's log in memory and answers GET for history on the same port.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

ADA = {"id": 1, "username": "ada", "name": "Ada"}
BOB = {"id": 2, "username": "bob", "name": "Bob"}
TOKEN = "nj_peer"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Peer:
    """The log and who listens. What a test sets goes wrong from then on."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.name = "Common room"
        self.log: list[dict] = []
        self.nonces: dict[str, dict] = {}
        self.frames: list[dict] = []
        self.resumes: list[dict] = []
        self.sockets: set[ServerConnection] = set()
        self.opened = 0
        self.port = 0
        # How it fails.
        self.close_with: int | None = None
        self.lose_acks = 0
        self.errors: list[dict] = []
        self.too_far = 500
        self.repeats = False
        self.is_deaf = False
        self.scopes = ["read", "post"]

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[str]:
        return [each["message"]["body"] for each in self.log if each["type"] == "message.posted"]

    # -- What happens in the room ------------------------------------------------------------

    def post(self, body: str, author: dict = BOB, **fields: object) -> dict:
        seq = len(self.log) + 1
        message = {
            "id": 100 + seq,
            "room": "general",
            "seq": seq,
            "author": author,
            "body": body,
            "html": "",
            "created_at": self._moment(seq),
            "edited_at": None,
            "deleted_at": None,
            "version": 1,
            "reply_to": None,
            "thread": None,
            "in_room": True,
            "reply_count": 0,
            "attachments": [],
            "reactions": [],
            "mentions": {"people": [], "room": False},
        } | fields
        return self.happen("message.posted", actor=author, message=message)

    def edit(self, posted: dict, body: str) -> dict:
        message = posted["message"] | {"body": body, "edited_at": self._moment(len(self.log) + 1)}
        return self.happen("message.edited", actor=message["author"], message=message)

    def delete(self, posted: dict, actor: dict | None = None) -> dict:
        message = posted["message"] | {"body": "", "deleted_at": self._moment(len(self.log) + 1)}
        return self.happen("message.deleted", actor=actor or message["author"], message=message)

    def happen(self, kind: str, *, actor: dict, **fields: object) -> dict:
        seq = len(self.log) + 1
        event = {"type": kind, "room": "general", "seq": seq, "at": self._moment(seq)}
        event |= {"actor": actor} | fields
        self.log.append(event)
        self.tell(event)
        return event

    def tell(self, frame: dict) -> None:
        for socket in self.sockets:
            task = asyncio.ensure_future(_send(socket, frame))
            task.add_done_callback(lambda _: None)

    async def cut(self) -> None:
        """Every line is lost at once, without a word; there is one, or will be."""
        await self.until(lambda: self.sockets)
        for socket in list(self.sockets):
            socket.transport.abort()
        await self.until(lambda: not self.sockets)

    async def until(self, is_so: Callable[[], object]) -> None:
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def end(self, code: int) -> None:
        for socket in list(self.sockets):
            await socket.close(code)

    def _moment(self, seq: int) -> str:
        at = START + timedelta(minutes=seq)
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")

    # -- The protocol ------------------------------------------------------------------------

    async def serve(self, socket: ServerConnection) -> None:
        self.opened += 1
        if socket.request.headers.get("Authorization") != f"Bearer {TOKEN}":
            await socket.close(4401)
            return
        path = urlsplit(socket.request.path).path
        if path not in {"/ws/chat/", "/ws/chat/general/"}:
            await socket.close(4404)
            return
        if self.close_with is not None:
            await socket.close(self.close_with)
            return
        with contextlib.suppress(ConnectionClosed):
            await _send(socket, self._hello())
            async for text in socket:
                if not self.is_deaf:
                    await self._answer(socket, json.loads(text))
        self.sockets.discard(socket)

    def _hello(self) -> dict:
        room = {"room": "general", "name": self.name, "kind": "public"}
        rooms = [room | {"seq": len(self.log), "unread": 3}] if "read" in self.scopes else []
        return {
            "type": "hello",
            "protocol": "chat.v1",
            "epoch": self.epoch,
            "person": ADA,
            "scopes": self.scopes,
            "rooms": rooms,
        }

    async def _answer(self, socket: ServerConnection, frame: dict) -> None:
        self.frames.append(frame)
        if frame["type"] == "resume":
            self.resumes.append(frame)
            await self._resume(socket, frame["after"], frame["epoch"])
        elif frame["type"] in {"post", "edit", "delete", "react"}:
            await self._change(socket, frame)

    async def _resume(self, socket: ServerConnection, after: int, epoch: str) -> None:
        head = len(self.log)
        if epoch != self.epoch or head - after > self.too_far:
            await _send(socket, {"type": "reset", "room": "general", "seq": head})
            after = head
        for event in self.log[after:head]:
            await _send(socket, event)
            if self.repeats:
                await _send(socket, event)
        self.sockets.add(socket)
        resumed = {"type": "resumed", "room": "general", "after": after, "seq": head}
        await _send(socket, resumed)
        for event in self.log[head:]:
            await _send(socket, event)

    async def _change(self, socket: ServerConnection, frame: dict) -> None:
        nonce = frame.get("nonce")
        if self.errors:
            await _send(socket, {"type": "error", "nonce": nonce} | self.errors.pop(0))
            return
        if nonce not in self.nonces:
            self.nonces[nonce] = self._done(frame)
        if self.lose_acks:
            self.lose_acks -= 1
            socket.transport.abort()
            return
        event = self.nonces[nonce]
        ack = {"type": "ack", "nonce": nonce, "room": "general", "seq": event["seq"]}
        await _send(socket, ack | {"message": event["message"]["id"]})

    def _done(self, frame: dict) -> dict:
        if frame["type"] == "post":
            return self.post(frame["body"], ADA, reply_to=frame.get("reply_to"))
        posted = next(
            event
            for event in self.log
            if event["type"] == "message.posted" and event["message"]["id"] == frame["message"]
        )
        if frame["type"] == "edit":
            return self.edit(posted, frame["body"])
        if frame["type"] == "delete":
            return self.delete(posted, ADA)
        about = {"id": posted["message"]["id"], "seq": posted["seq"]}
        return self.happen("reaction.added", actor=ADA, message=about, emoji=frame["emoji"])

    # -- History -----------------------------------------------------------------------------

    def history(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _response(HTTPStatus.UNAUTHORIZED, {"detail": "Sign in.", "code": "signed_out"})
        query = {
            key: int(value[0]) for key, value in parse_qs(urlsplit(request.path).query).items()
        }
        messages = [each["message"] for each in self.log if each["type"] == "message.posted"]
        limit = query["limit"]
        if "after" in query:
            found = [each for each in messages if each["seq"] > query["after"]][:limit]
        else:
            found = [each for each in messages if each["seq"] < query["before"]][-limit:]
        return _response(HTTPStatus.OK, {"messages": found})


async def _send(socket: ServerConnection, frame: dict) -> None:
    with contextlib.suppress(ConnectionClosed):
        await socket.send(json.dumps(frame))


def _response(status: HTTPStatus, content: dict) -> Response:
    body = json.dumps(content).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body))})
    return Response(status, status.phrase, headers, body)


@contextlib.asynccontextmanager
async def running(peer: Peer) -> AsyncIterator[Server]:
    """The peer on its port: a free one at first, and the same when it comes back."""

    def http(_: ServerConnection, request: Request) -> Response | None:
        return peer.history(request) if request.path.startswith("/api/v1/") else None

    async with serve(
        peer.serve,
        "127.0.0.1",
        peer.port,
        process_request=http,
        subprotocols=["chat.v1.json"],
        close_timeout=0.2,
        reuse_address=True,
    ) as server:
        peer.port = server.sockets[0].getsockname()[1]
        yield server
