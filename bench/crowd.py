"""Many sockets in one room, and somebody who writes there."""

from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Protocol

from bench.ledger import Ledger
from bench.loop import Loop

# Handshakes under way at once: more would only wait for each other.
_AT_ONCE = 32
CONNECT_SECONDS = 120.0


class Listener(Protocol):
    """A socket that tells the ledger what it gets."""

    def close(self) -> None: ...


class Writer(Protocol):
    """Sends numbered messages into the room."""

    def write(self, number: int) -> None:
        """Sends now; raises Invalid where it can't."""

    def close(self) -> None: ...


# Called with a function to call when the listener is ready for messages.
Join = Callable[[Callable[[], None]], Listener]


class Crowd:
    """Listeners that are all connected and ready."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.listeners: list[Listener] = []
        self._ready = 0

    def grow(self, joins: list[Join]) -> float:
        """Connects more listeners, some at a time; returns the seconds that it took."""
        began, waiting, goal = perf_counter(), deque(joins), self._ready + len(joins)

        def one_is_ready() -> None:
            self._ready += 1
            if waiting:
                self.listeners.append(waiting.popleft()(one_is_ready))

        for _ in range(min(_AT_ONCE, len(joins))):
            self.listeners.append(waiting.popleft()(one_is_ready))
        what = f"{goal} sockets connected"
        self._loop.run_until(lambda: self._ready == goal, CONNECT_SECONDS, what)
        return perf_counter() - began

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


def saturate(loop: Loop, ledger: Ledger, writers: list[Writer], first: int) -> Callable[[], None]:
    """A closed loop: one message a writer, the next when everybody has it. Returns its end.

    Messages get the numbers from `first` up, in the order in which they are sent.
    """
    numbers = iter(range(first, 1 << 62))
    authors: dict[int, Writer] = {}
    is_over = False

    def send(writer: Writer) -> None:
        number = next(numbers)
        authors[number] = writer
        ledger.expect(number)
        writer.write(number)

    def go_on(number: int) -> None:
        if not is_over:
            writer = authors.pop(number)
            # In the loop's next turn: the sockets that were read together come first.
            loop.at(perf_counter(), lambda: send(writer))

    def end() -> None:
        nonlocal is_over
        is_over = True

    ledger.on_delivered = go_on
    for writer in writers:
        send(writer)
    return end


def pace(
    loop: Loop, ledger: Ledger, writers: list[Writer], numbers: range, a_second: float
) -> dict[int, float]:
    """An open loop: each message at its time, by one writer after the other. Returns the times."""
    began = perf_counter()
    due = {number: began + place / a_second for place, number in enumerate(numbers)}
    for number, moment in due.items():
        ledger.expect(number)
        loop.at(moment, partial(writers[number % len(writers)].write, number))
    return due
