"""What the pages of all peers have in common."""

from collections.abc import Callable
from time import perf_counter

from bench import texts
from bench.ledger import Ledger
from bench.loop import Loop
from bench.sockets import Socket


class Page:
    """Somebody's page at a peer: it shows what comes, and sends what is typed.

    A peer's own page says where its socket is (`path`, `protocol`), and in what words it speaks.
    """

    path: str
    protocol = ""

    def __init__(self, loop: Loop, port: int, ledger: Ledger, on_ready: Callable[[], None]) -> None:
        self.on_ready = on_ready
        self._loop, self._port, self._ledger = loop, port, ledger
        self._seen: set[int] = set()
        self._connect()

    def _connect(self) -> None:
        self._socket = Socket(
            self._loop,
            self._port,
            self.path,
            protocol=self.protocol,
            on_open=self.greet,
            on_text=self.take,
        )

    def cut(self, seconds: float) -> None:
        """The line is dead for so long; then the page opens another one."""
        self._socket.cut()
        self._loop.at(perf_counter() + seconds, self._connect)

    def write(self, number: int) -> None:
        self.send(self.worded(texts.padded(number)))

    def close(self) -> None:
        self._socket.close()

    def send(self, frame: str) -> None:
        self._socket.send(frame)

    def greet(self) -> None:
        """The socket is open. Calls `on_ready` at once, or lets `take` do it at the answer."""
        self.on_ready()

    def worded(self, text: str) -> str:
        """The frame that says it in the room."""
        raise NotImplementedError

    def take(self, frame: bytes) -> None:
        self._ledger.arrived(self._seen, texts.numbers(frame), perf_counter())
