"""What growth costs: the same pages with 1,000 messages and with a million, in turns.

Two sites that differ in their messages alone: 500 people, who are all in each of 500 rooms. Both
are served from one core, and one browser asks them alternately, page by page, each time as soon as
it has its answer; on SQLite first and then, where it is installed, on PostgreSQL. Every answer has
to show exactly the messages that belong there. An old page that is `kept` was asked for before;
one that is `new` comes to the server for the first time, so that all of it is rendered.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bench.cores import Watch, children, on_core
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.loop import Loop
from bench.percentiles import percentile
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, in_shell, populated
from tests.servers import MissingProgram, postgresql_server

FEW = 1000
MAX_RATIO = 1.5
KEPT_PLACES = 4
_PREPARE = "from bench.history import prepare; prepare({count})"
_SHOWN = re.compile(r'<li id="message-(\d+)"')


@dataclass
class Grown:
    """A site that serves, with its places; and how long each kind of page took, in milliseconds."""

    site: Site
    server: Server
    known: dict[str, Any]
    loop: Loop = field(default_factory=Loop)
    took: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, person: int, path: str, shows: list[int]) -> float:
        """Raises Invalid when the page shows anything but these messages."""
        client = Client(self.loop, self.server.port, self.site.sessions[person])
        start = perf_counter()
        answer = client.get(path)
        if answer.status == 302:
            answer = client.get(answer.headers["location"].partition("#")[0])
        milliseconds = (perf_counter() - start) * 1000
        client.close()
        if answer.status != 200 or _shown(answer) != shows:
            raise Invalid(f"{path} answered {answer.status} with other messages than it should")
        return milliseconds

    def place(self, number: int) -> dict[str, Any]:
        places = self.known["places"]
        return places[number % len(places)]

    def stranger(self, number: int) -> int:
        """Somebody whose time zone is their own."""
        return 2 + number % (len(self.site.sessions) - 2)


def growth(bench: Bench) -> None:
    _measure(bench, "SQLite", ["", ""], postmasters=[])
    if bench.leave_out("PostgreSQL"):
        return
    try:
        with ExitStack() as stack:
            with on_core(bench.cores.server):
                databases = [stack.enter_context(postgresql_server()) for _size in range(2)]
            urls = [database.url for database in databases]
            _measure(bench, "PostgreSQL", urls, [database.pid for database in databases])
    except MissingProgram as missing:
        bench.result.notes.append(f"not measured on PostgreSQL: {missing}")


def _measure(bench: Bench, name: str, urls: list[str], postmasters: list[int]) -> None:
    plan = bench.plan
    with ExitStack() as stack:
        sites = []
        for messages, url in zip((FEW, plan.found_messages), urls, strict=True):
            bench.say(f"invents {messages:,} messages on {name}")
            sites.append(stack.enter_context(_served(bench, messages, url)))
        bench.say(f"asks for pages on {name}")
        for number in range(plan.visits // 10):
            _turn(sites, number)
        for each in sites:
            each.took.clear()
        backends = [pid for postmaster in postmasters for pid in children(postmaster)]
        watch = Watch(bench.cores, *(each.server.pid for each in sites), *backends)
        for number in range(plan.visits // 10, plan.visits):
            _turn(sites, number)
        watch.stop()
    bench.check(watch, name)
    few, many = sites
    for kind in VISITS:
        bench.result.figures += _figures(f"{name}, {kind}", few.took[kind], many.took[kind])
    noise = max(_noise(few.took[kind]) for kind in VISITS)
    bench.result.notes.append(
        f"{name}: the p95 of every second visit with {FEW:,} messages is up to {noise:.2f} × that "
        "of the others"
    )


@contextmanager
def _served(bench: Bench, messages: int, url: str) -> Iterator[Grown]:
    plan = bench.plan
    with populated(plan.grown_people, messages, plan.grown_rooms, url) as site:
        known = json.loads(in_shell(_PREPARE.format(count=plan.visits), site.environment))
        with natterjack(bench.cores.server, site) as server:
            server.rest()  # as in curves
            yield Grown(site, server, known)


def _turn(sites: list[Grown], number: int) -> None:
    """Every kind of page once on each site; who comes first alternates."""
    for kind, visit in VISITS.items():
        for each in sites[:: 1 if number % 2 else -1]:
            each.took.setdefault(kind, []).append(visit(each, number))


def _room(here: Grown, _number: int) -> float:
    return here.ask(0, "/rooms/general/", here.known["newest"])


def _kept(here: Grown, number: int) -> float:
    place = here.place(number % KEPT_PLACES)
    return here.ask(0, f"/rooms/general/messages/?before={place['seq']}", place["older"])


def _older(here: Grown, number: int) -> float:
    place = here.place(number)
    path = f"/rooms/general/messages/?before={place['seq']}"
    return here.ask(here.stranger(number), path, place["older"])


def _permalink(here: Grown, number: int) -> float:
    # Half of the history away from the older page that this person has just seen.
    place = here.place(number + len(here.known["places"]) // 2)
    return here.ask(here.stranger(number), f"/messages/{place['id']}/", place["around"])


def _inbox(here: Grown, _number: int) -> float:
    return here.ask(1, "/inbox/", here.known["inbox"])


VISITS: dict[str, Callable[[Grown, int], float]] = {
    "room page": _room,
    "older page, kept": _kept,
    "older page, new": _older,
    "old permalink, new": _permalink,
    "inbox": _inbox,
}


def _shown(answer: Answer) -> list[int]:
    return [int(key) for key in _SHOWN.findall(answer.text)]


def _figures(name: str, few: list[float], many: list[float]) -> list[Figure]:
    figures = []
    for percent, at_most in ((50, None), (95, MAX_RATIO)):
        one, other = percentile(few, percent), percentile(many, percent)
        figures += [
            Figure(f"{name}, p{percent} with {FEW:,}", "ms", [one]),
            Figure("  with all", "ms", [other]),
            Figure("  ratio", "×", [other / one], at_most=at_most),
        ]
    return figures


def _noise(milliseconds: list[float]) -> float:
    """How many times the p95 of one half is that of the other: every second visit each."""
    halves = sorted(percentile(half, 95) for half in (milliseconds[::2], milliseconds[1::2]))
    return halves[1] / halves[0]
