"""What one connection may take of this server: daphne's HTTP, bounded.

daphne keeps a whole request before the application sees it, however long it is and however
slowly it comes, and lets whoever does not read pile up what was written to them. Bounded here:

- the head of a request (Twisted counts its bytes and lines) and the body, by what was announced
  and by what has come;
- the time for both: bytes that come buy more of it, so that a slow line is served and a drip is
  not. A connection without a request ends after IDLE_SECONDS;
- what is written and not taken: an answer waits for its connection, and one that takes
  nothing for STALL_SECONDS is cut. No bound on the whole: a stream never ends;
- whoever is gone without a word, by TCP itself;
- how many there are, so that those who are in can still be served.

Overrides what Twisted offers for it. Two methods are private to it and marked as such below:
should they go by another name one day, Twisted's own answers take their place.
"""

import asyncio
import contextlib
import logging
import resource
import socket
import time
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.web import http

from chat.console import Notes

# A page asks again within a second or not at all; a proxy keeps its connections for longer.
IDLE_SECONDS = 60
# What a request may take, from its first byte on, and how much of it buys another second.
REQUEST_SECONDS = 20
BYTES_A_SECOND = 2048
# Nothing heard for so long is a dead line. Pages without sockets have no pings: TCP does it.
STALL_SECONDS = 45
# After a refusal the rest is heard out, or the browser shows a broken line instead of the answer.
LINGER_SECONDS = 5
MAX_HEADERS = 100
# Files that no visitor gets: each of 40 threads' database (three with SQLite), Redis, the log.
KEPT_FILES = 164

# Of these a request has one. Who takes the first and who takes the last would see two requests.
SINGLE = (b"Host", b"Origin", b"Cookie", b"Authorization", b"Sec-WebSocket-Protocol")

notes = Notes(logging.getLogger(__name__))


class Channel(http.HTTPChannel):
    """One connection, and the requests that come over it one after the other."""

    maxHeaders = MAX_HEADERS
    transport: Any
    is_refused = False

    def __init__(self) -> None:
        super().__init__()
        self._began = self._arrived = 0.0
        self._full: asyncio.Event | None = None
        self._end: Any = None

    def connectionMade(self) -> None:
        super().connectionMade()
        if _leaves_no_file(self.transport):
            notes.write("%s refused: too many connections are open", self._peer())
            self.transport.abortConnection()
        notice_death(self.transport)

    def dataReceived(self, data: bytes) -> None:
        if self.timeOut is not None:  # else this waits until the request before it is answered
            self._arrived += len(data)
            self._began = self._began or time.monotonic()
            allowed = REQUEST_SECONDS + self._arrived / BYTES_A_SECOND
            self.setTimeout(max(0.001, self._began + allowed - time.monotonic()))
        LineReceiver.dataReceived(self, data)

    def headerReceived(self, line: bytes) -> bool:
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # of a length; int() reads no number of more than 4,300 digits
            self._respondToBadRequestAndDisconnect()
            return False

    def requestDone(self, request: http.Request) -> None:
        self._began = self._arrived = 0
        self._savedTimeOut = IDLE_SECONDS
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        if self._arrived:
            self.refuse("408 Request Timeout", "The request came too slowly.")
        else:
            super().timeoutConnection()

    def lineLengthExceeded(self, _line: bytes) -> None:
        self.refuse("431 Request Header Fields Too Large", "The head of the request is too long.")

    def _respondToBadRequestAndDisconnect(self) -> None:  # private to Twisted
        self.refuse("400 Bad Request", "This is not a request that can be understood.")

    def refuse(self, status: str, sentence: str) -> None:
        """Answers in Django's place, keeps nothing of what still comes, and hangs up."""
        if self.is_refused:
            return
        self.is_refused = True
        notes.write("%s refused, %s: %s", self._peer(), status, sentence)
        self.setTimeout(None)
        self.dataReceived = _ignore  # type: ignore[method-assign, assignment]
        self.clearLineBuffer()
        body = f"{sentence}\n"
        self.transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        self.transport.unregisterProducer()
        self.transport.resumeProducing()
        self.transport.loseWriteConnection()
        self._end_within(LINGER_SECONDS)

    async def drain(self) -> None:
        """Returns when what was written has gone out; cuts the connection when nothing does."""
        if self._full is None:
            return
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._full.wait()
        except TimeoutError:
            notes.write("%s cut: it takes nothing of what is written to it", self._peer())
            self.transport.abortConnection()

    def pauseProducing(self) -> None:
        self._full = self._full or asyncio.Event()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self._take_up()
        super().resumeProducing()

    def loseConnection(self) -> None:
        super().loseConnection()
        self._end_within(STALL_SECONDS)

    def connectionLost(self, reason: Any = connectionDone) -> None:
        self._take_up()
        if self._end is not None and self._end.active():
            self._end.cancel()
        super().connectionLost(reason)

    def _take_up(self) -> None:
        if self._full is not None:
            self._full.set()
            self._full = None

    def _end_within(self, seconds: float) -> None:
        if self._end is None:
            self._end = self.callLater(seconds, self.transport.abortConnection)

    def _peer(self) -> str:
        peer = self.transport.getPeer()
        return f"{getattr(peer, 'host', peer)}"


class Request(WebRequest):
    """One request: it has one of each header that counts, and a body that is not too long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False  # private to Twisted: Django parses the forms
        self._taken = 0

    def gotLength(self, length: int | None) -> None:
        if not self._is_too_long(length or 0):
            super().gotLength(length)

    def handleContentChunk(self, data: bytes) -> None:
        self._taken += len(data)
        if not self._is_too_long(self._taken):
            super().handleContentChunk(data)

    def requestReceived(self, *args: Any) -> None:
        if not self.channel.is_refused:
            super().requestReceived(*args)

    def process(self) -> Any:
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # ours is the host's root, always
        if flaw := self._flaw():
            self.channel.refuse("400 Bad Request", flaw)
            return None
        return super().process()

    async def drain(self) -> None:
        if (channel := getattr(self, "channel", None)) is not None:
            await channel.drain()

    def _is_too_long(self, length: int) -> bool:
        if length > settings.MAX_BODY_BYTES:
            self.channel.refuse("413 Content Too Large", "That is too much for one request.")
        return bool(self.channel.is_refused)

    def _flaw(self) -> str:
        for name in SINGLE:
            if len(self.requestHeaders.getRawHeaders(name, [])) > 1:
                return f"There is more than one {name.decode()} header."
        offered = self.requestHeaders.getRawHeaders(b"Sec-WebSocket-Protocol", [b""])
        return "" if offered[0].isascii() else "A subprotocol is written in ASCII."


class Factory(HTTPFactory):
    """Makes the bounded ones where daphne would make its own."""

    protocol = Channel  # Twisted's own is a wrapper that can change over to HTTP/2, under TLS

    def buildProtocol(self, addr: Any) -> Channel:
        channel: Channel = super().buildProtocol(addr)
        channel.requestFactory = Request
        channel.timeOut = IDLE_SECONDS
        return channel


def allow_many() -> None:
    """Each page is an open file; systems allow 1,024 by default and far more when asked."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leaves_no_file(transport: Any) -> bool:
    """Whether this connection takes one of the files that the server keeps for itself.

    The system gives each the lowest number that is free.
    """
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number: int = transport.getHandle().fileno()
    return limit != resource.RLIM_INFINITY and number >= max(limit - KEPT_FILES, limit // 2)


def notice_death(transport: Any) -> None:
    """Has TCP itself end a connection whose other side is gone, where the system can.

    Nothing to send: asked for signs of life after 20 s. Something sent: given STALL_SECONDS.
    """
    with contextlib.suppress(AttributeError, OSError):
        handle: socket.socket = transport.getHandle()
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_SECONDS * 1000)


def _ignore(_data: bytes) -> None:
    pass
