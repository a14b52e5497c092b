"""The room's page with 50 messages: how many a second from one core, and how many bytes.

Four browsers, each asking again as soon as it has its answer, compressed; beside it a Django view
that does nothing, on the same server. The bytes are those of a first visit: the page and all that
it names (sockets and what is fetched while typing apart).

And how long one browser waits for the page's first byte: of a page that nothing has changed since
somebody saw it; of one for which somebody has just said something, so that its list and what
stands around it are put together anew; and of a cold one, the first visit of somebody in whose
time zone nobody has seen the room, for whom all is rendered.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count, islice
from statistics import median
from time import perf_counter

from bench.cores import Watch, cpu_seconds
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.loop import Loop
from bench.product import SLUG, Poster, open_room
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, daphne_with, natterjack
from bench.site import Site, in_shell, populated

PATH = f"/rooms/{SLUG}/"
BROWSERS = 4
VISITS = 8
MIN_RATIO = 0.3
MAX_WARM_MILLISECONDS, MAX_COLD_MILLISECONDS = 2.0, 15.0
MAX_KILOBYTES = {"html": 12.0, "css": 10.0, "javascript": 25.0}
MAX_REQUESTS = 6
_PART = re.compile(r'<(?:link|script)[^>]*(?:href|src)="(/[^"]+)"')
_MESSAGES = 50
_ANSWER_SECONDS, _SETTLE_SECONDS = 60.0, 0.1
_SPREAD = "from bench.history import spread_zones; spread_zones()"


@dataclass(frozen=True)
class Visits:
    """Of one round, in milliseconds: half of all first bytes came within `p50`, and half of all
    pages took the server at most `cpu`."""

    p50: float
    cpu: float


def page(bench: Bench) -> None:
    plan = bench.plan
    bench.say("invents a room")
    own: list[float] = []
    empty: list[float] = []
    warm: list[Visits] = []
    after: list[Visits] = []
    cold: list[Visits] = []
    with (
        populated(BROWSERS + plan.rounds * VISITS, plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
        daphne_with(bench.cores.server, "bench.empty:application", "/") as peer,
    ):
        in_shell(_SPREAD, site.environment)
        strangers = iter(site.sessions[BROWSERS:])
        for number in range(1, plan.rounds + 1):
            bench.say(f"round {number} of {plan.rounds}")
            own.append(answers_a_second(bench, ours, PATH, site.sessions, check_room))
            empty.append(answers_a_second(bench, peer, "/", [""], check_empty))
            warm.append(_visits(bench, ours, [site.sessions[0]] * VISITS))
            with _speaking(ours, site.sessions[1]) as say:
                after.append(_visits(bench, ours, [site.sessions[0]] * VISITS, say))
            cold.append(_visits(bench, ours, list(islice(strangers, VISITS))))
        sizes = _sizes(ours, site)
    ratios = [one / other for one, other in zip(own, empty, strict=True)]
    bench.result.figures += [
        Figure("room page, nothing changed", "/s", own),
        Figure("  empty view", "/s", empty),
        Figure("  ratio", "×", ratios, at_least=MIN_RATIO),
        *_waiting("first byte, p50", warm, MAX_WARM_MILLISECONDS),
        *_waiting("first byte after a message, p50", after),
        *_waiting("first byte of a cold page, p50", cold, MAX_COLD_MILLISECONDS),
        *sizes,
    ]


def answers_a_second(
    bench: Bench,
    server: Server,
    path: str,
    sessions: list[str],
    check: Callable[[Answer], None],
) -> float:
    """Of a path, to four browsers that ask again at once. `check` raises Invalid for an answer that
    is not whole, and is asked of each."""
    loop, answers = Loop(), 0
    people = (sessions * BROWSERS)[:BROWSERS]
    clients = [Client(loop, server.port, session) for session in people]

    def ask(client: Client) -> None:
        def answered(answer: Answer) -> None:
            nonlocal answers
            answers += 1
            check(answer)
            ask(client)

        client.request(path, answered)

    for client in clients:
        ask(client)
    with ExitStack() as closing:
        for client in clients:
            closing.callback(client.close)
        loop.run_for(bench.plan.warm_up_seconds)
        before, watch = answers, Watch(bench.cores, server.pid)
        loop.run_for(bench.plan.page_seconds)
        watch.stop()
        found = answers - before
    bench.check(watch, f"page {path}")
    bench.check_saturated(watch, f"page {path}")
    return found / watch.seconds


def _visits(
    bench: Bench, server: Server, sessions: list[str], before: Callable[[], None] = lambda: None
) -> Visits:
    """Each asks for the room's page, one after the other, and has to see all of it. `before` each
    of them something may happen, which is not counted."""
    loop = Loop()
    clients = {session: Client(loop, server.port, session) for session in sessions}
    milliseconds, used = list[float](), list[float]()
    watch = Watch(bench.cores, server.pid)
    for session in sessions:
        before()
        asked, used_before = perf_counter(), cpu_seconds(server.pid)
        answer = clients[session].get(PATH)
        milliseconds.append((answer.first_byte_at - asked) * 1000)
        used.append((cpu_seconds(server.pid) - used_before) * 1000)
        check_room(answer)
    watch.stop()
    for client in clients.values():
        client.close()
    bench.check(watch, "page by page")
    return Visits(median(milliseconds), median(used))


@contextmanager
def _speaking(server: Server, session: str) -> Iterator[Callable[[], None]]:
    """Says something in the room, and returns when the server has nothing more to do with it."""
    loop, numbers = Loop(), count(1)
    poster = Poster(loop, server.port, session, open_room(loop, server.port, session).token)

    def say() -> None:
        poster.write(next(numbers))
        loop.run_until(lambda: not poster.unanswered, _ANSWER_SECONDS, "a post answered")
        loop.run_for(_SETTLE_SECONDS)

    yield say
    poster.close()


def _waiting(name: str, rounds: list[Visits], at_most: float | None = None) -> list[Figure]:
    return [
        Figure(name, "ms", [each.p50 for each in rounds], at_most=at_most),
        Figure("  server CPU", "ms", [each.cpu for each in rounds]),
    ]


def _sizes(server: Server, site: Site) -> list[Figure]:
    """Compressed kB (1,000 bytes) of a first visit, by kind."""
    client = Client(Loop(), server.port, site.sessions[1])
    first = client.get(PATH)
    check_room(first)
    answers = [first, *(client.get(path) for path in dict.fromkeys(_PART.findall(first.text)))]
    client.close()
    kilobytes: dict[str, float] = {}
    for answer in answers:
        if answer.status != 200:
            raise Invalid(f"a part of the page answered {answer.status}")
        kind = answer.headers["content-type"].partition(";")[0].rpartition("/")[2]
        kilobytes[kind] = kilobytes.get(kind, 0.0) + len(answer.body) / 1000
    return [
        Figure("requests of a first visit", "", [len(answers)], at_most=MAX_REQUESTS),
        *(
            Figure(f"  {kind}", "kB", [kilobytes[kind]], at_most=most)
            for kind, most in MAX_KILOBYTES.items()
        ),
        Figure("  in all", "kB", [sum(kilobytes.values())]),
    ]


def check_empty(answer: Answer) -> None:
    if answer.status != 200:
        raise Invalid(f"the empty view answered {answer.status}")


def check_room(page: Answer) -> None:
    """Raises Invalid when it is not whole."""
    found = len(re.findall(r'id="message-\d+"', page.text))
    if page.status != 200 or found != _MESSAGES:
        raise Invalid(f"the room's page answered {page.status} with {found} messages")
