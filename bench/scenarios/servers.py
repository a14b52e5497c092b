"""Natterjack on daphne, as `serve` runs it, and on uvicorn, in turns on one core.

`serve` has the worker in its process; uvicorn has it beside it, on the same core. A fresh server
each round and for each: what an idle page takes and how many come live in a second, as in `memory`;
the room's page as in `page`; posts by form as in `posts`; and the closed loop of `fanout`. On
SQLite, both.
"""

from collections import defaultdict
from functools import partial

from bench import gatherings
from bench.report import Figure
from bench.rounds import Bench
from bench.scenarios.fanout import round_of
from bench.scenarios.memory import idle_pages
from bench.scenarios.page import PATH, answers_a_second, check_room
from bench.scenarios.posts import stored_a_second, write_by_form
from bench.servers import Server, natterjack, on_uvicorn
from bench.site import Site, populated

SERVERS = {"daphne": natterjack, "uvicorn": on_uvicorn}
UNITS = {
    "room page": "/s",
    "posts by form": "/s",
    "server CPU a delivery": "µs",
    "pages connected": "/s",
    "an idle page": "KiB",
}


def servers(bench: Bench) -> None:
    plan = bench.plan
    has_idle = not bench.leave_out("an idle page, pages connected")
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    bench.say(f"invents {plan.many_sockets} people")
    with populated(plan.many_sockets, plan.messages) as site:
        for _ in bench.rounds(plan.rounds):
            for name, serve in SERVERS.items():
                with serve(bench.cores.server, site) as server:
                    values = _idle(bench, server, site) if has_idle else {}
                    values |= _busy(bench, server, site, name)
                    for what, value in values.items():
                        found[what, name].append(value)
    for what, unit in UNITS.items():
        if (what, "daphne") not in found:
            continue
        ours, other = found[what, "daphne"], found[what, "uvicorn"]
        ratios = [one / another for one, another in zip(ours, other, strict=True)]
        bench.result.figures += [
            Figure(f"{what}, daphne", unit, ours),
            Figure("  uvicorn", unit, other),
            Figure("  daphne to uvicorn", "×", ratios),
        ]


def _idle(bench: Bench, server: Server, site: Site) -> dict[str, float]:
    kibibytes, connected = idle_pages(bench, server, site)
    return {"an idle page": kibibytes, "pages connected": connected}


def _busy(bench: Bench, server: Server, site: Site, name: str) -> dict[str, float]:
    sockets = min(bench.plan.sockets, len(site.sessions))
    gather = partial(gatherings.at_natterjack, server, site, sockets, bench.plan.in_flight)
    delivery = round_of(bench, gather, name).server_seconds_a_delivery
    return {
        "server CPU a delivery": delivery * 1e6,
        "room page": answers_a_second(bench, server, PATH, site.sessions, check_room),
        "posts by form": stored_a_second(bench, server, site, write_by_form),
    }
