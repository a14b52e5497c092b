"""HTTP/1.1 over a kept connection, as bytes: cheap, and honest about what it can't know."""

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10.0


class Unknown(Exception):
    """No whole answer came: what was asked for may have happened or not."""


class Unreachable(Unknown):
    """Nobody took the connection: what was asked for has not even been sent."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        is_gzip = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_gzip else self.body).decode()


class Line:
    """One browser's connection to one server; opened when it is needed, again after a failure."""

    def __init__(self, url: str, session: str) -> None:
        self.url = url
        self._session = session
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        return await self._ask(f"GET {path}", b"")

    async def post(
        self, path: str, fields: Mapping[str, str], *, is_htmx: bool = False, **headers: str
    ) -> Answer:
        """Sends a form, as a page without scripts does or as htmx."""
        more = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.url} | headers
        if is_htmx:
            more |= {"HX-Request": "true", "HX-Target": "box-1"}
        return await self._ask(f"POST {path}", urlencode(fields).encode(), more)

    async def _ask(
        self, line: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Raises Unknown when the whole answer did not come, for whatever reason."""
        names = {
            "Host": urlsplit(self.url).netloc,
            "Cookie": f"sessionid={self._session}",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._exchange(f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            raise Unknown(repr(error)) from None
        except BaseException:
            self.close()
            raise

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await connected(self.url)
        reader, writer = self._streams
        writer.write(request)
        return await _answer(reader)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises Unreachable when nobody listens there."""
    place = urlsplit(url)
    assert place.hostname is not None
    try:
        return await asyncio.open_connection(place.hostname, place.port, limit=1 << 20)
    except OSError as error:
        raise Unreachable(repr(error)) from None


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """The status and the headers, their names in small letters."""
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in rest if line)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in fields}


async def _answer(reader: asyncio.StreamReader) -> Answer:
    status, headers = await read_head(reader)
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, await _chunks(reader))
    return Answer(status, headers, await reader.readexactly(int(headers["content-length"])))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
