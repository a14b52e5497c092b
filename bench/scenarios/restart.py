"""How long a restart keeps a thousand open pages from being up to date, and that nothing is lost.

The server is killed, or asked to end, and started again as soon as it has ended, as a supervisor
does. Meanwhile somebody writes on, at two posts a second, and sends again what got no answer.
Each page comes back with its cursor; the time runs from the signal until every page is live again
and has every message. Each has to get each message once, and the database to hold each once: one
that is lost, or doubled, and the results are wrong. Pages come back in two ways (bench.returning):
all at once, four times a second, which is what the target is for, and as htmx's extension makes
them: that one waits up to four seconds before a third try and eight before a fourth, whatever the
server does.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from time import perf_counter, sleep

from bench import product, stored
from bench.cores import Watch
from bench.crowd import Crowd
from bench.errors import Invalid
from bench.ledger import Ledger
from bench.loop import Loop
from bench.report import Figure
from bench.returning import Delay, Page, Sender, herd_delay, htmx_delay
from bench.rounds import Bench
from bench.servers import STOP_SECONDS, Server, natterjack
from bench.site import populated

MAX_SECONDS = 4.0
_SLOW_WAY = "killed, htmx"
# How the server ends, and how pages come back.
WAYS = {
    "killed, herd": (signal.SIGKILL, herd_delay),
    "ended, herd": (signal.SIGTERM, herd_delay),
    _SLOW_WAY: (signal.SIGKILL, htmx_delay),
}
_BACK_SECONDS = 120.0
_BEFORE_SECONDS = 1.0
_POLL_SECONDS = 0.002
# Below what the system gives to outgoing connections: a page that tries again while nobody
# listens could get the server's own port, and be connected to itself.
_PORTS = range(20_000, 30_000)


@dataclass(frozen=True)
class Round:
    """Seconds since the signal, and the server's CPU seconds from its first answer to the end."""

    answering: float
    caught_up: float
    cpu_seconds: float


def restart(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.returning_sockets} people")
    ways = dict(WAYS)
    if bench.leave_out(_SLOW_WAY):
        del ways[_SLOW_WAY]
    rounds: dict[str, list[Round]] = {way: [] for way in ways}
    with populated(plan.returning_sockets, plan.messages) as site:
        newest = stored.newest(site)
        start = partial(natterjack, bench.cores.server, site)
        with supervised(start) as supervisor, _full_room(supervisor, site.sessions) as room:
            for _ in bench.rounds(plan.rough_rounds):
                for way, (ending, delay) in ways.items():
                    rounds[way].append(_round(bench, supervisor, room, ending, delay))
            stored.check(site, newest, room.ledger.delivered_at)
    for way, each in rounds.items():
        bench.result.figures += _figures(way, each, plan.returning_sockets)


# --- The server -------------------------------------------------------------------------------


class Supervisor:
    """A server that is started again, on the same port, when it has ended."""

    def __init__(self, start: Callable[[int], AbstractContextManager[Server]]) -> None:
        self._start, self.port = start, _steady_port()
        self._life = ExitStack()
        self._thread = ThreadPoolExecutor(1)
        self.server = self._begin()

    def restart(self, ending: signal.Signals) -> Future[Server]:
        """Sends the signal; the future is the next server, from its first answer on."""
        os.kill(self.server.pid, ending)
        return self._thread.submit(self._begin_again)

    def close(self) -> None:
        self._thread.shutdown()
        self._life.close()

    def _begin(self) -> Server:
        return self._life.enter_context(self._start(self.port))

    def _begin_again(self) -> Server:
        deadline = perf_counter() + STOP_SECONDS
        while not os.waitid(os.P_PID, self.server.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            if perf_counter() > deadline:
                raise Invalid(f"the server did not end within {STOP_SECONDS:g} s")
            sleep(_POLL_SECONDS)
        self._life.close()
        self.server = self._begin()
        return self.server


@contextmanager
def supervised(start: Callable[[int], AbstractContextManager[Server]]) -> Iterator[Supervisor]:
    supervisor = Supervisor(start)
    try:
        yield supervisor
    finally:
        supervisor.close()


def _steady_port() -> int:
    for port in _PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Invalid("no port is free that the system gives to nobody")


# --- The room ---------------------------------------------------------------------------------


@dataclass
class Room:
    """All pages are live; messages are numbered through."""

    loop: Loop
    ledger: Ledger
    pages: list[Page]
    sender: Sender
    numbers: Iterator[int]

    def is_live(self) -> bool:
        return all(page.is_live for page in self.pages)

    def is_still(self) -> bool:
        return not self.sender.unanswered and not self.ledger.outstanding

    def write_until(self, is_over: Callable[[], bool], every_seconds: float) -> None:
        """An open loop, from now on, while the loop runs."""
        if not is_over():
            self.sender.write(next(self.numbers))
            again = partial(self.write_until, is_over, every_seconds)
            self.loop.at(perf_counter() + every_seconds, again)


@contextmanager
def _full_room(supervisor: Supervisor, sessions: list[str]) -> Iterator[Room]:
    loop, ledger, pages = Loop(), Ledger(len(sessions)), list[Page]()
    place = product.open_room(loop, supervisor.port, sessions[0])

    def join(session: str, on_ready: Callable[[], None]) -> Page:
        pages.append(Page(loop, supervisor.port, session, place, ledger, on_ready))
        return pages[-1]

    crowd = Crowd(loop)
    crowd.grow([partial(join, session) for session in sessions])
    sender = Sender(loop, supervisor.port, sessions[0], place.token, ledger)
    try:
        yield Room(loop, ledger, pages, sender, count(1))
    finally:
        crowd.close()


def _round(
    bench: Bench, supervisor: Supervisor, room: Room, ending: signal.Signals, delay: Delay
) -> Round:
    for page in room.pages:
        page.delay = delay
    over: list[bool] = []
    room.write_until(lambda: bool(over), 1 / bench.plan.posts_a_second)
    room.loop.run_for(_BEFORE_SECONDS)
    room.loop.run_until(room.is_live, _BACK_SECONDS, "every page live before the server ends")
    room.sender.write(next(room.numbers))  # it is on its way when the signal comes
    began = perf_counter()
    coming = supervisor.restart(ending)
    room.loop.run_until(coming.done, _BACK_SECONDS, "the server back")
    answering, watch = perf_counter() - began, Watch(bench.cores, coming.result().pid)
    room.loop.run_until(room.is_live, _BACK_SECONDS, "every page back")
    over.append(True)
    room.loop.run_until(room.is_still, _BACK_SECONDS, "every message at every page")
    caught_up = perf_counter() - began
    watch.stop()
    bench.check(watch, "restart")
    return Round(answering, caught_up, watch.server_seconds)


def _figures(way: str, rounds: list[Round], pages: int) -> list[Figure]:
    is_herd = WAYS[way][1] is herd_delay
    seconds = [each.caught_up for each in rounds]
    figures = [
        Figure(way, "s", seconds, at_most=MAX_SECONDS if is_herd else None),
        Figure("  first answer after", "s", [each.answering for each in rounds]),
    ]
    if is_herd:  # else it would be mostly what goes on while pages wait
        milliseconds = [each.cpu_seconds / pages * 1000 for each in rounds]
        figures.append(Figure("  server CPU a page", "ms", milliseconds))
    return figures
