"""Natterjack's room as a load sees it: its page with the socket, and its form."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

from bench import texts
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.ledger import Ledger
from bench.loop import Loop
from bench.sockets import Socket

SLUG = "general"
POST_PATH = f"/rooms/{SLUG}/messages/"
THROTTLE_SECONDS, DELAY_SECONDS = 5.0, 2.0
_MESSAGE = re.compile(rb'id="message-\d+"')
_SEQ = re.compile(rb'name="seq" value="(\d+)"')


@dataclass(frozen=True)
class Place:
    """Where a page of the room stands: its cursor, and the token for its forms."""

    after: str
    epoch: str
    token: str


def open_room(loop: Loop, port: int, session: str) -> Place:
    """Gets the room's page as a browser does, and reads what its socket needs."""
    client = Client(loop, port, session)
    answer = client.get(f"/rooms/{SLUG}/")
    client.close()
    if answer.status != 200:
        raise Invalid(f"the room's page answered {answer.status}")
    return Place(*(_value(answer.text, name) for name in ("after", "epoch", "csrfmiddlewaretoken")))


def _value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    if found is None:
        raise Invalid(f"the room's page has no field {name}")
    return found[1]


class Page:
    """A room's page of one person, as htmx and our templates make it behave.

    It sends `resume` when its socket opens, and `read` when the list's end is renewed: at once
    but at most every 5 s, and once more 2 s after the last time.
    """

    def __init__(
        self,
        loop: Loop,
        port: int,
        session: str,
        place: Place,
        ledger: Ledger,
        on_ready: Callable[[], None],
    ) -> None:
        self._loop, self._ledger, self._on_ready = loop, ledger, on_ready
        self._port, self._session = port, session
        self._place, self._seq = place, place.after
        self._seen: set[int] = set()
        self._is_ready = self._is_closed = self._is_waiting = False
        self._next_read_at = self._quiet_at = 0.0
        self._connect()

    def close(self) -> None:
        self._is_closed = True
        self._socket.close()

    def _connect(self) -> None:
        self._socket = Socket(
            self._loop,
            self._port,
            f"/ws/chat/{SLUG}/?resume=1",
            session=self._session,
            on_open=self._opened,
            on_text=self._take,
            on_lost=self._lost,
        )

    def _opened(self) -> None:
        self._send("resume")

    def _lost(self) -> None:
        raise Invalid("the server dropped a socket")

    def _send(self, kind: str) -> None:
        frame = {
            "type": kind,
            "after": self._seq,
            "seq": self._seq,
            "epoch": self._place.epoch,
            "HEADERS": {"HX-Request": "true", "HX-Current-URL": f"/rooms/{SLUG}/"},
        }
        self._socket.send(json.dumps(frame))

    def _take(self, text: bytes) -> None:
        numbers, seq = _read(text)
        if not self._is_ready:  # the first frame answers the resume: from here on it is live
            self._is_ready = True
            self._on_ready()
        if numbers or seq:  # messages without a cursor would be wrong, and are counted all the same
            now = perf_counter()
            self._seq = seq or self._seq
            self._ledger.arrived(self._seen, numbers, now)
            self._see(now)

    def _see(self, now: float) -> None:
        self._quiet_at = now + DELAY_SECONDS
        if not self._is_waiting:
            self._is_waiting = True
            self._loop.at(self._quiet_at, self._read_when_quiet)
        if now >= self._next_read_at:
            self._next_read_at = now + THROTTLE_SECONDS
            self._send("read")

    def _read_when_quiet(self) -> None:
        if self._is_closed:
            return
        self._is_waiting = perf_counter() < self._quiet_at
        if self._is_waiting:
            self._loop.at(self._quiet_at, self._read_when_quiet)
        else:
            self._send("read")


@lru_cache(maxsize=512)
def _read(frame: bytes) -> tuple[tuple[int, ...], str]:
    """A frame's messages and its cursor, "" for none. Raises Invalid for foreign messages."""
    numbers = texts.numbers(frame)
    if len(_MESSAGE.findall(frame)) != len(numbers):
        raise Invalid("a frame holds messages that nobody sent")
    seq = _SEQ.search(frame)
    return numbers, seq[1].decode() if seq else ""


def post_fields(token: str, number: int) -> dict[str, str]:
    """The room's form with a message, and with a nonce of its own."""
    return {
        "csrfmiddlewaretoken": token,
        "nonce": secrets.token_urlsafe(16),
        "room": SLUG,
        "body": texts.text(number),
    }


class Poster:
    """Somebody who writes with the room's form, over kept connections; as many as are needed."""

    def __init__(
        self,
        loop: Loop,
        port: int,
        session: str,
        token: str,
        on_answer: Callable[["Poster"], None] = lambda _poster: None,
    ) -> None:
        self._loop, self._port, self._session, self._token = loop, port, session, token
        self._on_answer = on_answer
        self._clients: list[Client] = []
        self.unanswered = 0

    def write(self, number: int) -> None:
        self.unanswered += 1
        self._client().post(POST_PATH, post_fields(self._token, number), self._answered)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _client(self) -> Client:
        for client in self._clients:
            if not client.is_busy:
                return client
        self._clients.append(Client(self._loop, self._port, self._session))
        return self._clients[-1]

    def _answered(self, answer: Answer) -> None:
        self.unanswered -= 1
        if answer.status != 200:
            raise Invalid(f"a post was answered with {answer.status}")
        self._on_answer(self)
