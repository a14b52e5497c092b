"""What grows with what: the server's CPU by sockets, members, rooms and messages.

Sockets: the closed loop of `fanout` in one room, and all that a message costs, from its form to its
last delivery, beside the Channels tutorial's at the smaller sizes. The exponent is the slope of the
line through the logarithms of the larger sizes, at which what a post costs by itself counts least.
Members, rooms and messages: sites that differ in one of them alone, in turns; a room's page and a
post by form, each when the one before is answered. What was posted has to be on the page.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from math import log
from statistics import linear_regression

from bench import gatherings, product, texts
from bench.cores import Watch
from bench.errors import Invalid
from bench.gatherings import NATTERJACK
from bench.http import Client
from bench.loop import Loop
from bench.peers.roster import TUTORIAL
from bench.product import SLUG, Poster
from bench.report import Curve, Figure
from bench.rounds import Bench
from bench.scenarios.fanout import round_of
from bench.servers import Server, natterjack
from bench.site import Site, populated

MAX_EXPONENT, MAX_RATIO = 1.05, 1.2
LARGER = 3
SMALL = {"people": 10, "rooms": 10, "messages": 1000}
_MESSAGES = 50
_MESSAGE = re.compile(r'<li id="message-\d+"')
_ANSWER_SECONDS = 60.0

# From how many of it there are to one value a round.
Points = dict[int, list[float]]


def curves(bench: Bench) -> None:
    plan = bench.plan
    _by_sockets(bench)
    if bench.leave_out("members, rooms and messages"):
        return
    _by(bench, "people", "members of the room", plan.curve_members)
    _by(bench, "rooms", "rooms, the reader in all", plan.curve_rooms)
    _by(bench, "messages", "messages", plan.curve_messages)


def _by_sockets(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {max(plan.curve_sockets)} people")
    with ExitStack() as stack:
        site = stack.enter_context(populated(max(plan.curve_sockets), plan.messages))
        ours = stack.enter_context(natterjack(bench.cores.server, site))
        gathers = {NATTERJACK: partial(gatherings.at_natterjack, ours, site)}
        series: dict[str, Points] = {NATTERJACK: {size: [] for size in plan.curve_sockets}}
        for peer in gatherings.installed(bench, [TUTORIAL]):
            server = stack.enter_context(gatherings.served(bench, peer))
            gathers[peer.name] = partial(gatherings.at_peer, peer, server)
            series[peer.name] = {size: [] for size in plan.curve_peer_sockets}
        for number in range(1, plan.curve_rounds + 1):
            bench.say(f"sockets, round {number} of {plan.curve_rounds}")
            for name, points in series.items():
                for sockets, values in points.items():
                    gather = partial(gathers[name], sockets, plan.in_flight)
                    one = round_of(bench, gather, f"{name}, {sockets} sockets")
                    values.append(one.server_seconds_a_delivery * sockets * 1000)
    bench.result.curves.append(Curve("server CPU a message", "ms", "sockets in the room", series))
    own = Figure("exponent in sockets", "", _exponents(series[NATTERJACK]), at_most=MAX_EXPONENT)
    peers = [each for each in series if each != NATTERJACK]
    bench.result.figures += [
        own,
        *(Figure(f"  {name}", "", _exponents(series[name])) for name in peers),
    ]


def _exponents(points: Points) -> list[float]:
    """One a round, by the method of least squares."""
    sizes = sorted(points)[-LARGER:]
    across = [log(size) for size in sizes]
    rounds = zip(*(points[size] for size in sizes), strict=True)
    return [linear_regression(across, list(map(log, values))).slope for values in rounds]


@dataclass
class Grown:
    """A site that serves, and what its pages and posts have cost, in milliseconds of CPU."""

    server: Server
    site: Site
    numbers: Iterator[int] = field(default_factory=partial(count, 1))
    page: list[float] = field(default_factory=list)
    post: list[float] = field(default_factory=list)


def _by(bench: Bench, what: str, words: str, sizes: tuple[int, ...]) -> None:
    with ExitStack() as stack:
        bench.say(f"invents up to {max(sizes):,} {what}")
        sites = {size: stack.enter_context(_served(bench, {what: size})) for size in sizes}
        for number in range(bench.plan.curve_rounds):
            bench.say(f"{what}, round {number + 1} of {bench.plan.curve_rounds}")
            for size in sorted(sites, reverse=bool(number % 2)):
                _ask(bench, sites[size], f"{size:,} {what}")
    small, large = sites[min(sizes)], sites[max(sizes)]
    series = {
        "the room's page": {size: here.page for size, here in sites.items()},
        "a post": {size: here.post for size, here in sites.items()},
    }
    bench.result.curves.append(Curve("server CPU", "ms", words, series))
    for name, few, many in (("page", small.page, large.page), ("post", small.post, large.post)):
        ratios = [other / one for one, other in zip(few, many, strict=True)]
        title = f"{name} by {what}, {max(sizes):,} to {min(sizes):,}"
        bench.result.figures.append(Figure(title, "×", ratios, at_most=MAX_RATIO))


@contextmanager
def _served(bench: Bench, grown: dict[str, int]) -> Iterator[Grown]:
    with (
        populated(**SMALL | grown) as site,
        natterjack(bench.cores.server, site) as server,
    ):
        here = Grown(server, site)
        _pages(here, bench.plan.curve_visits // 4)
        _posts(here, bench.plan.curve_visits // 4)
        server.rest()  # it merges the index's blocks when it starts, and once a day
        yield here


def _ask(bench: Bench, here: Grown, what: str) -> None:
    """A round: so many pages, then as many posts."""
    visits = bench.plan.curve_visits
    for cost, visit in ((here.page, _pages), (here.post, _posts)):
        watch = Watch(bench.cores, here.server.pid)
        visit(here, visits)
        watch.stop()
        bench.check(watch, what)
        cost.append(watch.server_seconds / visits * 1000)


def _pages(here: Grown, visits: int) -> None:
    client = Client(Loop(), here.server.port, here.site.sessions[0])
    for _ in range(visits):
        answer = client.get(f"/rooms/{SLUG}/")
        if answer.status != 200 or len(_MESSAGE.findall(answer.text)) != _MESSAGES:
            raise Invalid(f"the room's page answered {answer.status}, or is not whole")
    client.close()


def _posts(here: Grown, visits: int) -> None:
    """Raises Invalid when the page then shows anything but these, in their order."""
    loop, session = Loop(), here.site.sessions[0]
    poster = Poster(
        loop, here.server.port, session, product.open_room(loop, here.server.port, session).token
    )
    posted = [next(here.numbers) for _ in range(visits)]
    for number in posted:
        poster.write(number)
        loop.run_until(lambda: not poster.unanswered, _ANSWER_SECONDS, "a post answered")
    poster.close()
    client = Client(loop, here.server.port, session)
    shown = list(texts.numbers(client.get(f"/rooms/{SLUG}/").text.encode()))
    client.close()
    if shown[-visits:] != posted[-_MESSAGES:]:
        raise Invalid(f"the room's page shows {shown[-visits:]} where {posted} were posted")
