"""An hour of ordinary life: the server takes no more memory at its end than once it was warm.

People post, read, load pages, come and go; some hold a page without JavaScript open, some send
nonsense, some stop reading. Each process's Pss (what it shares counts in part) is taken every ten
seconds. The first sixth of the time warms it up; what counts is the median of the last sixth
against that of the second. Each run stands for itself: pieces do not add up to an hour.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import median

from bench.servers import pss_bytes
from soak.checker import judge
from soak.crowd import Crowd, until
from soak.lines import Line, Unknown
from soak.pages import Page
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from soak.sockets import Closed, opened
from soak.streams import Ended, streamed

UNIT = "minutes"
LONG = 60
BACKENDS = BOTH

GROWTH = 1.1
SAMPLE_SECONDS = 10.0
ROOMS = ["general", "room-2"]
POSTERS, READERS, PAUSE_SECONDS = 6, 40, 0.5
STAY_SECONDS, DEAF_SECONDS = 3.0, 30.0
BAD_FRAMES = 12


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=40) as chat:
        asyncio.run(live(chat, size, report))


async def live(chat: Backend, size: int, report: Report, *, minute: float = 60.0) -> None:
    """So many minutes; `minute` is how long one takes."""
    await asyncio.to_thread(chat.start)
    crowd = Crowd(chat.urls, chat.sessions, ROOMS, pause_seconds=PAUSE_SECONDS)
    crowd.add_posters(POSTERS)
    crowd.add_readers(READERS)
    samples: dict[str, list[float]] = {url: [] for url in chat.urls}
    visitors = [asyncio.create_task(_keep_coming(crowd, report, *each)) for each in VISITS.items()]
    try:
        await until(lambda: crowd.is_back, lambda: f"every page live ({crowd.absent})")
        for _number in report.rounds(size):
            await _sample(chat, samples, minute)
            crowd.check_alive()
            _check_alive(visitors)
            await judge(crowd, chat, report)
    finally:
        for visitor in visitors:
            visitor.cancel()
        await asyncio.gather(*visitors, return_exceptions=True)
        await crowd.leave()
    weigh(samples, report)


def _check_alive(visitors: list[asyncio.Task[None]]) -> None:
    for visitor in visitors:
        if visitor.done():
            visitor.result()


async def _sample(chat: Backend, samples: dict[str, list[float]], minute: float) -> None:
    ends_at = time.monotonic() + minute
    while time.monotonic() < ends_at:
        for site in chat.sites:
            samples[site.url].append(pss_bytes(site.process.pid) / 2**20)
        await asyncio.sleep(min(SAMPLE_SECONDS, minute / 6))


def weigh(samples: dict[str, list[float]], report: Report) -> None:
    """The process that has grown most is what counts."""
    if not all(len(taken) >= 6 for taken in samples.values()):
        report.broken("ended before there was anything to compare")
        return
    first, last = max(map(compared, samples.values()), key=lambda pair: pair[1] / pair[0])
    report.figure("memory when it was warm", first, "MiB")
    report.figure("memory at the end", last, "MiB")
    report.figure("memory, last to first", last / first, at_most=GROWTH)


def compared(taken: list[float]) -> tuple[float, float]:
    """The medians of the second sixth and of the last."""
    sixth = len(taken) // 6
    return median(taken[sixth : 2 * sixth]), median(taken[-sixth:])


# --- Those who do not stay ------------------------------------------------------------------


async def _keep_coming(
    crowd: Crowd, report: Report, name: str, visit: Callable[[str, str, str], Awaitable[None]]
) -> None:
    while True:
        url, session = random.choice(crowd.urls), random.choice(crowd.sessions)
        with suppress(Unknown, Closed, Ended, TimeoutError):
            await visit(url, session, random.choice(ROOMS))
        report.count(name)
        await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))


async def _load_a_page(url: str, session: str, slug: str) -> None:
    line = Line(url, session)
    try:
        Page.loaded(slug, (await line.get(f"/rooms/{slug}/")).text)
    finally:
        line.close()


async def _come_and_go(url: str, session: str, slug: str) -> None:
    async with opened(url, f"/ws/chat/{slug}/", session) as socket:
        socket.say(json.dumps({"type": "resume", "after": random.choice([1, 100])}))
        async with asyncio.timeout(random.uniform(0, STAY_SECONDS)):
            while True:
                await socket.hear()


async def _hold_a_stream(url: str, session: str, slug: str) -> None:
    async with streamed(url, f"/rooms/{slug}/live/", session) as stream:
        async with asyncio.timeout(random.uniform(0, STAY_SECONDS)):
            while True:
                await stream.hear()


async def _talk_nonsense(url: str, session: str, slug: str) -> None:
    async with opened(url, f"/ws/chat/{slug}/", session) as socket:
        for _frame in range(BAD_FRAMES):
            socket.say(random.choice(["{", '{"type": "quak"}', '{"type": "post"}', "[" * 5000]))
        async with asyncio.timeout(STAY_SECONDS):
            while True:
                await socket.hear()


async def _stop_reading(url: str, session: str, slug: str) -> None:
    async with opened(url, f"/ws/chat/{slug}/", session) as socket:
        socket.go_deaf()
        socket.say(json.dumps({"type": "resume", "after": 1}))
        await asyncio.sleep(DEAF_SECONDS)


VISITS = {
    "pages loaded": _load_a_page,
    "came and went": _come_and_go,
    "streams": _hold_a_stream,
    "talked nonsense": _talk_nonsense,
    "stopped reading": _stop_reading,
}
