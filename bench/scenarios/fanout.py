"""How many deliveries a second one core of server makes, beside the Channels tutorial's chat.

500 sockets in one room, and 16 messages on their way at any moment: whoever wrote one writes the
next as soon as everybody has it. With us each goes the whole way: form with token over HTTP,
session, durable transaction, Markdown, rendering, hub, socket; and the pages answer with `read`.
The tutorial's chat takes the same text from a socket and passes it on.
"""

from dataclasses import dataclass
from functools import partial

from bench import gatherings
from bench.cores import Watch
from bench.crowd import saturate
from bench.gatherings import Gather
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import daphne_with, natterjack
from bench.site import populated

MIN_RATIO = 10.0


@dataclass(frozen=True)
class Round:
    deliveries_a_second: float
    server_seconds_a_delivery: float
    messages_a_second: float


def fanout(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.sockets} people")
    with (
        populated(plan.sockets, plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
        daphne_with(bench.cores.server, "bench.peers.tutorial.asgi:application", "/") as peer,
    ):
        sizes = (plan.sockets, plan.in_flight)
        own: list[Round] = []
        tutorial: list[Round] = []
        for number in range(1, plan.rounds + 1):
            bench.say(f"round {number} of {plan.rounds}")
            at_ours = partial(gatherings.at_natterjack, ours, site, *sizes)
            at_peer = partial(gatherings.at_tutorial, peer, *sizes)
            own.append(round_of(bench, at_ours, "natterjack"))
            tutorial.append(round_of(bench, at_peer, "tutorial"))
    bench.result.figures += _figures(own, tutorial)


def round_of(bench: Bench, gather: Gather, what: str) -> Round:
    """A closed loop in one room, saturated."""
    with gather() as here:
        end = saturate(here.loop, here.ledger, here.writers, first=1)
        here.loop.run_for(bench.plan.warm_up_seconds)
        before, messages_before = here.ledger.deliveries, len(here.ledger.delivered_at)
        watch = Watch(bench.cores, here.server.pid)
        here.loop.run_for(bench.plan.fanout_seconds)
        watch.stop()
        deliveries = here.ledger.deliveries - before
        messages = len(here.ledger.delivered_at) - messages_before
        end()
        here.finish()
    bench.check(watch, what)
    bench.check_saturated(watch, what)
    return Round(
        deliveries / watch.seconds, watch.server_seconds / deliveries, messages / watch.seconds
    )


def _figures(own: list[Round], tutorial: list[Round]) -> list[Figure]:
    pairs = list(zip(own, tutorial, strict=True))
    return [
        Figure("deliveries", "/s", [each.deliveries_a_second for each in own]),
        Figure("  tutorial", "/s", [each.deliveries_a_second for each in tutorial]),
        Figure(
            "  ratio",
            "×",
            [ours.deliveries_a_second / theirs.deliveries_a_second for ours, theirs in pairs],
            at_least=MIN_RATIO,
        ),
        Figure("messages", "/s", [each.messages_a_second for each in own]),
        Figure("  tutorial", "/s", [each.messages_a_second for each in tutorial]),
        Figure(
            "server CPU a delivery", "µs", [each.server_seconds_a_delivery * 1e6 for each in own]
        ),
        Figure("  tutorial", "µs", [each.server_seconds_a_delivery * 1e6 for each in tutorial]),
    ]
