"""What one socket may take of this server: daphne's WebSocket, bounded in both directions.

Who does not read is cut and comes back, and the page then gets the newest; who writes faster
than it is answered is heard more slowly.
"""

import logging
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from chat.console import Notes

# A page that lags by seconds has some 10 kB waiting, one that was asleep is dead to the pings
# after 35 s. A longest catch-up of 500 messages is some 500 kB at once.
MAX_UNREAD_BYTES = 1024 * 1024
MAX_AHEAD_BYTES = 64 * 1024
LEAST_BYTES = 1024  # what even an empty frame costs while it waits
LOOK_AGAIN_SECONDS = 0.05

reactor: Any = _reactor
notes = Notes(logging.getLogger(__name__))


@implementer(IPushProducer)
class Bound:
    """Twisted tells who produces when too much waits to be written: the socket is cut then."""

    def __init__(self, socket: "Socket") -> None:
        self.socket = socket

    def pauseProducing(self) -> None:
        notes.write("A socket is cut: it does not read what is written to it")
        self.socket.transport.abortConnection()

    def resumeProducing(self) -> None:
        """Nothing to do: who was told to pause is gone."""

    def stopProducing(self) -> None:
        """Nothing to do: the socket hears by itself that it is closed."""


class Socket(WebSocketProtocol):
    """One open socket."""

    is_held = False

    def onOpen(self) -> None:
        transport = self.transport
        transport.unregisterProducer()  # the HTTP connection that this has been
        transport.bufferSize = MAX_UNREAD_BYTES
        transport.registerProducer(Bound(self), True)
        super().onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        ahead = 1 + MAX_AHEAD_BYTES // max(len(payload), LEAST_BYTES)
        if not self.is_held and self.application_queue.qsize() > ahead:
            self.is_held = True
            self.transport.pauseProducing()
            self._look_again()

    def _look_again(self) -> None:
        if self.application_queue.qsize() > 1:
            reactor.callLater(LOOK_AGAIN_SECONDS, self._look_again)
        else:
            self.is_held = False
            self.transport.resumeProducing()
