"""The never-ending page of a room, as bytes: what a browser without JavaScript is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from soak.lines import TIMEOUT_SECONDS, Unknown, connected, read_head


class Ended(Exception):
    """The server ended the page in order."""


class Stream:
    """An open one. `hear` raises Ended when it is over and Unknown when it is lost."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def hear(self) -> str:
        """The next piece."""
        try:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            piece = (await self._reader.readexactly(size + 2))[:-2]
        except (OSError, EOFError) as error:
            raise Unknown(repr(error)) from None
        if not size:
            raise Ended
        return piece.decode()


@asynccontextmanager
async def streamed(url: str, path: str, session: str) -> AsyncIterator[Stream]:
    """Raises Unknown when it can't be opened; dropped afterwards without a word."""
    reader, writer = await connected(url)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
            f"Cookie: sessionid={session}\r\n\r\n".encode()
        )
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status, _headers = await read_head(reader)
        if status != 200:
            raise Unknown(f"the stream was answered with {status}")
        yield Stream(reader)
    except TimeoutError as error:
        raise Unknown(repr(error)) from None
    finally:
        writer.transport.abort()
