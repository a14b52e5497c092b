"""A WebSocket as bytes (RFC 6455): a thousand of them cost little beside the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from soak.lines import TIMEOUT_SECONDS, Unknown, connected, read_head

_TEXT, _CLOSE, _PING = 1, 8, 9
_FINAL = 0x80
# Clients have to mask. A key of zeros is a valid one, and leaves the text as it is.
_MASKED, _KEY = 0x80, b"\0\0\0\0"
_NO_STATUS = 1005


class Closed(Exception):
    """The server closed it in order, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket:
    """An open one. `hear` raises Unknown when it is lost and Closed when it is closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, text: str) -> None:
        self._write(_TEXT, text.encode())

    def go_deaf(self) -> None:
        """From here on nothing is taken off the wire."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def hear(self) -> str:
        """The next text; what is torn off in the middle was never heard."""
        try:
            while True:
                opcode, payload = await self._frame()
                if opcode == _TEXT:
                    return payload.decode()
                if opcode == _CLOSE:
                    raise Closed(int.from_bytes(payload[:2], "big") or _NO_STATUS)
                if opcode == _PING:
                    self._write(_PING + 1, payload)
        except (OSError, EOFError) as error:
            raise Unknown(repr(error)) from None

    async def _frame(self) -> tuple[int, bytes]:
        first, length = await self._reader.readexactly(2)
        assert first & _FINAL, "the server sends whole messages"
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(await self._reader.readexactly(size), "big")
        return first & 0x0F, await self._reader.readexactly(length)

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        size = bytes([_MASKED | min(length, 126)])
        if length >= 126:
            size += length.to_bytes(2, "big")
        self._writer.write(bytes([_FINAL | opcode]) + size + _KEY + payload)


@asynccontextmanager
async def opened(
    url: str, path: str, session: str = "", *, token: str = ""
) -> AsyncIterator[Socket]:
    """A page's with a session, a program's with a token; dropped afterwards without a word.

    Raises Unknown when it can't be opened.
    """
    identity = f"Authorization: Bearer {token}" if token else f"Cookie: sessionid={session}"
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await connected(url)
    except (OSError, EOFError) as error:
        raise Unknown(repr(error)) from None
    try:
        await _shake_hands(reader, writer, url, path, identity)
        yield Socket(reader, writer)
    finally:
        writer.transport.abort()


async def _shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str, path: str, identity: str
) -> None:
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nOrigin: {url}\r\n"
        f"{identity}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status, _headers = await read_head(reader)
    except (OSError, EOFError) as error:
        raise Unknown(repr(error)) from None
    if status != 101:
        raise Unknown(f"the handshake was answered with {status}")
