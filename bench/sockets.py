"""A WebSocket client that reads nothing but the headers of frames (RFC 6455, section 5.2)."""

from collections.abc import Callable

from bench.errors import Invalid
from bench.loop import Loop, connect, receive, send

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FINAL = 0x80
# Clients have to mask. A key of zeros is a valid one, and leaves the text as it is.
_MASKED, _KEY = 0x80, b"\0\0\0\0"
# After these codes, and where there was none, htmx's extension comes back.
_RETURN_AFTER = {1011, 1012, 1013}


def _never() -> None:
    raise Invalid("the server dropped a socket")


class Socket:
    """One WebSocket: `on_open` when it has been accepted, `on_text` for each whole message, and
    `on_lost` when the server has dropped it, or had no room for it."""

    def __init__(
        self,
        loop: Loop,
        port: int,
        path: str,
        *,
        session: str = "",
        token: str = "",
        protocol: str = "",
        on_open: Callable[[], None],
        on_text: Callable[[bytes], None],
        on_lost: Callable[[], None] = _never,
    ) -> None:
        self._loop, self._on_open, self._on_text, self._on_lost = loop, on_open, on_text, on_lost
        self._connection = connect(port)
        self._rest = b""
        self._is_open = self._is_leaving = False
        loop.add(self._connection, self._read)
        who = f"Cookie: sessionid={session}\r\n" if session else ""
        who = f"Authorization: Bearer {token}\r\n" if token else who
        spoken = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        host = f"127.0.0.1:{port}"
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n{who}{spoken}"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        send(self._connection, head.encode())

    def send(self, text: str) -> None:
        self._write(_TEXT, text.encode())

    def close(self) -> None:
        """Says goodbye; what still comes is not read."""
        if not self._is_leaving:
            self._write(_CLOSE, b"\x03\xe8")
            self.cut()

    def cut(self) -> None:
        """Ends without a word."""
        self._is_leaving = True
        self._loop.remove(self._connection)
        self._connection.close()

    def _lose(self) -> None:
        self.cut()
        self._on_lost()

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            size = bytes([_MASKED | length])
        else:
            size = bytes([_MASKED | 126]) + length.to_bytes(2, "big")
        send(self._connection, bytes([_FINAL | opcode]) + size + _KEY + payload)

    def _read(self) -> None:
        data = receive(self._connection)
        if not data:
            self._lose()
            return
        if self._rest:
            data = self._rest + data
        if not self._is_open:
            data = self._accepted(data)
        self._rest = self._frames(data) if self._is_open else data

    def _accepted(self, data: bytes) -> bytes:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            return data
        if not head.startswith(b"HTTP/1.1 101"):
            raise Invalid(f"a socket was refused: {head[:40]!r}")
        self._is_open = True
        self._on_open()
        return rest

    def _frames(self, data: bytes) -> bytes:
        """Takes the whole frames; returns the begun one behind them."""
        place, end = 0, len(data)
        while end - place >= 2 and not self._is_leaving:
            length, start = data[place + 1], place + 2
            if length == 126:
                start = place + 4
                length = int.from_bytes(data[place + 2 : start], "big")
            elif length == 127:
                start = place + 10
                length = int.from_bytes(data[place + 2 : start], "big")
            if end < start + length:
                break
            if data[place] == _FINAL | _TEXT:
                self._on_text(data[start : start + length])
            else:
                self._control(data[place], data[start : start + length])
            place = start + length
        return data[place:] if place else data

    def _control(self, first: int, payload: bytes) -> None:
        if first == _FINAL | _PING:
            self._write(_PONG, payload)
        elif first == _FINAL | _CLOSE:
            code = int.from_bytes(payload[:2], "big")
            if code not in _RETURN_AFTER:
                raise Invalid(f"the server closed a socket with {code}")
            self._lose()
        elif first != _FINAL | _PONG:
            raise Invalid(f"a frame of an unexpected kind: {first:#x}")
