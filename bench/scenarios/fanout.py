"""How many deliveries a second one core of server makes, beside Socket.IO and Channels' tutorial.

500 sockets in one room, and 16 messages on their way at any moment: whoever wrote one writes the
next as soon as everybody has it. With us each goes the whole way: form with token over HTTP,
session, durable transaction, Markdown, rendering, hub, socket; and the pages answer with `read`.
The peers pass on 1 KiB, half of what our pages get for a message.
"""

from dataclasses import dataclass

from bench.cores import Watch
from bench.crowd import saturate
from bench.errors import Unreached
from bench.gatherings import NATTERJACK, Gather, beside
from bench.peers.roster import SOCKET_IO, TUTORIAL
from bench.report import Figure
from bench.rounds import Bench

MIN_RATIOS = {SOCKET_IO.name: 1.0, TUTORIAL.name: 10.0}


@dataclass(frozen=True)
class Round:
    deliveries_a_second: float
    server_seconds_a_delivery: float
    messages_a_second: float


def fanout(bench: Bench) -> None:
    plan = bench.plan
    with beside(bench, [SOCKET_IO, TUTORIAL], plan.sockets, plan.in_flight) as rows:
        found: dict[str, list[Round]] = {row.name: [] for row in rows}
        for number in range(1, plan.rounds + 1):
            bench.say(f"round {number} of {plan.rounds}")
            for row in rows:
                found[row.name].append(round_of(bench, row.gather, row.name))
    bench.result.figures += _figures(found.pop(NATTERJACK), found)


def round_of(bench: Bench, gather: Gather, what: str) -> Round:
    """A closed loop in one room, saturated."""
    with gather() as here:
        end = saturate(here.loop, here.ledger, here.writers, first=1)
        here.loop.run_for(bench.plan.warm_up_seconds)
        before, messages_before = here.ledger.deliveries, len(here.ledger.delivered_at)
        watch = Watch(bench.cores, *here.server.pids)
        here.loop.run_for(bench.plan.fanout_seconds)
        watch.stop()
        deliveries = here.ledger.deliveries - before
        messages = len(here.ledger.delivered_at) - messages_before
        end()
        here.finish()
    here.server.rest()
    if not deliveries:
        raise Unreached(f"{what}: nothing arrived in {watch.seconds:.1f} s")
    bench.check(watch, what)
    bench.check_saturated(watch, what)
    return Round(
        deliveries / watch.seconds, watch.server_seconds / deliveries, messages / watch.seconds
    )


def _figures(own: list[Round], peers: dict[str, list[Round]]) -> list[Figure]:
    figures = [Figure("deliveries", "/s", [each.deliveries_a_second for each in own])]
    for name, rounds in peers.items():
        pairs = zip(own, rounds, strict=True)
        ratios = [ours.deliveries_a_second / other.deliveries_a_second for ours, other in pairs]
        figures += [
            Figure(f"  {name}", "/s", [each.deliveries_a_second for each in rounds]),
            Figure("  ours to theirs", "×", ratios, at_least=MIN_RATIOS[name]),
        ]
    figures.append(Figure("messages", "/s", [each.messages_a_second for each in own]))
    figures.append(Figure("server CPU a delivery", "µs", _costs(own)))
    return figures + [Figure(f"  {name}", "µs", _costs(peers[name])) for name in peers]


def _costs(rounds: list[Round]) -> list[float]:
    return [each.server_seconds_a_delivery * 1e6 for each in rounds]
