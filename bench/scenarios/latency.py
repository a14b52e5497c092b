"""How long a message takes to the last of 500 sockets, at 2 posts a second.

An open loop: message i is due at i/2 s whatever became of the ones before it, and its time runs
from then, not from when it could be sent. So a server that stalls is charged for all who waited.
"""

from functools import partial
from time import perf_counter

from bench import gatherings
from bench.cores import Watch
from bench.gatherings import Gather, Gathering
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import daphne_with, natterjack
from bench.site import populated

MAX_P99_MILLISECONDS = 100.0
WRITERS = 10


def latency(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.sockets} people")
    own: list[list[float]] = []
    tutorial: list[list[float]] = []
    with (
        populated(plan.sockets, plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
        daphne_with(bench.cores.server, "bench.peers.tutorial.asgi:application", "/") as peer,
    ):
        sizes = (plan.sockets, WRITERS)
        at_ours = partial(gatherings.at_natterjack, ours, site, *sizes)
        at_tutorial = partial(gatherings.at_tutorial, peer, *sizes)
        for number in range(1, plan.rounds + 1):
            bench.say(f"round {number} of {plan.rounds}")
            own.append(_round(bench, at_ours, plan.latency_seconds))
            tutorial.append(_round(bench, at_tutorial, plan.latency_peer_seconds))
    bench.result.figures += [*_figures("", own), *_figures("  tutorial ", tutorial)]
    bench.result.samples = {
        name: [milliseconds for each in rounds for milliseconds in each]
        for name, rounds in (("Natterjack", own), ("Channels tutorial", tutorial))
    }
    bench.result.notes.append(
        f"the p99 of all {sum(map(len, own))} messages together; its range is that of the rounds"
    )


def _round(bench: Bench, gather: Gather, seconds: float) -> list[float]:
    """Milliseconds from the due time to the last socket, for each message after the warm-up."""
    with gather() as here:
        warm_up = int(bench.plan.warm_up_seconds * bench.plan.posts_a_second) + 1
        count = warm_up + int(seconds * bench.plan.posts_a_second)
        due = _schedule(here, count, 1 / bench.plan.posts_a_second)
        watch = Watch(bench.cores, here.server.pid)
        here.loop.run_for(due[count] - perf_counter())
        here.finish()
        watch.stop()
        delivered = here.ledger.delivered_at
    bench.check(watch, "latency")
    return [(delivered[number] - due[number]) * 1000 for number in range(warm_up + 1, count + 1)]


def _schedule(here: Gathering, count: int, every_seconds: float) -> dict[int, float]:
    """Messages 1 to `count`, each at its time, by one writer after the other."""
    began = perf_counter() + every_seconds
    due = {number: began + number * every_seconds for number in range(1, count + 1)}

    def write(number: int) -> None:
        here.ledger.expect(number)
        here.writers[number % len(here.writers)].write(number)

    for number, moment in due.items():
        here.loop.at(moment, partial(write, number))
    return due


def _figures(prefix: str, rounds: list[list[float]]) -> list[Figure]:
    target = None if prefix else MAX_P99_MILLISECONDS
    everything = [milliseconds for each in rounds for milliseconds in each]
    return [
        Figure(f"{prefix}p50", "ms", [percentile(each, 50) for each in rounds]),
        Figure(f"{prefix}p99", "ms", [percentile(everything, 99)], at_most=target),
        Figure(f"{prefix}slowest of a round", "ms", [max(each) for each in rounds]),
    ]


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that is at least as large as `percent` of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
