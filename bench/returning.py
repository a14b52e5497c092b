"""Pages that come back when their socket is gone, and people who send again what got no answer.

A page knows its place: it comes back with the cursor that the last frame brought. htmx waits a
random time before each try, at most a second before the first one and twice as long before each
further one, up to 64 s, whatever made the try fail; `htmx_delay` is that. `herd_delay` is the
worst that a server can be asked: everybody at the same time, four times a second.
"""

import random
from collections.abc import Callable
from time import perf_counter

from bench import product
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.ledger import Ledger
from bench.loop import Loop

RETRY_SECONDS = 0.25
_BEAT = b'id="connection"'
# Seconds before a try; told how many have failed since the page was connected.
Delay = Callable[[int], float]


def herd_delay(_failures: int) -> float:
    return RETRY_SECONDS


def htmx_delay(failures: int) -> float:
    return random.random() * float(2 ** min(failures, 6))


class Page(product.Page):
    """A page that comes back. `is_live` from the beat on, which the server sends when the page has
    been brought up to date and gets what happens next at once."""

    delay: Delay = staticmethod(herd_delay)
    is_live = False
    _failures = 0

    def cut(self, seconds: float) -> None:
        """The line is dead for so long, and the page knows it."""
        self._socket.cut()
        self.is_live = False
        self._loop.at(perf_counter() + seconds, self._try)

    def _opened(self) -> None:
        self._failures = 0
        super()._opened()

    def _lost(self) -> None:
        self.is_live = False
        if not self._is_closed:
            self._loop.at(perf_counter() + self.delay(self._failures), self._try)

    def _try(self) -> None:
        if self._is_closed:
            return
        self._failures += 1
        try:
            self._connect()
        except OSError:
            self._lost()

    def _send(self, kind: str) -> None:
        if kind == "resume" or self.is_live:
            super()._send(kind)

    def _take(self, text: bytes) -> None:
        self.is_live = self.is_live or _BEAT in text
        super()._take(text)


class Sender:
    """Somebody who writes with the room's form, and sends a message that got no answer again:
    the same one, with the same nonce. `unanswered` are those that are not known to be stored."""

    def __init__(self, loop: Loop, port: int, session: str, token: str, ledger: Ledger) -> None:
        self._loop, self._port, self._session, self._token = loop, port, session, token
        self._ledger = ledger
        self.unanswered: set[int] = set()

    def write(self, number: int) -> None:
        self._ledger.expect(number)
        self.unanswered.add(number)
        self._send(number, product.post_fields(self._token, number))

    def _send(self, number: int, fields: dict[str, str]) -> None:
        def again() -> None:
            self._loop.at(perf_counter() + RETRY_SECONDS, lambda: self._send(number, fields))

        def answered(answer: Answer) -> None:
            client.close()
            if answer.status != 200:
                raise Invalid(f"a post was answered with {answer.status}")
            self.unanswered.remove(number)

        try:
            client = Client(self._loop, self._port, self._session, on_lost=again)
            client.post(product.POST_PATH, fields, answered)
        except (OSError, Invalid):
            again()
