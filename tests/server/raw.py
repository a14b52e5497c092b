"""Bytes to a server as no browser would send them, and what comes back for them.

A frame is what RFC 6455 calls one, with any of its parts wrong.
"""

import contextlib
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

DEADLINE_SECONDS = 20
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455
MASK = b"\x12\x34\x56\x78"
NO_STATUS = 0
SWITCHING = 101


class NotOpened(Exception):
    """The server opens no socket, and answers with this status instead."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a server said to one request; `status` is NO_STATUS when it just hung up."""

    status: int
    head: bytes
    body: bytes


def ask(
    port: int, request: bytes, *, then_close: bool = False, seconds: float = DEADLINE_SECONDS
) -> Answer:
    """Sends the bytes and reads until the server hangs up, or has said all that it announced.

    Raises TimeoutError when it says nothing for so many seconds.
    """
    with _connected(port) as line:
        line.settimeout(seconds)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            line.sendall(request)
        if then_close:
            line.shutdown(socket.SHUT_WR)
        return _answer(line)


def request(
    path: str | bytes = "/login/",
    *,
    method: str = "GET",
    headers: tuple[tuple[str | bytes, str | bytes], ...] = (),
    body: bytes | None = None,
    host: str = "127.0.0.1",
) -> bytes:
    """The bytes of a request, after which the server is to hang up. Nothing in it is checked."""
    length = () if body is None else (("Content-Length", str(len(body))),)
    named = {_bytes(name).lower() for name, _value in headers}
    usual = (("Host", host), ("Connection", "close"), *length)
    sent = [*(pair for pair in usual if pair[0].lower().encode() not in named), *headers]
    lines = [b"%s: %s\r\n" % (_bytes(name), _bytes(value)) for name, value in sent]
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (
        method.encode(),
        _bytes(path),
        b"".join(lines),
        body or b"",
    )


def upgrade(
    path: str = "/ws/chat/general/",
    *,
    headers: tuple[tuple[str | bytes, str | bytes], ...] = (),
    host: str = "127.0.0.1",
) -> bytes:
    """The request that opens a socket; `headers` stand in for the usual ones of their name."""
    named = {_bytes(name).lower() for name, _value in headers}
    usual = (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    )
    kept = tuple(pair for pair in usual if pair[0].lower().encode() not in named)
    return request(path, headers=(*kept, *headers), host=host)


def frame(
    payload: bytes = b"",
    *,
    opcode: int = TEXT,
    is_last: bool = True,
    is_masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """One frame; `length` is what it claims to hold."""
    claimed = len(payload) if length is None else length
    head = bytes([(is_last << 7) | (reserved << 4) | opcode])
    mask_bit = is_masked << 7
    if claimed < 126:
        head += bytes([mask_bit | claimed])
    elif claimed < 1 << 16:
        head += struct.pack("!BH", mask_bit | 126, claimed)
    else:
        head += struct.pack("!BQ", mask_bit | 127, claimed)
    return head + (MASK + _masked(payload) if is_masked else payload)


@dataclass
class Wire:
    """An open socket, in frames."""

    line: socket.socket
    unread: bytes = b""

    def send(self, *data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.line.sendall(b"".join(data))

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Opcode and payload of each frame, until the server hangs up."""
        while (head := self._take(2)) is not None:
            length = head[1] & 0x7F
            if length >= 126:
                longer = self._take(2 if length == 126 else 8)
                length = int.from_bytes(longer or b"", "big")
            payload = self._take(length)
            if payload is None:
                return
            yield head[0] & 0x0F, payload

    def hear(self, text: str) -> str:
        """The first text frame from here on that holds this."""
        last = (0, b"")
        for last in self.frames():
            if last[0] == TEXT and text in last[1].decode():
                return last[1].decode()
        raise AssertionError(f"The server hung up before it said {text!r}; its last was {last}")

    def ending(self) -> int | None:
        """The code with which the server closes; None when it hangs up without a word."""
        for opcode, payload in self.frames():
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")
        return None

    def _take(self, count: int) -> bytes | None:
        while len(self.unread) < count:
            more = _received(self.line)
            if not more:
                return None
            self.unread += more
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken


@contextlib.contextmanager
def opened(port: int, request: bytes) -> Iterator[Wire]:
    """The socket that this request opens. Raises NotOpened when the server refuses it."""
    with _connected(port) as line:
        line.sendall(request)
        answer = _answer(line)
        if answer.status != SWITCHING:
            raise NotOpened(answer.status)
        yield Wire(line, answer.body)


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)


def _answer(line: socket.socket) -> Answer:
    heard = b""
    while not _is_whole(heard) and (more := _received(line)):
        heard += more
    status = re.match(rb"HTTP/1\.[01] (\d{3}) ", heard)
    head, _blank, body = heard.partition(b"\r\n\r\n")
    return Answer(int(status[1]) if status else NO_STATUS, head, body)


def _is_whole(heard: bytes) -> bool:
    head, blank, body = heard.partition(b"\r\n\r\n")
    if blank and head.startswith(b"HTTP/1.1 %d " % SWITCHING):
        return True
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return body.endswith(b"0\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(blank and length and len(body) >= int(length[1]))


def _received(line: socket.socket) -> bytes:
    # A server that hangs up on what it has not read resets the line: that is hanging up, too.
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def _masked(payload: bytes) -> bytes:
    times, rest = divmod(len(payload), 4)
    mask = MASK * times + MASK[:rest]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(
        len(payload), "big"
    )


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
