"""Chromium tabs on lines that reset, tear, swallow and throttle hold the log, at every second.

Messages are posted past the bad lines and through the tabs' own composers. Every second each
tab's list, read in one turn of its browser, has to be a piece of the log without a gap that ends
at its cursor (P5); when the lines are good again, all are at the head within 5 s (P6). What was
typed is stored once, or still stands in its composer. htmx's wait by chance is a short one here.
"""

import asyncio
import random
import time
from contextlib import ExitStack
from itertools import count

from soak.checker import Log, judge
from soak.crowd import Crowd
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from soak.tabs import MAX_SHOWN, Window, is_slice, opened, some
from tests.server.proxy import Line, line_to

UNIT = "messages"
LONG = 30_000
BACKENDS = BOTH

TABS, PEOPLE, POSTERS = 20, 5, 4
SOCKET = b"GET /ws/"
HEAD_SECONDS = 5.0
# Longer than the dead man's switch: whoever is not there then never comes.
PATIENCE_SECONDS = 60.0


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=12) as chat:
        asyncio.run(hold(chat, size, report))


async def hold(
    chat: Backend,
    size: int,
    report: Report,
    *,
    tabs: int = TABS,
    pause_seconds: float = 1.0,
    fault_seconds: float = 4.0,
) -> None:
    """Until `size` messages are stored, or the report's time is over."""
    await asyncio.to_thread(chat.start)
    with ExitStack() as stack:
        lines = [stack.enter_context(line_to(site.port)) for site in chat.sites]
        urls = [line.url for line in lines]
        async with opened(chat, urls, tabs, PEOPLE) as window:
            crowd = Crowd(chat.urls, chat.sessions, ["general"], pause_seconds=pause_seconds)
            crowd.add_posters(POSTERS)
            spoiling = asyncio.create_task(_spoil(lines, fault_seconds))
            try:
                await _watch(chat, crowd, window, size, report)
            finally:
                spoiling.cancel()
                await asyncio.gather(spoiling, return_exceptions=True)
            _heal(lines)
            async with crowd.paused():
                await _all_at_the_head(chat, window, report)
            await judge(crowd, chat, report)
            await _judge_typed(chat, window, report)
            report.count("reconnects", sum(tab.reconnects for tab in window.tabs))
            report.count("lists looked at", sum(tab.audits for tab in window.tabs))
            fewest = min(tab.reconnects for tab in window.tabs)
            report.figure("reconnects of the tab with the fewest", fewest, at_least=1)
            for complaint in dict.fromkeys(window.complaints):
                report.broken(complaint)
            await crowd.leave()


async def _watch(chat: Backend, crowd: Crowd, window: Window, size: int, report: Report) -> None:
    """An audit a second, until so many messages are stored."""
    before, stored = _head(chat), 0
    for number in report.rounds(size):
        while stored < number and not report.is_over:
            began = time.monotonic()
            crowd.check_alive()
            await _audit(chat, window, report)
            _talk(window)
            await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))
            report.seconds("from one look to the next", time.monotonic() - began)
            stored = _head(chat) - before


async def _audit(chat: Backend, window: Window, report: Report) -> None:
    """Looks at all at once: a tab on a slow line keeps nobody from looking at the others."""
    found = await asyncio.gather(*(tab.held() for tab in window.tabs))
    log = await asyncio.to_thread(Log, chat)
    for tab, held in zip(window.tabs, found, strict=True):
        report.count("tabs found between two pages", held is None)
        if held is not None:
            is_wrong = not is_slice(*held, tab.slug, log)
            report.count("wrong lists in tabs", is_wrong, at_most=0)
            if is_wrong:
                cursor, shown = held
                report.broken(f"P5: with the cursor at {cursor} a tab shows {_ends(shown)}")
            if len(held[1]) > MAX_SHOWN:
                tab.begin(tab.reload())


def _ends(shown: list[tuple[int, int]]) -> str:
    return f"{len(shown)} messages, {shown[0][0]} to {shown[-1][0]}" if shown else "no message"


def _talk(window: Window) -> None:
    tab = some(window.tabs)
    tab.begin(tab.say(f"typed {next(_numbers)} at {time.monotonic_ns()}"))


_numbers = count(1)


async def _spoil(lines: list[Line], seconds: float) -> None:
    """Rounds of all the faults in an order by chance, each on one of the lines for a while."""
    while True:
        for fault in random.sample(FAULTS, len(FAULTS)):
            line = random.choice(lines)
            await asyncio.to_thread(fault, line)
            await asyncio.sleep(seconds * random.uniform(0.2, 1))
            _heal([line])
            await asyncio.sleep(seconds * random.uniform(0.2, 1))


def _reset(line: Line) -> None:
    line.drop(SOCKET)


def _tear(line: Line) -> None:
    line.tear(SOCKET)


def _bite(line: Line) -> None:
    line.bite_bytes = 1 << random.randint(0, 6)


def _swallow(line: Line) -> None:
    line.swallow(SOCKET)


def _slow(line: Line) -> None:
    line.delay, line.jitter, line.bits_per_second = 0.1, 2.0, 56_000


FAULTS = [_reset, _tear, _bite, _swallow, _slow, Line.cut]


def _heal(lines: list[Line]) -> None:
    for line in lines:
        line.heal()
        line.drop_swallowed()


async def _all_at_the_head(chat: Backend, window: Window, report: Report) -> None:
    await window.rest(PATIENCE_SECONDS)  # a page that is loading has no list
    began, head = time.monotonic(), _head(chat)
    behind = list(window.tabs)
    while behind and time.monotonic() < began + PATIENCE_SECONDS:
        found = await asyncio.gather(*(tab.held() for tab in behind))
        held = zip(behind, found, strict=True)
        behind = [tab for tab, each in held if each is None or each[0] < head]
        await asyncio.sleep(0.05)
    report.count("tabs never at the head", len(behind), at_most=0)
    report.seconds("tabs to the head", time.monotonic() - began, at_most=HEAD_SECONDS)
    await _audit(chat, window, report)


async def _judge_typed(chat: Backend, window: Window, report: Report) -> None:
    await window.rest(PATIENCE_SECONDS)
    # Before the log: what is answered in between is in both, and not in none.
    kept_in = [await tab.keeps() for tab in window.tabs]
    bodies = [each.body for each in Log(chat).messages]
    for tab, kept in zip(window.tabs, kept_in, strict=True):
        for text in tab.typed:
            times = bodies.count(text)
            report.count("typed", 1)
            report.count("typed and lost", not times and text not in kept, at_most=0)
            report.count("typed and doubled", times > 1, at_most=0)


def _head(chat: Backend) -> int:
    return int(chat.query("SELECT last_seq FROM chat_room WHERE slug = 'general'")[0][0])
