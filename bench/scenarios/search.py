"""Search on a populated site: how long one waits for rare, common and forbidden words.

The bare query is asked in the site's own process, without HTTP; the page by one browser on a kept
connection, each question as soon as the last one is answered. Forbidden words stand in private
rooms alone, in a twentieth of all messages and the newest ones, and are looked for by somebody who
is in none of these rooms: what a site answers then must neither tell nor take long.
"""

import json
import re
from time import perf_counter
from urllib.parse import urlencode

from bench.cores import Watch
from bench.errors import Invalid
from bench.http import Client
from bench.loop import Loop
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, in_shell, populated

MAX_MILLISECONDS = 10.0
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


def search(bench: Bench) -> None:
    plan = bench.plan
    bench.say(f"invents {plan.found_messages:,} messages")
    with populated(plan.grown_people, plan.found_messages, rooms=plan.grown_rooms) as site:
        in_shell(_HIDE.format(count=plan.found_messages // 20), site.environment)
        bench.say("asks the index")
        count = plan.searches
        bare = json.loads(in_shell(_ASK.format(words=WORDS, count=count), site.environment))
        with natterjack(bench.cores.server, site) as server:
            pages = {}
            for kind in WORDS:
                bench.say(f"asks for pages with {kind} words")
                pages[kind] = _pages(bench, server, site, kind)
    for kind in WORDS:
        bench.result.figures += [
            *_figures(f"{kind}, query", bare[kind], at_most=MAX_MILLISECONDS),
            *_figures(f"{kind}, page", pages[kind]),
        ]


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
    ordered = sorted(milliseconds)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return [
        Figure(f"{name}, p50", "ms", [p50]),
        Figure(f"{name}, p99", "ms", [p99], at_most=at_most),
    ]
