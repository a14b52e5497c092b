"""Programs beside pages: what JSON costs a reader, a busy bot, and asking whether there is news.

Readers: the closed loop of `fanout`, once with pages and once with programs, which read the same
room over the same server in turns. A bot: an open loop of 200 posts a second over its socket, each
of which is due at its time; from then to its `ack`, which is sent behind the commit. News: one who
asks `GET events` behind the log's end again and again, over a kept connection.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter

from bench import gatherings, product
from bench.cores import Watch
from bench.crowd import Crowd
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.ledger import Ledger
from bench.loop import Loop
from bench.percentiles import percentile
from bench.programs import Program
from bench.report import Figure
from bench.rounds import Bench
from bench.scenarios.fanout import round_of
from bench.servers import Server, natterjack
from bench.site import Site, populated

MIN_RATIO, MAX_P99_MILLISECONDS, MAX_ASKING_MILLISECONDS = 0.8, 50.0, 5.0
POSTS_A_SECOND = 200
_DELIVER_SECONDS = 60.0


def programs(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.sockets} people")
    pages, readers = list[float](), list[float]()
    acks = list[list[float]]()
    asking = list[float]()
    with (
        populated(plan.sockets, plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
    ):
        sizes = (plan.sockets, plan.in_flight)
        for _ in bench.rounds(plan.rounds):
            ours.rest()
            acks.append(_acknowledged(bench, ours, site))
            ours.rest()
            asking.append(_asking(bench, ours, site))
            at_pages = partial(gatherings.at_natterjack, ours, site, *sizes)
            of_programs = partial(gatherings.of_programs, ours, site, *sizes)
            pages.append(round_of(bench, at_pages, "pages").deliveries_a_second)
            readers.append(round_of(bench, of_programs, "programs").deliveries_a_second)
    everything = [milliseconds for each in acks for milliseconds in each]
    ratios = [own / other for own, other in zip(readers, pages, strict=True)]
    bench.result.figures += [
        Figure("deliveries to programs", "/s", readers),
        Figure("  to pages", "/s", pages),
        Figure("  ratio", "×", ratios, at_least=MIN_RATIO),
        Figure("a bot's post to its ack, p50", "ms", [percentile(each, 50) for each in acks]),
        Figure("  p99", "ms", [percentile(everything, 99)], at_most=MAX_P99_MILLISECONDS),
        Figure("server CPU of an empty GET events", "ms", asking, at_most=MAX_ASKING_MILLISECONDS),
    ]
    bench.result.notes.append(f"the p99 of all {len(everything)} posts together")


def _acknowledged(bench: Bench, server: Server, site: Site) -> list[float]:
    """Milliseconds from the due time of each post to its ack, warm-up apart."""
    loop, ledger, acked = Loop(), Ledger(listeners=1), dict[int, float]()
    crowd = Crowd(loop)
    bots: list[Program] = []

    def join(on_ready: Callable[[], None]) -> Program:
        on_ack = partial(_note, acked)
        bots.append(Program(loop, server.port, site.sessions[0], ledger, on_ready, on_ack))
        return bots[-1]

    crowd.grow([join])
    warm_up = int(bench.plan.warm_up_seconds * POSTS_A_SECOND)
    count = warm_up + int(bench.plan.posts_seconds * POSTS_A_SECOND)
    began = perf_counter() + 0.1
    due = {number: began + number / POSTS_A_SECOND for number in range(1, count + 1)}

    def write(number: int) -> None:
        ledger.expect(number)
        bots[0].write(number)

    for number, moment in due.items():
        loop.at(moment, partial(write, number))
    watch = Watch(bench.cores, server.pid)
    loop.run_for(due[count] - perf_counter())
    what = "every post acknowledged and read"
    loop.run_until(lambda: len(acked) == count and not ledger.outstanding, _DELIVER_SECONDS, what)
    watch.stop()
    bench.check(watch, "a busy bot")
    crowd.close()
    return [(acked[number] - due[number]) * 1000 for number in range(warm_up + 1, count + 1)]


def _note(acked: dict[int, float], number: int) -> None:
    if number in acked:
        raise Invalid(f"post {number} was acknowledged twice")
    acked[number] = perf_counter()


def _asking(bench: Bench, server: Server, site: Site) -> float:
    """The server's milliseconds of CPU for one answer that there is nothing new."""
    loop = Loop()
    client = Client(loop, server.port, site.sessions[0])
    path = f"/api/v1/rooms/{product.SLUG}/events"
    at = product.open_room(loop, server.port, site.sessions[0]).after
    answered = 0

    def go_on(answer: Answer) -> None:
        nonlocal answered
        if answer.status != 200 or '"events":[]' not in answer.text.replace(" ", ""):
            raise Invalid(f"asked for news, the server answered {answer.status}")
        answered += 1
        client.request(f"{path}?after={at}", go_on)

    client.request(f"{path}?after={at}", go_on)
    loop.run_for(bench.plan.warm_up_seconds)
    before, watch = answered, Watch(bench.cores, server.pid)
    loop.run_for(bench.plan.page_seconds)
    watch.stop()
    bench.check(watch, "asking for news")
    client.close()
    return watch.server_seconds / (answered - before) * 1000
