"""What one socket may take of this server: daphne's WebSocket, bounded in both directions.

Who does not read is cut and comes back, and the page then gets the newest; who writes faster
than it is answered is heard more slowly.
"""

import asyncio
import logging
from typing import Any, Self

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from chat.console import Notes

# Who is brought up to date gets the next piece when less than the first of these waits for them:
# what they missed may be longer than what anybody may leave unread. A live page that lags by
# seconds has some 10 kB waiting, one that was asleep is dead to the pings after 35 s.
FULL_BYTES = 64 * 1024
MAX_UNREAD_BYTES = 1024 * 1024
MAX_AHEAD_BYTES = 64 * 1024
LEAST_BYTES = 1024  # what even an empty frame costs while it waits
LOOK_AGAIN_SECONDS = 0.05

reactor: Any = _reactor
notes = Notes(logging.getLogger(__name__))


@implementer(IPushProducer)
class Bound:
    """Twisted tells it, at each write, that more waits than its `bufferSize`, and when all is out.

    So the size is raised at the first bound, and the socket is cut at the second.
    """

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.full: asyncio.Event | None = None
        transport.bufferSize = FULL_BYTES

    def pauseProducing(self) -> None:
        if self.full is None:
            self.full = asyncio.Event()
            self.transport.bufferSize = MAX_UNREAD_BYTES
        else:
            notes.write("A socket is cut: it does not read what is written to it")
            self.transport.abortConnection()

    def resumeProducing(self) -> None:
        if self.full is not None:
            self.full.set()
        self.full = None
        self.transport.bufferSize = FULL_BYTES

    def stopProducing(self) -> None:
        """The connection is gone: nobody needs to wait for it."""
        self.resumeProducing()


class Socket(WebSocketProtocol):
    """One open socket."""

    is_held = False
    bound: Bound | None = None

    @classmethod
    def with_options(cls, factory: Any) -> type[Self]:
        """This class with the factory's options as its own: autobahn copies them, 29 of them, to
        each connection, and writes them down for a log that nobody keeps."""
        options = {name: getattr(factory, name) for name in cls.CONFIG_ATTRS}
        # One of them is a function, which is not to become a method.
        own = {key: staticmethod(it) if callable(it) else it for key, it in options.items()}
        return type(cls.__name__, (cls,), own | {"CONFIG_ATTRS": ()})

    def onOpen(self) -> None:
        self.transport.unregisterProducer()  # the HTTP connection that this has been
        self.bound = Bound(self.transport)
        self.transport.registerProducer(self.bound, True)
        super().onOpen()
        self._forget_the_handshake()

    def _forget_the_handshake(self) -> None:
        """What autobahn and daphne keep of it as long as the socket lives, and never read again:
        some 4 KB, as much as the rest of the two together. The scope's headers are among it."""
        self.clean_headers.clear()
        self.http_headers.clear()
        self.http_request_data = self.http_response_data = b""
        self.application_deferred = None
        self.send_queue = ()  # for what is sent in pieces, which nobody does here

    async def drain(self) -> None:
        """Returns when there is room for more. Who never makes any is dead to the pings."""
        if self.bound is not None and self.bound.full is not None:
            await self.bound.full.wait()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state != self.STATE_OPEN:
            return  # closed by us: nobody takes anything from the queue any more
        super().onMessage(payload, isBinary)
        ahead = 1 + MAX_AHEAD_BYTES // max(len(payload), LEAST_BYTES)
        if not self.is_held and self.application_queue.qsize() > ahead:
            self.is_held = True
            self.transport.pauseProducing()
            self._look_again()

    def _look_again(self) -> None:
        if self.state == self.STATE_OPEN and self.application_queue.qsize() > 1:
            reactor.callLater(LOOK_AGAIN_SECONDS, self._look_again)
        else:
            self.is_held = False
            self.transport.resumeProducing()
