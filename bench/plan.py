"""How large and how long: the full measurement, or a look in under two minutes.

Where nobody else works, half of a look is the starts of servers and the making of sites. So its
sizes are those of one site, which is made once and copied (bench.site), and what takes long beside
what it tells is left out of it. The tables name that.
"""

import os
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """Sizes of all scenarios. `*_seconds` are a single measured phase, warm-up apart."""

    rounds: int = 5
    # Of what `Bench.leave_out` is asked about.
    is_look: bool = False
    # Whether those that we are compared with run too. The empty view is none of them.
    has_peers: bool = True
    # In one room: of `fanout` and `programs`, and of `delivery` and `latency`.
    sockets: int = 500
    crowd: int = 1000
    # Messages that are on their way at once, in the closed loop of `fanout`.
    in_flight: int = 16
    warm_up_seconds: float = 1.0
    # Who has just come is told who is here, and what they have to read, for some seconds.
    settle_seconds: float = 6.0
    fanout_seconds: float = 4.0
    # Of the open loops of the crowd; and what the core of slow peers takes with room to spare.
    delivery_posts_a_second: float = 10.0
    latency_posts_a_second: float = 5.0
    slow_posts_a_second: float = 1.0
    # Of `restart`.
    posts_a_second: float = 2.0
    # All pages send their `read` together, every 5 s: so one of each falls into a measured phase.
    delivery_seconds: float = 5.0
    latency_seconds: float = 6.0
    few_sockets: int = 200
    many_sockets: int = 1200
    returning_sockets: int = 1000
    # Of `restart` and `jitter`, which take their time and whose results are right or wrong.
    rough_rounds: int = 5
    jitter_seconds: float = 15.0
    page_seconds: float = 2.0
    posts_seconds: float = 4.0
    messages: int = 2000
    found_messages: int = 1_000_000
    searches: int = 300
    grown_people: int = 500
    grown_rooms: int = 500
    visits: int = 200
    curve_rounds: int = 3
    curve_sockets: tuple[int, ...] = (100, 200, 400, 800, 1600)
    curve_peer_sockets: tuple[int, ...] = (100, 200, 400)
    curve_members: tuple[int, ...] = (10, 100, 1000)
    curve_rooms: tuple[int, ...] = (10, 100, 1000)
    curve_messages: tuple[int, ...] = (1000, 100_000, 1_000_000)
    curve_visits: int = 60


QUICK = Plan(
    rounds=1,
    is_look=True,
    sockets=200,
    crowd=200,
    warm_up_seconds=0.2,
    settle_seconds=0.5,
    fanout_seconds=0.6,
    delivery_seconds=0.6,
    latency_seconds=0.6,
    few_sockets=50,
    many_sockets=200,
    returning_sockets=200,
    rough_rounds=1,
    jitter_seconds=1.5,
    page_seconds=0.6,
    posts_seconds=0.8,
    messages=500,
    found_messages=5_000,
    searches=20,
    grown_people=50,
    grown_rooms=50,
    visits=8,
    curve_rounds=1,
    curve_sockets=(50, 200),
)


# One round shows whether our results are right.
CHECK = replace(QUICK, has_peers=False)


def chosen() -> Plan:
    """QUICK with `BENCH_QUICK=1` in the environment."""
    return QUICK if os.environ.get("BENCH_QUICK", "") not in {"", "0"} else Plan()
