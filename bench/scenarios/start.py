"""From the command to its first answer (200 for the sign-in page).

`serve` on data that is there, `serve` on an empty data directory (it makes the key, the tables and
the static files first), and `make run` where everything is installed. The files of the programs
are in the system's cache: the first run of each kind is not counted.
"""

import sys
from collections.abc import Mapping

from bench.report import Figure
from bench.rounds import Bench
from bench.servers import running
from bench.site import Site, data_directory, environment, populated

MAX_SECONDS = 3.0
SERVE = [sys.executable, "manage.py", "serve"]
MAKE = ["make", "--silent", "run"]
PAGE = "/login/"


def start(bench: Bench) -> None:
    kinds: dict[str, list[float]] = {"make run": [], "serve": [], "serve, no data yet": []}
    with populated(12, bench.plan.messages) as site:
        _round(bench, site)
        for number in range(1, bench.plan.rounds + 1):
            bench.say(f"round {number} of {bench.plan.rounds}")
            for kind, seconds in _round(bench, site).items():
                kinds[kind].append(seconds)
    bench.result.figures += [
        Figure(kind, "s", seconds, at_most=MAX_SECONDS) for kind, seconds in kinds.items()
    ]


def _round(bench: Bench, site: Site) -> dict[str, float]:
    with data_directory() as empty:
        nothing = environment(empty)
        return {
            "make run": _seconds(bench, MAKE, site.environment),
            "serve": _seconds(bench, SERVE, site.environment),
            "serve, no data yet": _seconds(bench, SERVE, nothing),
        }


def _seconds(bench: Bench, command: list[str], variables: Mapping[str, str]) -> float:
    with running(bench.cores.server, command, PAGE, variables) as server:
        return server.started_in_seconds
