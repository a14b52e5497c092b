"""A new version takes over by SIGTERM, again and again; every page is soon back, and whole.

With PostgreSQL a third process is up before one of the two is ended, as deploy/ does it; with
SQLite the new one starts when the old one has ended. What a person notices is the time from the
loss of the page's socket to the answer to its resume.
"""

import asyncio
import time

from soak.checker import judge
from soak.crowd import Crowd, until
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from tests.server.site import Site

UNIT = "deploys"
LONG = 100
BACKENDS = BOTH

JUDGED_EVERY = 10
BACK_SECONDS = 10.0


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=24, processes=3) as chat:
        asyncio.run(deploy(chat, size, report))


async def deploy(
    chat: Backend,
    size: int,
    report: Report,
    *,
    posters: int = 8,
    readers: int = 20,
    pause_seconds: float = 0.0,
    back_seconds: float = BACK_SECONDS,
) -> None:
    """The last of the processes is the spare one; after each deploy it is another's turn."""
    *serving, spare = chat.sites if len(chat.sites) > 1 else [chat.site, chat.site]
    for site in serving:
        await asyncio.to_thread(site.start)
    crowd = Crowd(
        [site.url for site in serving],
        chat.sessions,
        ["general", "room-2"],
        pause_seconds=pause_seconds,
    )
    crowd.add_posters(posters)
    crowd.add_readers(readers)
    try:
        await until(lambda: crowd.is_back, lambda: f"every page live ({crowd.absent})")
        for number in report.rounds(size):
            old = serving.pop(0)
            serving.append(spare)
            await _replace(old, spare, crowd)
            spare = old
            await _everybody_is_back(crowd, report, back_seconds)
            if number % JUDGED_EVERY == 0 or number == size or report.is_over:
                await judge(crowd, chat, report)
    finally:
        await crowd.leave()


async def _replace(old: Site, new: Site, crowd: Crowd) -> None:
    for reader in crowd.readers:
        reader.came_back_after.clear()
    if new is not old:
        await asyncio.to_thread(new.start)
    # A proxy sends nobody new to a process that is about to end.
    if new is not old:
        crowd.urls[:] = [*(url for url in crowd.urls if url != old.url), new.url]
    await asyncio.to_thread(old.stop)
    if new is old:
        await asyncio.to_thread(new.start)


async def _everybody_is_back(crowd: Crowd, report: Report, back_seconds: float) -> None:
    since = time.monotonic()

    def is_back() -> bool:
        crowd.check_alive()
        return crowd.is_back and crowd.history.last_answer_at > since

    await until(is_back, lambda: f"every page live and a post answered ({crowd.absent})")
    for reader in crowd.readers:
        for seconds in reader.came_back_after:
            report.seconds("a page was away", seconds, at_most=back_seconds)
