"""How much of what is said arrives over lines that break, beside the Channels tutorial's chat.

Each page's line is cut every 7.5 s, for 1 s; so at any moment two of fifteen pages are away, while
somebody writes two messages a second. With us every page gets every message, once, for it comes
back with its cursor; where one does not, the figures don't count. The tutorial's chat has no
history: what was said while a page was away is what it lacks.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from time import perf_counter
from typing import Protocol

from bench import gatherings, product, returning
from bench.cores import Watch
from bench.crowd import Crowd
from bench.ledger import Ledger
from bench.loop import Loop
from bench.peers.roster import TUTORIAL
from bench.peers.tutorial.client import Page
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, populated

EVERY_SECONDS, AWAY_SECONDS = 7.5, 1.0
_BACK_SECONDS, _DELIVER_SECONDS = 30.0, 1.0


class Cut(Protocol):
    def cut(self, seconds: float) -> None: ...


def jitter(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.sockets} people")
    own, tutorial = list[float](), list[float]()
    with ExitStack() as stack:
        site = stack.enter_context(populated(plan.sockets, plan.messages))
        ours = stack.enter_context(natterjack(bench.cores.server, site))
        peers = [
            stack.enter_context(gatherings.served(bench, peer))
            for peer in gatherings.installed(bench, [TUTORIAL])
        ]
        for _ in bench.rounds(plan.rough_rounds):
            own.append(_at_natterjack(bench, ours, site))
            tutorial += [_at_tutorial(bench, peer) for peer in peers]
    bench.result.figures.append(Figure("arrived", "%", own, at_least=100.0))
    if peers:
        bench.result.figures.append(Figure("  tutorial", "%", tutorial))


def _at_natterjack(bench: Bench, server: Server, site: Site) -> float:
    loop, ledger, pages = Loop(), Ledger(bench.plan.sockets), list[returning.Page]()
    place = product.open_room(loop, server.port, site.sessions[0])
    sender = returning.Sender(loop, server.port, site.sessions[0], place.token, ledger)

    def join(session: str, on_ready: Callable[[], None]) -> returning.Page:
        pages.append(returning.Page(loop, server.port, session, place, ledger, on_ready))
        return pages[-1]

    crowd = Crowd(loop)
    crowd.grow([partial(join, session) for session in site.sessions])
    written = _write_while_lines_break(bench, server, loop, pages, sender.write)
    everything = "every message at every page"
    loop.run_until(
        lambda: not sender.unanswered and not ledger.outstanding, _BACK_SECONDS, everything
    )
    crowd.close()
    return 100 * ledger.deliveries / (written * len(pages))


def _at_tutorial(bench: Bench, server: Server) -> float:
    loop, ledger, pages = Loop(), Ledger(bench.plan.sockets), list[Page]()

    def join(on_ready: Callable[[], None]) -> Page:
        pages.append(Page(loop, server.port, ledger, on_ready))
        return pages[-1]

    def write(number: int) -> None:
        ledger.expect(number)
        pages[0].write(number)

    crowd = Crowd(loop)
    crowd.grow([join] * bench.plan.sockets)
    written = _write_while_lines_break(bench, server, loop, pages[1:], write)
    crowd.close()
    return 100 * ledger.deliveries / (written * len(pages))


def _write_while_lines_break(
    bench: Bench, server: Server, loop: Loop, pages: Sequence[Cut], write: Callable[[int], None]
) -> int:
    """How many messages were written, the first of them when as many pages are away as ever."""
    began, numbers = perf_counter(), count(1)
    ends = began + AWAY_SECONDS + bench.plan.jitter_seconds

    def cut(page: Cut) -> None:
        if perf_counter() < ends:
            page.cut(AWAY_SECONDS)
            loop.at(perf_counter() + EVERY_SECONDS, lambda: cut(page))

    for number, page in enumerate(pages):
        loop.at(began + number * EVERY_SECONDS / len(pages), partial(cut, page))
    messages = int(bench.plan.jitter_seconds * bench.plan.posts_a_second)
    for number in range(messages):
        moment = began + AWAY_SECONDS + number / bench.plan.posts_a_second
        loop.at(moment, lambda: write(next(numbers)))
    watch = Watch(bench.cores, server.pid)
    loop.run_for(
        ends - perf_counter() + AWAY_SECONDS + _DELIVER_SECONDS
    )  # the last ones are back by then
    watch.stop()
    bench.check(watch, "jitter")
    return messages
