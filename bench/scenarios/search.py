"""Search on a populated site: how long one waits for rare, common and forbidden words.

The query is asked in the site's own process, without HTTP, in turns with the bare one: the newest
rows of the index that hold the words, from SQLite itself, for nobody in particular. The page is
asked for by one browser on a kept connection, each question as soon as the last one is answered.
Forbidden words stand in private rooms alone, in a twentieth of all messages and the newest ones,
and are looked for by somebody who is in none of these rooms: what a site answers then must neither
tell nor take long.

And the counts of what is new to somebody in 500 rooms, as their sidebar asks for them.
"""

import json
import re
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from bench.cores import Watch
from bench.errors import Invalid
from bench.http import Client
from bench.loop import Loop
from bench.percentiles import percentile
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, in_shell, populated

MAX_MILLISECONDS, MAX_COUNTING_MILLISECONDS = 10.0, 3.0
# Rare ones are numbers that populate has counted with: one message holds each, or none.
WORDS = {
    "rare": "{number}",
    "common": "the",
    "forbidden": "treasure",
    "phrase": '"small whiteboard"',
}
# These find something; and nobody who asks may see what is hidden.
_FOUND = {"common", "phrase"}
_HIT, _FORBIDDEN, _MARK = 'class="hit-text"', "treasure of the day", re.compile("</?mark>")
_HIDE = "from bench.treasure import hide; hide({count})"
_ASK = "from bench.treasure import ask; ask({words!r}, {count})"
_COUNT = "from bench.counts import ask; ask({count})"


def search(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.found_messages:,} messages")
    with populated(plan.grown_people, plan.found_messages, rooms=plan.grown_rooms) as site:
        in_shell(_HIDE.format(count=plan.found_messages // 20), site.environment)
        bench.say("asks the index")
        count = plan.searches
        found = json.loads(in_shell(_ASK.format(words=WORDS, count=count), site.environment))
        with natterjack(bench.cores.server, site) as server:
            server.rest()  # as in curves
            pages = {}
            for kind in WORDS:
                bench.say(f"asks for pages with {kind} words")
                pages[kind] = _pages(bench, server, site, kind)
        bench.say("asks what is new")
        counting = json.loads(in_shell(_COUNT.format(count=count), site.environment))
    for kind in WORDS:
        ours, bare = found[kind]
        bench.result.figures += [
            *_figures(f"{kind}, query", ours, at_most=MAX_MILLISECONDS),
            *_figures("  the bare one", bare),
            Figure("  ours to it, p50", "×", [median(ours) / median(bare)]),
            *_figures(f"{kind}, page", pages[kind]),
        ]
    bench.result.figures += _figures(
        f"counts of {plan.grown_rooms} rooms", counting, at_most=MAX_COUNTING_MILLISECONDS
    )


def _pages(bench: Bench, server: Server, site: Site, kind: str) -> list[float]:
    """Milliseconds from each question to its whole answer, which has to hold what it may."""
    milliseconds = []
    client = Client(Loop(), server.port, site.sessions[1])
    watch = Watch(bench.cores, server.pid)
    for number in range(bench.plan.searches):
        question = urlencode({"q": WORDS[kind].format(number=number * 997)})
        start = perf_counter()
        answer = client.get(f"/search/?{question}")
        milliseconds.append((perf_counter() - start) * 1000)
        if answer.status != 200:
            raise Invalid(f"/search/?{question} answered {answer.status}")
        if kind in _FOUND and _HIT not in answer.text:
            raise Invalid(f"/search/?{question} finds nothing")
        if _FORBIDDEN in _MARK.sub("", answer.text):
            raise Invalid(f"/search/?{question} shows what is not for who asks")
    watch.stop()
    client.close()
    bench.check(watch, f"search {kind}")
    return milliseconds


def _figures(name: str, milliseconds: list[float], at_most: float | None = None) -> list[Figure]:
    return [
        Figure(f"{name}, p50", "ms", [percentile(milliseconds, 50)]),
        Figure(f"{name}, p99", "ms", [percentile(milliseconds, 99)], at_most=at_most),
    ]
