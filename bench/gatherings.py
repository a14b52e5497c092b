"""A server's room full of people, for one round: the same shape for us and for the peers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from bench import product
from bench.crowd import CONNECT_SECONDS, Crowd, Join, Listener, Writer
from bench.errors import Invalid
from bench.ledger import Ledger
from bench.loop import Loop
from bench.peers.page import Page
from bench.peers.roster import Peer
from bench.product import Poster
from bench.programs import Bot, Program
from bench.rounds import Bench
from bench.servers import Server, natterjack
from bench.site import Site, populated, posting_tokens

_SETTLE_SECONDS = 0.2
_DELIVER_SECONDS = 60.0


@dataclass
class Gathering:
    """All listeners are ready."""

    server: Server
    loop: Loop
    ledger: Ledger
    writers: list[Writer]
    is_answered: Callable[[], bool]

    def finish(self, timeout_seconds: float = _DELIVER_SECONDS) -> None:
        """Waits until everybody has everything; raises Invalid when somebody never gets it."""
        self.loop.run_until(
            lambda: not self.ledger.outstanding and self.is_answered(),
            timeout_seconds,
            "every message at every socket, and every post answered",
        )
        self.loop.run_for(_SETTLE_SECONDS)  # one that came twice has come by then


# Makes a gathering, for as long as its context lasts.
Gather = Callable[[], AbstractContextManager[Gathering]]

NATTERJACK = "Natterjack"
BY_FRAME = f"{NATTERJACK}, written by frame"


@dataclass(frozen=True)
class Row:
    """One line of a table: us, or a peer. For `settle_seconds` who has just come keeps it busy."""

    name: str
    gather: Gather
    is_slow: bool = False
    settle_seconds: float = 0.0


@contextmanager
def beside(
    bench: Bench, peers: list[Peer], sockets: int, writers: int, *, has_bots: bool = False
) -> Iterator[list[Row]]:
    """Natterjack and the peers that are installed, all served at once from the server's core.

    With `has_bots` Natterjack once more, where bots write.
    """
    bench.say(f"invents {sockets} people")
    with ExitStack() as stack:
        site = stack.enter_context(populated(sockets, bench.plan.messages))
        tokens = posting_tokens(site, writers) if has_bots else []
        ours = stack.enter_context(natterjack(bench.cores.server, site))
        gather = partial(at_natterjack, ours, site, sockets, writers)
        rows = [Row(NATTERJACK, gather, settle_seconds=bench.plan.settle_seconds)]
        if has_bots:
            rows.append(Row(BY_FRAME, partial(with_bots, ours, site, sockets, tokens)))
        for peer in installed(bench, peers):
            server = stack.enter_context(served(bench, peer))
            there = partial(at_peer, peer, server, sockets, writers)
            rows.append(Row(peer.name, there, peer.is_slow))
        yield rows


def installed(bench: Bench, peers: list[Peer]) -> list[Peer]:
    """The peers that can be run here. The result names the others.

    None where only our own results are looked at: a peer's fault must not be taken for ours. A
    quick look does without those of whom a core makes little.
    """
    if not bench.plan.has_peers:
        return []
    slow = ", ".join(peer.name for peer in peers if peer.is_slow)
    if slow and bench.leave_out(slow):
        peers = [peer for peer in peers if not peer.is_slow]
    for peer in peers:
        if not peer.is_installed():
            bench.result.notes.append(f"{peer.name} is missing here: `make peers` installs it")
    return [peer for peer in peers if peer.is_installed()]


def served(bench: Bench, peer: Peer) -> AbstractContextManager[Server]:
    """A peer on the server's core. That it would not end is its fault and none of our results."""

    def note(sentence: str) -> None:
        bench.result.notes.append(f"{peer.name}: {sentence}")

    return peer.serve(bench.cores.server, on_killed=note, name=peer.name)


@contextmanager
def at_natterjack(server: Server, site: Site, sockets: int, writers: int) -> Iterator[Gathering]:
    """A page of the room for each of the first people, the first of whom write."""
    loop, ledger = Loop(), Ledger(sockets)
    sessions = _enough(site.sessions, sockets)
    join = _page_of(loop, ledger, server, sessions[0])
    with _with_posters(loop, ledger, server, sessions, writers, join) as gathering:
        yield gathering


@contextmanager
def with_bots(server: Server, site: Site, sockets: int, tokens: list[str]) -> Iterator[Gathering]:
    """The same pages; bots write, over sockets of their own, as the pages of peers do."""
    loop, ledger = Loop(), Ledger(sockets)
    sessions = _enough(site.sessions, sockets)
    join = _page_of(loop, ledger, server, sessions[0])
    with _gathered(loop, [partial(join, session) for session in sessions]):
        bots = [Bot(loop, server.port, token) for token in tokens]
        loop.run_until(lambda: all(each.is_open for each in bots), CONNECT_SECONDS, "bots")
        yield Gathering(
            server, loop, ledger, [*bots], lambda: not any(each.unacknowledged for each in bots)
        )
        for bot in bots:
            bot.close()


def _page_of(
    loop: Loop, ledger: Ledger, server: Server, session: str
) -> Callable[[str, Callable[[], None]], product.Page]:
    place = product.open_room(loop, server.port, session)

    def join(session: str, on_ready: Callable[[], None]) -> product.Page:
        return product.Page(loop, server.port, session, place, ledger, on_ready)

    return join


@contextmanager
def of_programs(server: Server, site: Site, sockets: int, writers: int) -> Iterator[Gathering]:
    """The same people, who write with the form too, and read along with programs."""
    loop, ledger = Loop(), Ledger(sockets)
    sessions = _enough(site.sessions, sockets)

    def join(session: str, on_ready: Callable[[], None]) -> Program:
        return Program(loop, server.port, session, ledger, on_ready)

    with _with_posters(loop, ledger, server, sessions, writers, join) as gathering:
        yield gathering


@contextmanager
def _with_posters(
    loop: Loop,
    ledger: Ledger,
    server: Server,
    sessions: list[str],
    writers: int,
    join: Callable[[str, Callable[[], None]], Listener],
) -> Iterator[Gathering]:
    posters = [
        Poster(loop, server.port, session, product.open_room(loop, server.port, session).token)
        for session in sessions[:writers]
    ]
    joins: list[Join] = [partial(join, session) for session in sessions]
    with _gathered(loop, joins):
        yield Gathering(
            server, loop, ledger, [*posters], lambda: not any(each.unanswered for each in posters)
        )
        for poster in posters:
            poster.close()


@contextmanager
def at_peer(peer: Peer, server: Server, sockets: int, writers: int) -> Iterator[Gathering]:
    """The peer's page as often; the first ones write, on their own sockets."""
    loop, ledger, pages = Loop(), Ledger(sockets), list[Page]()

    def join(on_ready: Callable[[], None]) -> Page:
        pages.append(peer.page(loop, server.port, ledger, on_ready))
        return pages[-1]

    with _gathered(loop, [join] * sockets):
        yield Gathering(server, loop, ledger, [*pages[:writers]], lambda: True)


@contextmanager
def _gathered(loop: Loop, joins: list[Join]) -> Iterator[None]:
    crowd = Crowd(loop)
    crowd.grow(joins)
    loop.run_for(_SETTLE_SECONDS)
    try:
        yield
    finally:
        crowd.close()


def _enough(sessions: list[str], sockets: int) -> list[str]:
    if len(sessions) < sockets:
        raise Invalid(f"{len(sessions)} people for {sockets} sockets")
    return sessions[:sockets]
