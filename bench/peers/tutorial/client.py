"""The tutorial's page as a load sees it: it shows what comes, and sends what is typed."""

import json
from collections.abc import Callable
from time import perf_counter

from bench import texts
from bench.ledger import Ledger
from bench.loop import Loop
from bench.sockets import Socket


class Page:
    def __init__(self, loop: Loop, port: int, ledger: Ledger, on_ready: Callable[[], None]) -> None:
        self._ledger = ledger
        self._seen: set[int] = set()
        self._socket = Socket(loop, port, "/ws/chat/lobby/", on_open=on_ready, on_text=self._take)

    def write(self, number: int) -> None:
        self._socket.send(json.dumps({"message": texts.text(number)}))

    def close(self) -> None:
        self._socket.close()

    def _take(self, text: bytes) -> None:
        self._ledger.arrived(self._seen, texts.numbers(text), perf_counter())
