"""How many messages a second one process stores for good, into one room on SQLite.

By form: 16 signed-in people, each on a kept connection, who send the next message when the last
one is answered. By frame: 16 bots with eight messages each on their way, the next of which is sent
when one is acknowledged. Answer and ack come behind the commit, and are what is counted. In both
somebody reads along, and has to get each message once; and behind each round the database has to
hold exactly what was acknowledged. Beside them a Django view that does nothing, on daphne too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count

from bench import product, stored
from bench.cores import Watch
from bench.crowd import Crowd, Writer
from bench.errors import Invalid
from bench.ledger import Ledger
from bench.loop import Loop
from bench.product import Page, Poster
from bench.programs import Bot
from bench.report import Figure
from bench.rounds import Bench
from bench.scenarios.page import answers_a_second, check_empty
from bench.servers import Server, daphne_with, natterjack
from bench.site import Site, populated, posting_tokens

WRITERS = 16
IN_FLIGHT = 8
MIN_BY_FORM, MIN_BY_FRAME = 250.0, 1000.0
_DELIVER_SECONDS = 60.0


@dataclass
class Room:
    """A server's room with one reader, for one round; and how many posts it has acknowledged."""

    server: Server
    site: Site
    loop: Loop
    ledger: Ledger
    acknowledged: int = 0


# Begins to write, and returns the end: it comes back when every post is acknowledged.
Write = Callable[[Room], Callable[[], None]]


def posts(bench: Bench) -> None:
    bench.say("invents a room")
    by_form: list[float] = []
    by_frame: list[float] = []
    empty: list[float] = []
    with populated(WRITERS + 1, bench.plan.messages) as site:
        write_by_frame = partial(_by_frame, posting_tokens(site, WRITERS))
        with (
            natterjack(bench.cores.server, site) as ours,
            daphne_with(bench.cores.server, "bench.empty:application", "/") as view,
        ):
            for _ in bench.rounds(bench.plan.rounds):
                by_form.append(stored_a_second(bench, ours, site, write_by_form))
                by_frame.append(stored_a_second(bench, ours, site, write_by_frame))
                empty.append(answers_a_second(bench, view, "/", [""], check_empty))
    bench.result.figures += [
        Figure("by form", "/s", by_form, at_least=MIN_BY_FORM),
        Figure("  ratio to the empty view", "×", _ratios(by_form, empty)),
        Figure("by frame", "/s", by_frame, at_least=MIN_BY_FRAME),
        Figure("  ratio to the empty view", "×", _ratios(by_frame, empty)),
        Figure("empty view", "/s", empty),
    ]


def stored_a_second(bench: Bench, server: Server, site: Site, write: Write) -> float:
    """Posts that were acknowledged. In the end the reader has got each of them once, and exactly
    they are in the database."""
    newest = stored.newest(site)
    with _room(server, site) as room:
        end = write(room)
        room.loop.run_for(bench.plan.warm_up_seconds)
        before, watch = room.acknowledged, Watch(bench.cores, server.pid)
        room.loop.run_for(bench.plan.posts_seconds)
        watch.stop()
        acknowledged = room.acknowledged - before
        end()
        what = "every message at the reader"
        room.loop.run_until(lambda: not room.ledger.outstanding, _DELIVER_SECONDS, what)
        if room.acknowledged != len(room.ledger.delivered_at):
            raise Invalid(f"{room.acknowledged} answers to {len(room.ledger.delivered_at)} posts")
    stored.check(site, newest, room.ledger.delivered_at)
    bench.check(watch, "posts")
    bench.check_saturated(watch, "posts")
    return acknowledged / watch.seconds


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


class _Writing:
    """A closed loop: whose message is acknowledged sends the next one."""

    def __init__(self, room: Room) -> None:
        self._room, self._numbers, self._is_over = room, count(1), False

    def begin(
        self, writers: Sequence[Writer], is_waiting: Callable[[], bool]
    ) -> Callable[[], None]:
        """One message for each time that a writer is named. Returns the end of it."""
        for writer in writers:
            self._go_on(writer)
        return partial(self._end, writers, is_waiting)

    def acknowledged(self, writer: Writer) -> None:
        self._room.acknowledged += 1
        if not self._is_over:
            self._go_on(writer)

    def _go_on(self, writer: Writer) -> None:
        number = next(self._numbers)
        self._room.ledger.expect(number)
        writer.write(number)

    def _end(self, writers: Sequence[Writer], is_waiting: Callable[[], bool]) -> None:
        self._is_over = True
        what = "every post acknowledged"
        self._room.loop.run_until(lambda: not is_waiting(), _DELIVER_SECONDS, what)
        for writer in dict.fromkeys(writers):
            writer.close()


def write_by_form(room: Room) -> Callable[[], None]:
    """Sixteen who write the next one when the last one is answered. Returns their end."""
    writing, posters = _Writing(room), list[Poster]()
    for session in room.site.sessions[:WRITERS]:
        token = product.open_room(room.loop, room.server.port, session).token
        answered = writing.acknowledged
        posters.append(Poster(room.loop, room.server.port, session, token, on_answer=answered))
    return writing.begin(posters, lambda: any(each.unanswered for each in posters))


def _by_frame(tokens: list[str], room: Room) -> Callable[[], None]:
    """A bot for each token, eight messages on their way at each. Returns their end."""
    writing = _Writing(room)
    bots = [Bot(room.loop, room.server.port, token, writing.acknowledged) for token in tokens]
    what = "every writer's socket open"
    room.loop.run_until(lambda: all(each.is_open for each in bots), _DELIVER_SECONDS, what)
    return writing.begin(bots * IN_FLIGHT, lambda: any(each.unacknowledged for each in bots))


def _ratios(ours: list[float], peers: list[float]) -> list[float]:
    return [own / other for own, other in zip(ours, peers, strict=True)]
