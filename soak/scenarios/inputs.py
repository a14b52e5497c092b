"""Bad bytes by the thousand: the tables of tests/bad, mutated by chance, over HTTP and sockets.

None is answered with a 5xx or a traceback, none that is refused (4xx) leaves a row behind, the
server goes on and keeps no memory of it. The seed of the chance stands in the report.
"""

import random
import re
from contextlib import suppress
from socket import SHUT_WR

from soak.report import Report
from soak.sites import BOTH, Backend, backend
from tests.bad import frames, requests, searches
from tests.bad.requests import Visitor
from tests.server import raw
from tests.server.tcp import memory_of

UNIT = "inputs"
LONG = 25_000
BACKENDS = BOTH

SHOWN_BYTES = 600
LOOKED_EVERY, GROWN_MEGABYTES, PATIENCE_SECONDS = 250, 60.0, 0.5
REQUESTS_SHARE = 0.6
TABLES = ("chat_message", "chat_event", "chat_person", "chat_room", "chat_membership")
REQUESTS = [
    *requests.FORMS.values(),
    *requests.LINES.values(),
    *requests.HEADERS.values(),
    *searches.SEARCHES.values(),
]
FRAMES = [*frames.BROKEN.values(), *map(frames.framed, frames.SAID.values())]
# What parsers stumble over.
MORSELS = [
    b"\0", b"\r\n", b"\r\n\r\n", b"%00", b"\xff", b"\xed\xa0\x80", b"=", b"&", b"{", b"[",
    b'"', b"<", b"9" * 40, b"-1", b": ", b"\x81\xfe", b"\x88\x80", b"../", b"chunked", b" ",
]  # fmt: skip


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=2, messages=20, processes=1) as chat:
        chat.start()
        throw(chat, size, report, seed=random.randrange(2**32))


def throw(chat: Backend, size: int, report: Report, *, seed: int) -> None:
    report.note(f"seed {seed}")
    chance = random.Random(seed)
    visitor = _visitor(chat)
    calm = 0.0
    for number in report.rounds(size):
        # Not by turns: what a socket was sent last may be stored after it has ended.
        if number <= size * REQUESTS_SHARE:
            _throw_request(chat, visitor, chance, report)
        else:
            _throw_frame(chat, visitor, chance, report)
        if number % LOOKED_EVERY == 0 or number == size or report.is_over:
            calm = calm or memory_of(chat.site)
            status = raw.ask(chat.site.port, visitor.get()).status
            report.count("not served afterwards", status != 200, at_most=0)
            for complaint in chat.complaints:
                report.broken(complaint)
    grown = memory_of(chat.site) - calm
    report.figure("memory grown since the first look", grown, "MB", at_most=GROWN_MEGABYTES)


def _throw_request(chat: Backend, visitor: Visitor, chance: random.Random, report: Report) -> None:
    make, _right = chance.choice(REQUESTS)
    rows, request = _rows(chat), mutated(make(visitor), chance)
    with suppress(TimeoutError):
        answer = raw.ask(chat.site.port, request, seconds=PATIENCE_SECONDS)
        is_refused = 400 <= answer.status < 500
        report.count(f"answered {answer.status // 100}xx" if answer.status else "hung up on")
        report.count("5xx", answer.status >= 500, at_most=0)
        if answer.status >= 500:
            report.broken(f"{answer.status} for {request[:SHOWN_BYTES]!r}")
        report.count("tracebacks", b"Traceback" in answer.body, at_most=0)
        report.count("stored and refused", is_refused and _rows(chat) != rows, at_most=0)
        return
    # It waits for what was announced and does not come; the bounds on that have their own tests.
    report.count("waited for more")


def _throw_frame(chat: Backend, visitor: Visitor, chance: random.Random, report: Report) -> None:
    with raw.opened(chat.site.port, visitor.socket()) as wire:
        for _frame in range(chance.randint(1, 4)):
            wire.send(mutated(chance.choice(FRAMES), chance))
        with suppress(OSError):
            wire.line.shutdown(SHUT_WR)
        with suppress(TimeoutError):
            code = wire.ending()
            report.count("sockets that broke", code == 1011, at_most=0)
            report.count("sockets")
            return
    report.count("sockets that never ended", at_most=0)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them gone, doubled, changed, or with others between them."""
    for _time in range(chance.choice([0, 1, 1, 2, 5])):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([0, 1, 4, 30]))
        piece = data[start:end]
        middle = chance.choice(
            [b"", piece * 2, chance.choice(MORSELS), chance.randbytes(len(piece))]
        )
        data = data[:start] + middle + data[end:]
    return data


def _visitor(chat: Backend) -> Visitor:
    cookie = f"sessionid={chat.sessions[0]}"
    visitor = Visitor(port=chat.site.port, cookie=cookie, token="")
    page = raw.ask(chat.site.port, visitor.get("/settings/")).body
    found = re.search(rb'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"', page)
    assert found is not None, page[:300]
    return Visitor(port=chat.site.port, cookie=cookie, token=found[1].decode())


def _rows(chat: Backend) -> list[tuple[int, ...]]:
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)
    return chat.query(f"SELECT {counts}")
