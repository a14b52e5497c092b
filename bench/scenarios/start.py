"""From the command to its first answer (200 for the sign-in page), beside plain daphne with the
chat of the Channels tutorial.

`serve` on data that is there, `serve` on an empty data directory (it makes the key, the tables and
the static files first), and `make run` where everything is installed. The files of the programs
are in the system's cache: the first run of each kind is not counted.
"""

import sys
from collections.abc import Mapping

from bench.cores import Watch
from bench.gatherings import installed, served
from bench.peers.roster import TUTORIAL
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import running
from bench.site import Site, data_directory, environment, populated

MAX_SECONDS = 1.5
SERVE = [sys.executable, "manage.py", "serve"]
MAKE = ["make", "--silent", "run"]
PAGE = "/login/"


def start(bench: Bench) -> None:
    kinds: dict[str, list[float]] = {"make run": [], "serve": [], "serve, no data yet": []}
    tutorial: list[float] = []
    with populated(12, bench.plan.messages) as site:
        if not bench.leave_out("the first run of each kind, which is not counted"):
            _round(bench, site)
        for _ in bench.rounds(bench.plan.rounds):
            for kind, seconds in _round(bench, site).items():
                kinds[kind].append(seconds)
            for peer in installed(bench, [TUTORIAL]):
                with served(bench, peer) as server:
                    tutorial.append(server.started_in_seconds)
    bench.result.figures += [
        Figure(kind, "s", seconds, at_most=MAX_SECONDS) for kind, seconds in kinds.items()
    ]
    if tutorial:
        bench.result.figures.append(Figure(TUTORIAL.name, "s", tutorial))


def _round(bench: Bench, site: Site) -> dict[str, float]:
    with data_directory() as empty:
        nothing = environment(empty)
        return {
            "make run": _seconds(bench, MAKE, site.environment),
            "serve": _seconds(bench, SERVE, site.environment),
            "serve, no data yet": _seconds(bench, SERVE, nothing),
        }


def _seconds(bench: Bench, command: list[str], variables: Mapping[str, str]) -> float:
    watch = Watch(bench.cores)
    with running(bench.cores.server, command, PAGE, variables) as server:
        seconds = server.started_in_seconds
    watch.stop()
    bench.check(watch, command[0])
    return seconds
