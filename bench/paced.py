"""Rounds of an open loop: a room in which messages come at their times, whatever happens."""

from dataclasses import dataclass, replace
from time import perf_counter

from bench.cores import Watch
from bench.crowd import pace
from bench.gatherings import NATTERJACK, Gathering, Row
from bench.rounds import Bench

# Who writes a message each in turn.
WRITERS = 10
AS_SLOWLY = f"{NATTERJACK} as slowly"


@dataclass(frozen=True)
class Round:
    """`milliseconds` run from the time at which a message was due to its arrival at the last."""

    milliseconds: list[float]
    server_seconds_a_delivery: float


def rounds(
    bench: Bench, rows: list[Row], a_second: float, seconds: float
) -> dict[str, list[Round]]:
    """All rows in turns, for as many rounds as are planned. Slow ones have their own rate, and are
    compared with Natterjack at that."""
    slow_a_second = bench.plan.slow_posts_a_second
    if any(row.is_slow for row in rows):
        rows = [*rows, replace(rows[0], name=AS_SLOWLY, is_slow=True)]
    found: dict[str, list[Round]] = {row.name: [] for row in rows}
    for _ in bench.rounds(bench.plan.rounds):
        for row in rows:
            rate = slow_a_second if row.is_slow else a_second
            found[row.name].append(round_of(bench, row, rate, seconds))
    slow = ", ".join(row.name for row in rows if row.is_slow)
    bench.result.notes.append(
        f"{bench.plan.crowd:,} sockets, {a_second:g} messages a second"
        + (f"; {slow_a_second:g} a second: {slow}" if slow else "")
    )
    return found


def round_of(bench: Bench, row: Row, a_second: float, seconds: float) -> Round:
    """Behind a warm-up that is not counted. Complains where the load was too much."""
    warm_up = range(1, 2 + int(bench.plan.warm_up_seconds * a_second))
    numbers = range(warm_up.stop, warm_up.stop + max(1, int(seconds * a_second)))
    with row.gather() as here:
        here.loop.run_for(row.settle_seconds)
        carry_out(here, warm_up, a_second)
        watch = Watch(bench.cores, *here.server.pids)
        due = carry_out(here, numbers, a_second)
        watch.stop()
    here.server.rest()
    bench.check(watch, row.name)
    bench.check_not_saturated(watch, f"{row.name} at {a_second:g} messages a second")
    delivered = here.ledger.delivered_at
    return Round(
        [(delivered[number] - due[number]) * 1000 for number in numbers],
        watch.server_seconds / (len(numbers) * here.ledger.listeners),
    )


def carry_out(here: Gathering, numbers: range, a_second: float) -> dict[int, float]:
    """Until everybody has everything; returns when each was due."""
    due = pace(here.loop, here.ledger, here.writers, numbers, a_second)
    here.loop.run_for(due[numbers[-1]] - perf_counter())
    here.finish()
    return due
