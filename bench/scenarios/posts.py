"""How many messages a second one process stores for good, into one room on SQLite.

By form: 16 signed-in people, each on a kept connection, who send the next message when the last
one is answered, which it is behind the commit. By frame: 16 sockets with eight messages each on
their way, the next of which is sent when one has come back. In both somebody reads along, and
has to get each message once. Beside them a Django view that does nothing, on the same server.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count

from bench import product
from bench.cores import Watch
from bench.crowd import Crowd, saturate
from bench.ledger import Ledger
from bench.loop import Loop
from bench.product import Page, Poster, Talker
from bench.report import Figure
from bench.rounds import Bench
from bench.scenarios.page import answers_a_second
from bench.servers import Server, daphne_with, natterjack
from bench.site import Site, populated

WRITERS = 16
IN_FLIGHT = 8
MIN_BY_FORM, MIN_BY_FRAME = 250.0, 1000.0
_DELIVER_SECONDS = 60.0


@dataclass(frozen=True)
class Room:
    """A server's room with one reader, for one round."""

    server: Server
    site: Site
    loop: Loop
    ledger: Ledger


Write = Callable[[Room], Callable[[], None]]


def posts(bench: Bench) -> None:
    bench.say("invents a room")
    by_form: list[float] = []
    by_frame: list[float] = []
    empty: list[float] = []
    with (
        populated(WRITERS + 1, bench.plan.messages) as site,
        natterjack(bench.cores.server, site) as ours,
        daphne_with(bench.cores.server, "bench.peers.empty:application", "/") as peer,
    ):
        for number in range(1, bench.plan.rounds + 1):
            bench.say(f"round {number} of {bench.plan.rounds}")
            by_form.append(stored_a_second(bench, ours, site, write_by_form))
            by_frame.append(stored_a_second(bench, ours, site, _by_frame))
            empty.append(answers_a_second(bench, peer, "/", [""]))
    bench.result.figures += [
        Figure("by form", "/s", by_form, at_least=MIN_BY_FORM),
        Figure("  ratio to the empty view", "×", _ratios(by_form, empty)),
        Figure("by frame", "/s", by_frame, at_least=MIN_BY_FRAME),
        Figure("  ratio to the empty view", "×", _ratios(by_frame, empty)),
        Figure("empty view", "/s", empty),
    ]


def stored_a_second(bench: Bench, server: Server, site: Site, write: Write) -> float:
    """Messages that the reader has got; all of them are there in the end, each once."""
    with _room(server, site) as room:
        end = write(room)
        room.loop.run_for(bench.plan.warm_up_seconds)
        before, watch = room.ledger.deliveries, Watch(bench.cores, server.pid)
        room.loop.run_for(bench.plan.posts_seconds)
        watch.stop()
        stored = room.ledger.deliveries - before
        end()
        what = "every message at the reader"
        room.loop.run_until(lambda: not room.ledger.outstanding, _DELIVER_SECONDS, what)
    bench.check(watch, "posts")
    bench.check_saturated(watch, "posts")
    return stored / watch.seconds


@contextmanager
def _room(server: Server, site: Site) -> Iterator[Room]:
    loop, ledger = Loop(), Ledger(listeners=1)
    place = product.open_room(loop, server.port, site.sessions[-1])
    crowd = Crowd(loop)
    crowd.grow([partial(Page, loop, server.port, site.sessions[-1], place, ledger)])
    try:
        yield Room(server, site, loop, ledger)
    finally:
        crowd.close()


def write_by_form(room: Room) -> Callable[[], None]:
    """Sixteen who write the next one when the last one is answered. Returns their end."""
    numbers, posters, is_over = count(1), list[Poster](), False

    def go_on(poster: Poster) -> None:
        if not is_over:
            number = next(numbers)
            room.ledger.expect(number)
            poster.write(number)

    def end() -> None:
        nonlocal is_over
        is_over = True
        done = "every post answered"
        room.loop.run_until(
            lambda: not any(each.unanswered for each in posters), _DELIVER_SECONDS, done
        )
        for poster in posters:
            poster.close()

    for session in room.site.sessions[:WRITERS]:
        token = product.open_room(room.loop, room.server.port, session).token
        posters.append(Poster(room.loop, room.server.port, session, token, on_answer=go_on))
    for poster in posters:
        go_on(poster)
    return end


def _by_frame(room: Room) -> Callable[[], None]:
    """Sixteen sockets, eight messages on their way at each. Returns their end."""
    talkers = [
        Talker(room.loop, room.server.port, session) for session in room.site.sessions[:WRITERS]
    ]
    what = "every writer's socket open"
    room.loop.run_until(lambda: all(each.is_open for each in talkers), _DELIVER_SECONDS, what)
    stop = saturate(room.loop, room.ledger, talkers * IN_FLIGHT, first=1)

    def end() -> None:
        stop()
        what = "every frame's message at the reader"
        room.loop.run_until(lambda: not room.ledger.outstanding, _DELIVER_SECONDS, what)
        for talker in talkers:
            talker.close()

    return end


def _ratios(ours: list[float], peers: list[float]) -> list[float]:
    return [own / other for own, other in zip(ours, peers, strict=True)]
