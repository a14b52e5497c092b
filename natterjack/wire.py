"""One WebSocket to the site: opened, greeted, read as JSON, and closed for a reason."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from natterjack import __version__
from natterjack.addresses import socket_address
from natterjack.credentials import Credentials
from natterjack.errors import Lost, Refused
from natterjack.harmless import harmless_line

Frame = dict[str, Any]

PROTOCOL = Subprotocol("chat.v1.json")
OPEN_TIMEOUT_SECONDS = 15
HELLO_TIMEOUT_SECONDS = 20
# Ending must not wait for a site that has stopped answering.
CLOSE_TIMEOUT_SECONDS = 0.4
# A line on which nothing comes back for this long is lost.
PING_SECONDS = 15
# The server's frames end at 128 KiB; a site may have been built otherwise.
MAX_FRAME_BYTES = 4 * 2**20
MAX_DETAIL_CHARACTERS = 300

# After these it would be refused again. docs/protocol.md, "Close codes".
_FINAL = {
    4400: "The site did not understand this program; one of the two may be too old for the other.",
    4401: "The site does not accept this token (any more): `natterjack login`.",
    4403: "You are no longer in {room}.",
    4404: "There is no room {room} for you.",
    4429: "The site has had too much of you at once; wait a little before you try again.",
}


class Wire:
    """An open socket. Made by `opened`; its frames are read by one reader alone."""

    def __init__(self, connection: ClientConnection, hello: Frame, room: str | None) -> None:
        self.hello = hello
        self._connection = connection
        self._room = room

    @property
    def epoch(self) -> str:
        return str(self.hello.get("epoch", ""))

    @property
    def head(self) -> int | None:
        """Where the room's log ended when the socket was accepted; None where we may not read."""
        listed = [each for each in self.hello.get("rooms", ()) if each.get("room") == self._room]
        return int(listed[0]["seq"]) if listed else None

    async def send(self, frame: Frame) -> None:
        try:
            await self._connection.send(json.dumps(frame))
        except ConnectionClosed:
            raise _ending(self._connection, self._room) from None

    async def frames(self) -> AsyncIterator[Frame]:
        """Until it ends, which raises Lost or Refused; what is no JSON object is passed over."""
        while True:
            yield await _receive(self._connection, self._room)


@contextlib.asynccontextmanager
async def opened(credentials: Credentials, room: str | None = None) -> AsyncIterator[Wire]:
    """A socket that has been greeted; raises Lost or Refused where there is none to be had."""
    connection = await _connect(credentials, room)
    try:
        yield Wire(connection, await _greeting(connection, room), room)
    finally:
        await connection.close()


async def _connect(credentials: Credentials, room: str | None) -> ClientConnection:
    try:
        return await connect(
            socket_address(credentials.site, room),
            additional_headers=credentials.headers,
            subprotocols=[PROTOCOL],
            user_agent_header=f"natterjack/{__version__}",
            open_timeout=OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            max_size=MAX_FRAME_BYTES,
            # Chat is short, and compressing it opens a side channel.
            compression=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        sentence = f"{credentials.site} answers with {status} where the chat should be."
        raise (Lost if status >= 500 or status == 429 else Refused)(sentence) from None
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message
        raise Refused(f"{credentials.site} is not who it says it is: {why}.") from None
    except (OSError, TimeoutError, EOFError, InvalidHandshake, ConnectionClosed) as error:
        raise Lost(f"{credentials.site} can't be reached: {_reason(error)}.") from None


async def _greeting(connection: ClientConnection, room: str | None) -> Frame:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT_SECONDS):
            while (frame := await _receive(connection, room)).get("type") != "hello":
                pass
    except TimeoutError:
        raise Lost("The site does not say hello.") from None
    return frame


async def _receive(connection: ClientConnection, room: str | None) -> Frame:
    while True:
        try:
            content = await connection.recv()
        except ConnectionClosed:
            raise _ending(connection, room) from None
        with contextlib.suppress(ValueError, RecursionError):
            frame = json.loads(content)
            if isinstance(frame, dict):
                return frame


def _ending(connection: ClientConnection, room: str | None) -> Exception:
    sentence = _FINAL.get(connection.close_code or 0)
    if sentence is None:
        return Lost("The connection was lost.")
    return Refused(sentence.format(room=harmless_line(room or "the chat")))


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, socket.gaierror):
        return "there is no such name"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return harmless_line(error.strerror)[:MAX_DETAIL_CHARACTERS]
    return "it does not answer as a chat does"
