"""The room's page with 50 messages: how many a second from one core, and how many bytes.

Four browsers, each asking again as soon as it has its answer, compressed; beside it a Django view
that does nothing, on the same server. The bytes are those of a first visit: the page and all that
it names (sockets and what is fetched while typing apart).
"""

import re
from contextlib import ExitStack

from bench.cores import Watch
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.loop import Loop
from bench.product import SLUG
from bench.report import Figure
from bench.rounds import Bench
from bench.servers import Server, daphne_with, natterjack
from bench.site import Site, populated

BROWSERS = 4
MIN_RATIO = 0.3
MAX_SCRIPT_KILOBYTES, MAX_KILOBYTES, MAX_REQUESTS = 25.0, 60.0, 6
_PART = re.compile(r'<(?:link|script)[^>]*(?:href|src)="(/[^"]+)"')
_MESSAGES = 50


def page(bench: Bench) -> None:
    plan = bench.plan
    bench.say("invents a room")
    own: list[float] = []
    empty: list[float] = []
    with (
        populated(12, plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
        daphne_with(bench.cores.server, "bench.peers.empty:application", "/") as peer,
    ):
        for number in range(1, plan.rounds + 1):
            bench.say(f"round {number} of {plan.rounds}")
            own.append(answers_a_second(bench, ours, f"/rooms/{SLUG}/", site.sessions))
            empty.append(answers_a_second(bench, peer, "/", [""]))
        sizes = _sizes(ours, site)
    ratios = [one / other for one, other in zip(own, empty, strict=True)]
    bench.result.figures += [
        Figure("room page", "/s", own),
        Figure("  empty view", "/s", empty),
        Figure("  ratio", "×", ratios, at_least=MIN_RATIO),
        *sizes,
    ]


def answers_a_second(bench: Bench, server: Server, path: str, sessions: list[str]) -> float:
    """Of a path, to four browsers that ask again at once."""
    loop, count = Loop(), 0
    people = (sessions * BROWSERS)[:BROWSERS]
    clients = [Client(loop, server.port, session) for session in people]

    def ask(client: Client) -> None:
        def answered(answer: Answer) -> None:
            nonlocal count
            count += 1
            if answer.status != 200:
                raise Invalid(f"{path} answered {answer.status}")
            ask(client)

        client.request(path, answered)

    for client in clients:
        ask(client)
    with ExitStack() as closing:
        for client in clients:
            closing.callback(client.close)
        loop.run_for(bench.plan.warm_up_seconds)
        before, watch = count, Watch(bench.cores, server.pid)
        loop.run_for(bench.plan.page_seconds)
        watch.stop()
        answers = count - before
    bench.check(watch, f"page {path}")
    return answers / watch.seconds


def _sizes(server: Server, site: Site) -> list[Figure]:
    """Compressed kB (1,000 bytes) of a first visit, by kind; checks that the page is whole."""
    client = Client(Loop(), server.port, site.sessions[1])
    first = client.get(f"/rooms/{SLUG}/")
    if (found := len(re.findall(r'id="message-\d+"', first.text))) != _MESSAGES:
        raise Invalid(f"the room's page shows {found} messages, not {_MESSAGES}")
    answers = [first, *(client.get(path) for path in dict.fromkeys(_PART.findall(first.text)))]
    client.close()
    kilobytes: dict[str, float] = {}
    for answer in answers:
        if answer.status != 200:
            raise Invalid(f"a part of the page answered {answer.status}")
        kind = answer.headers["content-type"].partition(";")[0].rpartition("/")[2]
        kilobytes[kind] = kilobytes.get(kind, 0.0) + len(answer.body) / 1000
    return [
        Figure("requests of a first visit", "", [len(answers)], at_most=MAX_REQUESTS),
        Figure("  HTML", "kB", [kilobytes["html"]]),
        Figure("  CSS", "kB", [kilobytes["css"]]),
        Figure("  JavaScript", "kB", [kilobytes["javascript"]], at_most=MAX_SCRIPT_KILOBYTES),
        Figure("  in all", "kB", [sum(kilobytes.values())], at_most=MAX_KILOBYTES),
    ]
