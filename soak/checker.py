"""Judges a history and the readers' lists by what the database holds. P1 to P6, nothing else.

Asked of the database itself, past the chat's own code. Each law returns sentences for what does
not hold, at most a few of each kind.
"""

import asyncio
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from soak.crowd import Crowd, Reader
from soak.history import History, Send
from soak.pages import Page
from soak.report import Report
from soak.sites import Backend

HEAL_SECONDS = 5.0
_FEW = 5


@dataclass(frozen=True)
class Stored:
    id: int
    author: str
    nonce: str
    room: str
    seq: int
    body: str


class Log:
    """What is stored at this moment, and how its rooms' logs stand."""

    def __init__(self, backend: Backend) -> None:
        rows = backend.query(
            "SELECT m.id, p.username, m.nonce, r.slug, m.seq, m.body FROM chat_message m "
            "JOIN chat_person p ON p.id = m.author_id JOIN chat_room r ON r.id = m.room_id "
            "ORDER BY m.seq"
        )
        self.messages = [Stored(*row) for row in rows]
        self.rooms = backend.query(
            "SELECT r.slug, r.last_seq, count(e.id), coalesce(min(e.seq), 1), "
            "coalesce(max(e.seq), 0), count(DISTINCT e.seq) FROM chat_room r "
            "LEFT JOIN chat_event e ON e.room_id = r.id GROUP BY r.slug, r.last_seq"
        )
        self.by_nonce = {(each.author, each.nonce): each for each in self.messages}
        self.by_room: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for each in self.messages:
            self.by_room[each.room].append((each.seq, each.id))


async def judge(crowd: Crowd, backend: Backend, report: Report) -> None:
    """Lets everybody come to rest, with nothing wrong any more, and compares (P1 to P6)."""
    async with crowd.paused():
        await settle(crowd, backend, report)
        await asyncio.to_thread(compare, crowd, backend, report)
    for complaint in backend.complaints:
        report.broken(complaint)


async def settle(crowd: Crowd, backend: Backend, report: Report) -> None:
    """P6: with nothing wrong any more, everybody is at the head within 5 s. Posters are held."""
    began = time.monotonic()
    heads = dict(backend.query("SELECT slug, last_seq FROM chat_room"))

    def behind() -> list[Reader]:
        return [
            each for each in crowd.readers
            if not each.pages or each.page.cursor != heads[each.slug] or not each.is_live
        ]  # fmt: skip

    while behind() and time.monotonic() < began + 2 * HEAL_SECONDS:
        crowd.check_alive()
        await asyncio.sleep(0.01)
    report.count("never at the head", len(behind()), at_most=0)
    report.seconds("to the head", time.monotonic() - began, at_most=HEAL_SECONDS)


def compare(crowd: Crowd, backend: Backend, report: Report) -> None:
    """Everything that happened since the last call; what is found to be good is let go."""
    log = Log(backend)
    history = crowd.history
    report.count("acknowledged", sum(each.answered_at is not None for each in history.sends))
    report.count("unknown ends", history.unknown)
    report.count("lost", _tell(report, lost(history, log)), at_most=0)
    report.count("doubled", _tell(report, doubled(log)), at_most=0)
    report.count("gaps", _tell(report, gaps(log)), at_most=0)
    report.count("out of order", _tell(report, disordered(history, log)), at_most=0)
    pages = [page for reader in crowd.readers for page in reader.pages]
    report.count("wrong lists", _tell(report, wrong(pages, log)), at_most=0)
    report.count("entries shown", sum(len(page.shown) for page in pages))
    report.count("returns", sum(reader.returns for reader in crowd.readers))
    for problem in history.problems:
        report.broken(problem)
    _let_go(crowd)


def _let_go(crowd: Crowd) -> None:
    crowd.history.sends.clear()
    crowd.history.problems.clear()
    crowd.history.unknown = 0
    for reader in crowd.readers:
        reader.returns = 0
        del reader.pages[:-1]
        for page in reader.pages:
            # The next judgement begins with the last entry, so that the seam is judged too.
            page.shown = page.shown[-1:]
            page.moments.clear()
            page.faults.clear()


def _tell(report: Report, faults: Iterator[str]) -> int:
    found = list(faults)
    for fault in found[:_FEW]:
        report.broken(fault)
    return len(found)


def lost(history: History, log: Log) -> Iterator[str]:
    """P1: every acknowledged send is stored, as it was sent and under the name it was given."""
    for send in history.sends:
        if send.answered_at is None:
            continue
        stored = log.by_nonce.get((_name(send), send.nonce))
        if stored is None:
            yield f"P1: {send.nonce}, acknowledged, is not stored"
        elif (stored.room, stored.body) != (send.room, send.body):
            yield f"P1: {send.nonce} is stored as another message"
        elif send.message not in (None, stored.id):
            yield f"P1: {send.nonce} was acknowledged as {send.message} and is {stored.id}"


def doubled(log: Log) -> Iterator[str]:
    """P2: at most one message for each author and nonce, however often it was sent."""
    for (author, nonce), count in Counter((m.author, m.nonce) for m in log.messages).items():
        if count > 1:
            yield f"P2: {author} has {count} messages of the nonce {nonce}"
    bodies = Counter(
        m.body for m in log.messages if m.body.strip("[").startswith(("client", "socket"))
    )
    for body, count in bodies.items():
        if count > 1:
            yield f"P2: “{body}” is stored {count} times"


def gaps(log: Log) -> Iterator[str]:
    """P3: the log of each room is 1, 2, 3 … last_seq."""
    for slug, last, count, first, highest, distinct in log.rooms:
        if not last == count == highest == distinct or first != 1:
            yield f"P3: {slug} ends at {last} and has {count} entries from {first} to {highest}"


def disordered(history: History, log: Log) -> Iterator[str]:
    """P4: what was acknowledged before something else was sent stands before it, in each room.

    For one client and between clients: all of them share one clock here.
    """
    by_room: dict[str, list[tuple[int, Send]]] = defaultdict(list)
    for send in history.sends:
        if stored := log.by_nonce.get((_name(send), send.nonce)):
            by_room[send.room].append((stored.seq, send))
    for slug, sends in by_room.items():
        sends.sort(key=lambda each: each[0], reverse=True)
        earliest = float("inf")  # the first acknowledgement of all that stand behind
        for seq, send in sends:
            if earliest < send.invoked_at:
                yield f"P4: {slug}/{seq} was sent when one behind it was acknowledged already"
            if send.answered_at is not None:
                earliest = min(earliest, send.answered_at)


def wrong(pages: list[Page], log: Log) -> Iterator[str]:
    """P5: at every moment a list is a slice of the log that ends at its cursor."""
    for page in pages:
        yield from (f"P5: {page.slug}: {fault}" for fault in page.faults)
        entries = log.by_room[page.slug]
        seqs = [seq for seq, _key in entries]
        if page.shown:
            start = bisect_right(seqs, page.shown[0][0]) - 1
            if entries[start : start + len(page.shown)] != page.shown:
                yield f"P5: {page.slug}: the list to {page.last} is no slice of the log"
        for cursor, last in page.moments:
            place = bisect_right(seqs, cursor)
            if last != (seqs[place - 1] if place else 0):
                yield f"P5: {page.slug}: with the cursor at {cursor} the list ended at {last}"


def _name(send: Send) -> str:
    return f"member{send.author + 1}"
