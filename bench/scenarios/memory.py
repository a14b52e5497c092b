"""What one more open page of somebody signed in costs the server, while nothing happens.

The slope of the server's Pss between few and many pages, each of another person; so neither the
interpreter nor what the first ones leave behind is counted. A fresh server each round.
"""

from collections.abc import Callable
from functools import partial

from bench import product
from bench.cores import Watch, cpu_seconds
from bench.crowd import Crowd, Join
from bench.errors import Unreached
from bench.ledger import Ledger
from bench.loop import Loop
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, populated

MAX_KIBIBYTES = 28.0
_QUIET_SHARE = 0.05
_QUIET_SECONDS = 15.0


def memory(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.many_sockets} people")
    slopes: list[float] = []
    rates: list[float] = []
    with populated(plan.many_sockets, plan.messages) as site:
        for _ in bench.rounds(plan.rounds):
            with natterjack(bench.cores.server, site) as server:
                slope, rate = idle_pages(bench, server, site)
            slopes.append(slope)
            rates.append(rate)
    bench.result.figures += [
        Figure("an idle page", "KiB", slopes, at_most=MAX_KIBIBYTES),
        Figure("pages connected", "/s", rates),
    ]


def idle_pages(bench: Bench, server: Server, site: Site) -> tuple[float, float]:
    """KiB a page, and pages that came live a second."""
    plan, loop = bench.plan, Loop()
    few, many = site.sessions[: plan.few_sockets], site.sessions[plan.few_sockets :]
    crowd, joins = Crowd(loop), _joins(loop, server, site)
    watch = Watch(bench.cores, *server.pids)
    try:
        crowd.grow(joins(few))
        before = _settled(loop, server)
        seconds = crowd.grow(joins(many))
        after = _settled(loop, server)
        watch.stop()
    finally:
        crowd.close()
    bench.check(watch, "idle pages")
    return (after - before) / len(many) / 1024, len(many) / seconds


def _joins(loop: Loop, server: Server, site: Site) -> Callable[[list[str]], list[Join]]:
    place = product.open_room(loop, server.port, site.sessions[0])
    ledger = Ledger(0)

    def join(session: str, on_ready: Callable[[], None]) -> product.Page:
        return product.Page(loop, server.port, session, place, ledger, on_ready)

    return lambda sessions: [partial(join, session) for session in sessions]


def _settled(loop: Loop, server: Server) -> int:
    """The Pss once the server has done what new pages make it do."""
    for _ in range(int(_QUIET_SECONDS)):
        before = cpu_seconds(server.pid)
        loop.run_for(1.0)
        if cpu_seconds(server.pid) - before < _QUIET_SHARE:
            return server.pss_bytes()
    raise Unreached(f"the server was still busy {_QUIET_SECONDS:g} s after the last page came")
