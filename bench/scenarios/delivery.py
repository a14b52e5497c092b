"""What one delivery costs: the server's CPU, in a room of 1,000 sockets.

An open loop at the same rate for all, so that nobody gains from a backlog that goes out together;
a lower one for those whose core could not take it, and for us once more beside them: the fewer
messages there are, the more of what goes on without any falls to each. With us a message goes the
whole way: form with token over HTTP, session, durable transaction, Markdown, rendering, hub,
socket; and the pages answer with `read`. The peers pass on 1 KiB, half of what our pages get for a
message: what they do and what they leave out is in their folders, in bench/peers.
"""

from bench import paced
from bench.gatherings import NATTERJACK, beside
from bench.paced import AS_SLOWLY, WRITERS
from bench.peers.roster import ACTION_CABLE, FLOOR, PEERS, TUTORIAL
from bench.report import Figure
from bench.rounds import Bench

MAX_OF_FLOOR = 2.0
MIN_RATIOS = {ACTION_CABLE.name: 18.0, TUTORIAL.name: 25.0}


def delivery(bench: Bench) -> None:
    plan = bench.plan
    with beside(bench, PEERS, plan.crowd, WRITERS) as rows:
        found = paced.rounds(bench, rows, plan.delivery_posts_a_second, plan.delivery_seconds)
    costs = {
        name: [each.server_seconds_a_delivery * 1e6 for each in rounds]
        for name, rounds in found.items()
    }
    slow = {row.name for row in rows if row.is_slow}
    bench.result.figures += _figures(costs, slow)


def _figures(costs: dict[str, list[float]], slow: set[str]) -> list[Figure]:
    figures = [Figure("server CPU a delivery", "µs", costs[NATTERJACK])]
    if AS_SLOWLY in costs:
        figures.append(Figure(f"  {AS_SLOWLY}", "µs", costs[AS_SLOWLY]))
    for name, theirs in costs.items():
        if name in (NATTERJACK, AS_SLOWLY):
            continue
        figures.append(Figure(f"  {name}", "µs", theirs))
        own = costs[AS_SLOWLY if name in slow else NATTERJACK]
        pairs = list(zip(own, theirs, strict=True))
        if name == FLOOR.name:
            ratios = [ours / other for ours, other in pairs]
            figures.append(Figure("  ours to the floor's", "×", ratios, at_most=MAX_OF_FLOOR))
        else:
            ratios = [other / ours for ours, other in pairs]
            figures.append(Figure("  theirs to ours", "×", ratios, at_least=MIN_RATIOS.get(name)))
    return figures
