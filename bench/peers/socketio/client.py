"""Socket.IO's page as a load sees it: Engine.IO 4 over a WebSocket from the beginning.

https://socket.io/docs/v4/engine-io-protocol/ and https://socket.io/docs/v4/socket-io-protocol/
"""

import json

from bench.errors import Invalid
from bench.peers import page

_OPEN, _PING, _PONG = b"0", b"2", "3"
_CONNECT, _EVENT = "40", "42"


class Page(page.Page):
    path = "/socket.io/?EIO=4&transport=websocket"

    def greet(self) -> None:
        """Both protocols have a greeting of their own."""

    def worded(self, text: str) -> str:
        return _EVENT + json.dumps(["chat message", text])

    def take(self, frame: bytes) -> None:
        if frame.startswith(_EVENT.encode()):
            super().take(frame)
        elif frame == _PING:
            self.send(_PONG)
        elif frame.startswith(_OPEN):
            self.send(_CONNECT)
        elif frame.startswith(_CONNECT.encode()):
            self.on_ready()
        else:
            raise Invalid(f"Socket.IO said {frame[:80]!r}")
