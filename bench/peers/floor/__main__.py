"""`PORT=… python -m bench.peers.floor`"""

import asyncio
import base64
import hashlib
import os
from contextlib import suppress

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE = 0x81, 0x88

sockets: set[asyncio.Transport] = set()


class Connection(asyncio.Protocol):
    """Answers a plain request with 200; takes an upgraded one among the sockets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._received = transport, b""

    def connection_lost(self, error: Exception | None) -> None:
        sockets.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._transport not in sockets:
            self._answer()
        while frame := self._frame():
            if frame[0] == _CLOSE:
                self._transport.close()
            elif frame[0] == _TEXT:
                for transport in sockets:
                    transport.write(frame)

    def _answer(self) -> None:
        head, found, self._received = self._received.partition(b"\r\n\r\n")
        if not found:
            self._received = head
        elif key := _header(head, b"sec-websocket-key"):
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            sockets.add(self._transport)
        else:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()

    def _frame(self) -> bytes:
        """The next whole frame as all get it, or nothing yet. It comes masked, below 64 KiB."""
        data = self._received
        if self._transport not in sockets or len(data) < 6:
            return b""
        length, start = data[1] & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(data[2:4], "big"), 4
        end = start + 4 + length
        if len(data) < end:
            return b""
        self._received = data[end:]
        key, masked = data[start : start + 4], data[start + 4 : end]
        repeated = (key * (length // 4 + 1))[:length]
        payload = int.from_bytes(masked, "big") ^ int.from_bytes(repeated, "big")
        size = bytes([length]) if start == 2 else b"\x7e" + length.to_bytes(2, "big")
        return data[:1] + size + payload.to_bytes(length, "big")


def _header(head: bytes, name: bytes) -> bytes:
    """A header's value, or nothing."""
    for line in head.split(b"\r\n"):
        found, _, value = line.partition(b":")
        if found.lower() == name:
            return value.strip()
    return b""


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(os.environ["PORT"]), backlog=128)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
