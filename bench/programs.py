"""Natterjack's room to programs: JSON over a socket, for who reads along and for who posts."""

import json
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter

from bench import texts
from bench.errors import Invalid
from bench.ledger import Ledger
from bench.loop import Loop
from bench.product import SLUG
from bench.sockets import Socket

PROTOCOL = "chat.v1.json"
_BODY = re.compile(rb'"body":"bench-(\d+)-')


class Program:
    """A program that follows the room in JSON. With `on_ack` it posts too, and is told of each."""

    def __init__(
        self,
        loop: Loop,
        port: int,
        session: str,
        ledger: Ledger,
        on_ready: Callable[[], None],
        on_ack: Callable[[int], None] = lambda _number: None,
    ) -> None:
        self._ledger, self._on_ready, self._on_ack = ledger, on_ready, on_ack
        self._seen: set[int] = set()
        self._run = secrets.token_urlsafe(6)
        self._socket = Socket(
            loop,
            port,
            f"/ws/chat/{SLUG}/",
            session=session,
            protocol=PROTOCOL,
            on_open=lambda: self._socket.send('{"type":"resume"}'),
            on_text=self._take,
        )

    def write(self, number: int) -> None:
        self._socket.send(_post_frame(self._run, number))

    def close(self) -> None:
        self._socket.close()

    def _take(self, text: bytes) -> None:
        match _kind(text):
            case b"message.posted":
                self._ledger.arrived(self._seen, _said(text), perf_counter())
            case b"ack":
                self._on_ack(_acknowledged(text))
            case b"resumed":
                self._on_ready()
            case b"error" | b"reset":
                raise Invalid(f"the server answered {text.decode()}")


class Bot:
    """A program that posts into the room over its socket, with a token that is for that alone: it
    reads nothing but the answers. `unacknowledged` are not known to be stored."""

    def __init__(
        self, loop: Loop, port: int, token: str, on_ack: Callable[["Bot"], None] = lambda _bot: None
    ) -> None:
        self._on_ack = on_ack
        self._run = secrets.token_urlsafe(6)
        self.is_open = False
        self.unacknowledged: set[int] = set()
        self._socket = Socket(
            loop,
            port,
            f"/ws/chat/{SLUG}/",
            token=token,
            protocol=PROTOCOL,
            on_open=lambda: None,
            on_text=self._take,
        )

    def write(self, number: int) -> None:
        self.unacknowledged.add(number)
        self._socket.send(_post_frame(self._run, number))

    def close(self) -> None:
        self._socket.close()

    def _take(self, text: bytes) -> None:
        match _kind(text):
            case b"hello":
                self.is_open = True
            case b"ack":
                number = _acknowledged(text)
                if number not in self.unacknowledged:
                    raise Invalid(f"post {number} was acknowledged twice, or was never sent")
                self.unacknowledged.remove(number)
                self._on_ack(self)
            case _:
                raise Invalid(f"the server answered {text.decode()}")


@lru_cache(maxsize=512)
def _said(frame: bytes) -> tuple[int, ...]:
    """The message in a frame. Raises Invalid for one that nobody sent."""
    said = _BODY.search(frame)
    if said is None:
        raise Invalid("a frame holds a message that nobody sent")
    return (int(said[1]),)


def _kind(frame: bytes) -> bytes:
    return frame[9 : frame.index(b'"', 9)]


def _post_frame(run: str, number: int) -> str:
    """Nonces are for ever, and the numbers of messages begin anew in each run of a socket."""
    return json.dumps({"type": "post", "body": texts.text(number), "nonce": f"{run}-{number:08}"})


def _acknowledged(frame: bytes) -> int:
    return int(json.loads(frame)["nonce"].rpartition("-")[2])
