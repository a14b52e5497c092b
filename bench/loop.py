"""The generator's event loop: epoll and a few timers.

asyncio spends more on waking a protocol than this spends on reading a frame, and the load has to
come from one core while the server is busy on the other.
"""

import heapq
import itertools
import select
import socket
from collections.abc import Callable
from time import perf_counter, sleep

from bench.errors import Invalid

_MAX_WAIT_SECONDS = 0.05
# For more the C library asks the kernel for memory with every call, which takes five times as long.
_RECEIVE_BYTES = 1 << 16


class Loop:
    """Calls a function when its socket can be read, and others at their time.

    It rests for `rest_seconds` before each look at its sockets, where that changes nothing that is
    measured: more has come by then, and reading more at once takes less.
    """

    def __init__(self) -> None:
        self.rest_seconds = 0.0
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def add(self, connection: socket.socket, on_readable: Callable[[], None]) -> None:
        self._readers[connection.fileno()] = on_readable
        self._epoll.register(connection, select.EPOLLIN)

    def remove(self, connection: socket.socket) -> None:
        if self._readers.pop(connection.fileno(), None):
            self._epoll.unregister(connection)

    def at(self, moment: float, call: Callable[[], None]) -> None:
        """Calls at `moment` of `time.perf_counter`, while the loop runs."""
        heapq.heappush(self._timers, (moment, next(self._numbers), call))

    def run_until(self, is_done: Callable[[], bool], timeout_seconds: float, what: str) -> None:
        """Runs until `is_done()`; raises Invalid, which names `what`, when that takes too long."""
        deadline = perf_counter() + timeout_seconds
        while not is_done():
            if perf_counter() > deadline:
                raise Invalid(f"{what}: not within {timeout_seconds:g} s")
            self._turn()

    def run_for(self, seconds: float) -> None:
        end = perf_counter() + seconds
        while perf_counter() < end:
            self._turn()

    def _turn(self) -> None:
        if self.rest_seconds:
            sleep(self.rest_seconds)
        wait = self._timers[0][0] - perf_counter() if self._timers else _MAX_WAIT_SECONDS
        for descriptor, _ in self._epoll.poll(min(max(wait, 0.0), _MAX_WAIT_SECONDS)):
            if reader := self._readers.get(descriptor):
                reader()
        while self._timers and self._timers[0][0] <= perf_counter():
            heapq.heappop(self._timers)[2]()


def connect(port: int) -> socket.socket:
    """A loopback connection that never blocks."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setblocking(False)
    return connection


def receive(connection: socket.socket) -> bytes:
    """What has come; nothing where the other side has ended it, in whatever way."""
    try:
        return connection.recv(_RECEIVE_BYTES)
    except ConnectionError:
        return b""


def send(connection: socket.socket, data: bytes) -> None:
    """Requests and frames of ours are far smaller than the system's buffer; raises Invalid."""
    try:
        sent = connection.send(data)
    except OSError as error:
        raise Invalid(f"the server took no more data: {error}") from None
    if sent != len(data):
        raise Invalid("the server took no more data: the buffer is full")
