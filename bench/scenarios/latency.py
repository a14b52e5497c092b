"""How long a message takes to the last of 1,000 sockets, at 5 posts a second.

An open loop: message i is due at i/5 s whatever became of the ones before it, and its time runs
from then, not from when it could be sent. So a server that stalls is charged for all who waited.
What a message is with us and with the peers is as in `delivery`.

And ours alone at 80 % of saturation: of the messages a second that a closed loop has brought to
everybody a moment before, in the same room.
"""

from dataclasses import dataclass

from bench import paced
from bench.cores import Watch
from bench.crowd import saturate
from bench.errors import Unreached
from bench.gatherings import NATTERJACK, Gathering, Row, beside
from bench.paced import WRITERS
from bench.peers.roster import PEERS
from bench.percentiles import percentile
from bench.report import Figure
from bench.rounds import Bench

MAX_P50_MILLISECONDS, MAX_P99_MILLISECONDS = 18.0, 35.0
LOAD = 0.8
LOADED = f"{NATTERJACK} at {LOAD:.0%} of saturation"
# Of fewer, the 99th of 100 is the last one.
_ENOUGH = 100


def latency(bench: Bench) -> None:
    plan = bench.plan
    with beside(bench, PEERS, plan.crowd, WRITERS) as rows:
        calm = paced.rounds(bench, rows, plan.latency_posts_a_second, plan.latency_seconds)
        bench.say(LOADED)
        near = [loaded(bench, rows[0]) for _ in bench.rounds(plan.rounds)]
    found = {name: [each.milliseconds for each in rounds] for name, rounds in calm.items()}
    found[LOADED] = [each.milliseconds for each in near]
    for name, rounds in found.items():
        bench.result.figures += _figures(name, rounds)
    bench.result.figures += [
        Figure("  messages", "/s", [each.a_second for each in near]),
        Figure("  of the server's core", "%", [100 * each.share for each in near]),
    ]
    bench.result.samples = {name: _together(rounds) for name, rounds in found.items()}
    count = len(bench.result.samples[NATTERJACK])
    bench.result.notes.append(f"p99: of all messages of all rounds together, {count} of them ours")


@dataclass(frozen=True)
class Loaded:
    """One round at 80 % of the messages a second that there can be: how many that was, the share of
    its core that the server used, and what each message took."""

    a_second: float
    share: float
    milliseconds: list[float]


def loaded(bench: Bench, row: Row) -> Loaded:
    """The closed loop, and then the open one."""
    with row.gather() as here:
        a_second = LOAD * _saturation(bench, here)
        first = len(here.ledger.delivered_at) + 1
        numbers = range(first, first + max(1, int(bench.plan.latency_seconds * a_second)))
        watch = Watch(bench.cores, *here.server.pids)
        due = paced.carry_out(here, numbers, a_second)
        watch.stop()
    here.server.rest()
    bench.check(watch, LOADED)
    delivered = here.ledger.delivered_at
    milliseconds = [(delivered[number] - due[number]) * 1000 for number in numbers]
    return Loaded(a_second, watch.server, milliseconds)


def _saturation(bench: Bench, here: Gathering) -> float:
    """The messages a second that come to everybody while the writers wait for nothing else."""
    end = saturate(here.loop, here.ledger, here.writers, first=1)
    here.loop.run_for(bench.plan.warm_up_seconds)
    before, watch = len(here.ledger.delivered_at), Watch(bench.cores, *here.server.pids)
    here.loop.run_for(bench.plan.latency_seconds)
    watch.stop()
    messages = len(here.ledger.delivered_at) - before
    end()
    here.finish()
    bench.check(watch, "a closed loop")
    bench.check_saturated(watch, "a closed loop")
    if not messages:
        raise Unreached(f"a closed loop: nothing arrived in {watch.seconds:.1f} s")
    return messages / watch.seconds


def _figures(name: str, rounds: list[list[float]]) -> list[Figure]:
    is_ours = name == NATTERJACK
    figures = [
        Figure(
            f"{name}, p50",
            "ms",
            [percentile(each, 50) for each in rounds],
            at_most=MAX_P50_MILLISECONDS if is_ours else None,
        ),
        Figure("  slowest of a round", "ms", [max(each) for each in rounds]),
    ]
    if len(everything := _together(rounds)) >= _ENOUGH:
        target = MAX_P99_MILLISECONDS if is_ours else None
        figures.insert(1, Figure("  p99", "ms", [percentile(everything, 99)], at_most=target))
    return figures


def _together(rounds: list[list[float]]) -> list[float]:
    return [milliseconds for each in rounds for milliseconds in each]
