"""How long a message takes to the last of 1,000 sockets, at 5 posts a second.

An open loop: message i is due at i/5 s whatever became of the ones before it, and its time runs
from then, not from when it could be sent. So a server that stalls is charged for all who waited.
What a message is with us and with the peers is as in `delivery`.
"""

from bench import paced
from bench.gatherings import NATTERJACK, beside
from bench.paced import Round
from bench.peers.roster import PEERS
from bench.report import Figure
from bench.rounds import Bench

MAX_P50_MILLISECONDS, MAX_P99_MILLISECONDS = 18.0, 35.0
WRITERS = 10
# Of fewer, the 99th of 100 is the last one.
_ENOUGH = 100


def latency(bench: Bench) -> None:
    plan = bench.plan
    with beside(bench, PEERS, plan.crowd, WRITERS) as rows:
        found = paced.rounds(bench, rows, plan.latency_posts_a_second, plan.latency_seconds)
    for name, rounds in found.items():
        bench.result.figures += _figures(name, rounds)
    bench.result.samples = {name: _together(rounds) for name, rounds in found.items()}
    count = len(bench.result.samples[NATTERJACK])
    bench.result.notes.append(f"p99: of all messages of all rounds together, {count} of them ours")


def _figures(name: str, rounds: list[Round]) -> list[Figure]:
    is_ours = name == NATTERJACK
    figures = [
        Figure(
            f"{name}, p50",
            "ms",
            [percentile(each.milliseconds, 50) for each in rounds],
            at_most=MAX_P50_MILLISECONDS if is_ours else None,
        ),
        Figure("  slowest of a round", "ms", [max(each.milliseconds) for each in rounds]),
    ]
    if len(everything := _together(rounds)) >= _ENOUGH:
        target = MAX_P99_MILLISECONDS if is_ours else None
        figures.insert(1, Figure("  p99", "ms", [percentile(everything, 99)], at_most=target))
    return figures


def _together(rounds: list[Round]) -> list[float]:
    return [milliseconds for each in rounds for milliseconds in each.milliseconds]


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that is at least as large as `percent` of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
