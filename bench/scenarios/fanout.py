"""How many deliveries a second one core of server makes, beside Socket.IO and Channels' tutorial.

500 sockets in one room, and 16 messages on their way at any moment: whoever wrote one writes the
next as soon as everybody has it. With us each goes the whole way: form with token over HTTP,
session, durable transaction, Markdown, rendering, hub, socket; and the pages answer with `read`.
Once more all that behind a bot's frame instead of a form: the peers' pages write over their
sockets. They pass on 1 KiB, half of what our pages get for a message.
"""

from dataclasses import dataclass

from bench.cores import Watch
from bench.crowd import saturate
from bench.errors import Unreached
from bench.gatherings import BY_FRAME, NATTERJACK, Gather, beside
from bench.peers.roster import SOCKET_IO, TUTORIAL
from bench.report import Figure
from bench.rounds import Bench

# Of the load: so many are on their way that nobody waits for it. The C library's calls for each
# frame alone would keep its core busier than the servers.
_REST_SECONDS = 0.005
MIN_RATIOS = {SOCKET_IO.name: 1.0, TUTORIAL.name: 10.0}


@dataclass(frozen=True)
class Round:
    deliveries_a_second: float
    server_seconds_a_delivery: float
    messages_a_second: float


def fanout(bench: Bench) -> None:
    plan = bench.plan
    peers = [SOCKET_IO, TUTORIAL]
    with beside(bench, peers, plan.sockets, plan.in_flight, has_bots=True) as rows:
        found: dict[str, list[Round]] = {row.name: [] for row in rows}
        for _ in bench.rounds(plan.rounds):
            for row in rows:
                found[row.name].append(round_of(bench, row.gather, row.name))
    own = {name: found.pop(name) for name in (NATTERJACK, BY_FRAME)}
    bench.result.figures += [each for name in own for each in _figures(name, own[name], found)]
    bench.result.figures += [Figure(f"{name}", "/s", _rates(found[name])) for name in found]
    costs = (own | found).items()
    bench.result.figures += [
        Figure(f"server CPU a delivery, {name}", "µs", _costs(rounds)) for name, rounds in costs
    ]


def round_of(bench: Bench, gather: Gather, what: str) -> Round:
    """A closed loop in one room, saturated."""
    with gather() as here:
        here.loop.rest_seconds = _REST_SECONDS
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


def _figures(name: str, own: list[Round], peers: dict[str, list[Round]]) -> list[Figure]:
    figures = [Figure(name, "/s", _rates(own))]
    for peer, rounds in peers.items():
        pairs = zip(own, rounds, strict=True)
        ratios = [ours.deliveries_a_second / other.deliveries_a_second for ours, other in pairs]
        figures.append(Figure(f"  to {peer}", "×", ratios, at_least=MIN_RATIOS[peer]))
    messages = [each.messages_a_second for each in own]
    return [*figures, Figure("  messages", "/s", messages)]


def _rates(rounds: list[Round]) -> list[float]:
    return [each.deliveries_a_second for each in rounds]


def _costs(rounds: list[Round]) -> list[float]:
    return [each.server_seconds_a_delivery * 1e6 for each in rounds]
