"""A thousand open pages lose their server at once by SIGKILL; all are back and caught up in 10 s.

The time runs from the first answer of the new process, and apart from that from the kill: how
long a start takes has nothing to do with the number of pages. Ten messages are posted meanwhile
past the server, so that being back is not enough: every list has to hold them. Somebody who was
not there before loads the room's page again and again meanwhile; how long that takes is a figure.
"""

import asyncio
import time
from signal import SIGKILL

from soak.checker import compare, settle
from soak.crowd import Crowd
from soak.errors import Unable
from soak.lines import Line, Unknown
from soak.report import Report
from soak.sites import BOTH, Backend, backend

UNIT = "herds"
LONG = 20
BACKENDS = BOTH

PAGES, MISSED, AT_A_TIME = 1000, 10, 100
CAUGHT_UP_SECONDS, PATIENCE_SECONDS = 10.0, 120.0
VISIT_SECONDS = 0.1


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=100) as chat:
        asyncio.run(return_at_once(chat, size, report, pages=PAGES))


async def return_at_once(chat: Backend, size: int, report: Report, *, pages: int) -> None:
    """Kills every process of the chat and starts them again, `size` times."""
    await asyncio.to_thread(chat.start)
    crowd = Crowd(chat.urls, chat.sessions, ["general"])
    try:
        # Pages are opened one after the other in life, too; what comes at once is their return.
        while len(crowd.readers) < pages:
            crowd.add_readers(min(AT_A_TIME, pages - len(crowd.readers)))
            await _everybody_has(crowd, _head(chat))
        for number in report.rounds(size):
            await _one(chat, crowd, report, number)
        await asyncio.to_thread(compare, crowd, chat, report)
    finally:
        await crowd.leave()


async def _one(chat: Backend, crowd: Crowd, report: Report, number: int) -> None:
    killed_at = time.monotonic()
    for site in chat.sites:
        site.stop(SIGKILL)
    bodies = [f"missed by all, {number}-{count}" for count in range(MISSED)]
    await asyncio.to_thread(chat.site.post, *bodies)
    head = _head(chat)
    await asyncio.to_thread(chat.start)
    started_at = time.monotonic()
    visitor = asyncio.create_task(_load_pages(chat, report))
    try:
        await _everybody_has(crowd, head)
    finally:
        visitor.cancel()
        await asyncio.gather(visitor, return_exceptions=True)
    report.seconds("until all had caught up", time.monotonic() - started_at,
                   at_most=CAUGHT_UP_SECONDS)  # fmt: skip
    report.seconds("since the kill", time.monotonic() - killed_at)
    await settle(crowd, chat, report)


async def _load_pages(chat: Backend, report: Report) -> None:
    line = Line(chat.urls[0], chat.sessions[0])
    try:
        while True:
            began = time.monotonic()
            try:
                answer = await line.get("/rooms/general/")
            except Unknown:
                report.count("pages not answered meanwhile")
            else:
                report.count("pages refused meanwhile", answer.status != 200, at_most=0)
                report.seconds("a page meanwhile", time.monotonic() - began)
            await asyncio.sleep(VISIT_SECONDS)
    finally:
        line.close()


async def _everybody_has(crowd: Crowd, head: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS

    def missing() -> int:
        return sum(not (each.is_live and each.page.cursor >= head) for each in crowd.readers)

    while left := missing():
        crowd.check_alive()
        if time.monotonic() > deadline:
            raise Unable(f"{left} pages are not back: {crowd.absent[:300]}")
        await asyncio.sleep(0.02)


def _head(chat: Backend) -> int:
    [(head,)] = chat.query("SELECT last_seq FROM chat_room WHERE slug = 'general'")
    return head
