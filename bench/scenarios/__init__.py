"""What is measured, in the order in which it is run: name → function that fills a result."""

from collections.abc import Callable

from bench.rounds import Bench
from bench.scenarios.curves import curves
from bench.scenarios.delivery import delivery
from bench.scenarios.fanout import fanout
from bench.scenarios.growth import growth
from bench.scenarios.jitter import jitter
from bench.scenarios.latency import latency
from bench.scenarios.memory import memory
from bench.scenarios.page import page
from bench.scenarios.posts import posts
from bench.scenarios.programs import programs
from bench.scenarios.restart import restart
from bench.scenarios.search import search
from bench.scenarios.servers import servers
from bench.scenarios.start import start

SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "delivery": delivery,
    "fanout": fanout,
    "latency": latency,
    "memory": memory,
    "page": page,
    "posts": posts,
    "programs": programs,
    "search": search,
    "growth": growth,
    "curves": curves,
    "servers": servers,
    "start": start,
    "restart": restart,
    "jitter": jitter,
}
# What a quick look does without, unless they are named: each takes a sixth of its time by itself.
LONG = ["memory", "growth", "servers", "start"]
# What a check runs: whatever could be lost, doubled or not whole shows in these.
CHECKED = ["fanout", "latency", "page", "posts", "programs", "search", "restart"]
