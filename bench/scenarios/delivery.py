"""What one delivery costs: the server's CPU, in a room of 1,000 sockets.

An open loop at the same rate for all, so that nobody gains from a backlog that goes out together;
a lower one for those whose core could not take it. With us a message goes the whole way: form with
token over HTTP, session, durable transaction, Markdown, rendering, hub, socket; and the pages
answer with `read`. The peers pass on 1 KiB, half of what our pages get for a message: what they do
and what they leave out is in their folders, in bench/peers.
"""

from bench import paced
from bench.gatherings import NATTERJACK, beside
from bench.peers.roster import ACTION_CABLE, FLOOR, PEERS, TUTORIAL
from bench.report import Figure
from bench.rounds import Bench

WRITERS = 10
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
    bench.result.figures += _figures(costs.pop(NATTERJACK), costs)


def _figures(own: list[float], costs: dict[str, list[float]]) -> list[Figure]:
    figures = [Figure("server CPU a delivery", "µs", own)]
    for name, theirs in costs.items():
        figures.append(Figure(f"  {name}", "µs", theirs))
        pairs = list(zip(own, theirs, strict=True))
        if name == FLOOR.name:
            ratios = [ours / other for ours, other in pairs]
            figures.append(Figure("  ours to the floor's", "×", ratios, at_most=MAX_OF_FLOOR))
        else:
            ratios = [other / ours for ours, other in pairs]
            figures.append(Figure("  theirs to ours", "×", ratios, at_least=MIN_RATIOS.get(name)))
    return figures
