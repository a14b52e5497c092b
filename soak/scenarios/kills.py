"""The server is killed, at random and at chosen places; nothing is lost, doubled or out of order.

Sixteen people post over HTTP and two over their sockets, eight pages read, all through every
death. Each life of a process ends by SIGKILL after a random time, by SIGKILL while it starts, or
by itself at a failpoint (soak.doomed). Every 25 deaths the posters hold still, everybody has to be
at the head of the log within 5 s (P6), and all that happened is judged (P1 to P5).
"""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from soak import doomed
from soak.checker import judge
from soak.crowd import Crowd, until
from soak.history import History
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from tests.server.site import Site
from tests.servers import ServerFailed

UNIT = "kills"
LONG = 1000
BACKENDS = BOTH

ROOMS = ["general", "room-2"]
JUDGED_EVERY = 25
MAX_POSTS, LIFE_SECONDS, START_SECONDS = 200, 3.0, 1.5
BOTH_AT_ONCE = 0.1
AT_RANDOM, AT_START = "at random", "at its start"


@dataclass
class Fate:
    """How a life ends. `point` is a failpoint's name, or one of the two above."""

    point: str

    @property
    def variables(self) -> dict[str, str]:
        if self.point not in doomed.POINTS:
            return {"FAILPOINT": ""}
        # A page resumes once, and only those that missed something come by there.
        often = 3 if self.point.endswith("resume") else 20
        return {"FAILPOINT": self.point, "FAILPOINT_AT": str(random.randint(1, often))}


def fates() -> Iterator[Fate]:
    """Every second life ends at random, every eighth before it has begun to serve, and the
    others at one failpoint after the other."""
    points = itertools.cycle(doomed.POINTS)
    for number in itertools.count(1):
        if number % 8 == 0:
            yield Fate(AT_START)
        else:
            yield Fate(next(points) if number % 2 else AT_RANDOM)


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=24) as chat:
        asyncio.run(kill(chat, size, report, fates()))


async def kill(
    chat: Backend,
    size: int,
    report: Report,
    fates: Iterator[Fate],
    *,
    posters: int = 16,
    readers: int = 10,
    pause_seconds: float = 0.0,
) -> None:
    """Kills the processes `size` times, with everybody at work, and judges what happened."""
    crowd = Crowd(chat.urls, chat.sessions, ROOMS, pause_seconds=pause_seconds)
    lives = [Life(site, fates, report) for site in chat.sites]
    for life in lives:
        await life.begin()
    crowd.add_posters(posters)
    crowd.add_readers(readers, posting=2)
    try:
        for number in report.rounds(size):
            await end_one(lives, crowd, report)
            if number % JUDGED_EVERY == 0 or number == size or report.is_over:
                await heal(lives)
                await judge(crowd, chat, report)
    finally:
        await crowd.leave()


async def end_one(lives: "list[Life]", crowd: Crowd, report: Report) -> None:
    """One death, of two processes now and then both at once, and everybody's return."""
    over = [life for life in lives if life.is_over]
    dying = lives if random.random() < BOTH_AT_ONCE else over or [random.choice(lives)]
    await asyncio.gather(*(life.end(crowd.history) for life in dying))
    died_at = time.monotonic()
    await asyncio.gather(*(life.begin() for life in dying))
    if await everybody_is_back(lives, crowd, died_at):
        report.seconds("until all were back", time.monotonic() - died_at)


async def everybody_is_back(lives: "list[Life]", crowd: Crowd, since: float) -> bool:
    """Waits for it; False when the next death came first."""

    def is_answered() -> bool:
        return crowd.history.last_answer_at > since

    def is_dead() -> bool:
        crowd.check_alive()
        return any(life.is_over for life in lives)

    await until(
        lambda: is_dead() or crowd.is_back, lambda: f"every page live again ({crowd.absent})"
    )
    await until(lambda: is_dead() or is_answered(), lambda: "a post answered again")
    return not is_dead()


async def heal(lives: "list[Life]") -> None:
    """From here on nothing is wrong: P6 counts from such a moment."""
    for life in lives:
        await life.be_spared()


class Life:
    """One process after the other on the same port and data."""

    def __init__(self, site: Site, fates: Iterator[Fate], report: Report) -> None:
        self.site, self.fates, self.report = site, fates, report
        site.program = ("-m", "soak.doomed")
        self.variables = site.variables
        self.fate = Fate(AT_RANDOM)

    @property
    def is_over(self) -> bool:
        """Whether it has reached its failpoint already."""
        return self.site.process is None or self.site.process.poll() is not None

    async def be_spared(self) -> None:
        """From here on it lives until it is told to end."""
        if self.is_over or self.fate.point != AT_RANDOM:
            self._kill()
            await self.begin(Fate(AT_RANDOM))

    async def begin(self, fate: Fate | None = None) -> None:
        """Starts it, now and then more than once; returns when it answers."""
        while True:
            self.fate = fate or next(self.fates)
            self.site.variables = self.variables | self.fate.variables
            if self.fate.point == AT_START:
                self.site.launch()
                await asyncio.sleep(random.uniform(0, START_SECONDS))
                self._kill()
                continue
            with suppress(ServerFailed):  # its failpoint was reached before it was asked
                await asyncio.to_thread(self.site.start)
                return
            self._count(self.fate.point)

    async def end(self, history: History) -> None:
        """Waits for its failpoint, or kills it at any moment of the next posts."""
        goal = history.answered + random.randint(0, MAX_POSTS)
        deadline = time.monotonic() + LIFE_SECONDS
        while not self.is_over and time.monotonic() < deadline:
            if self.fate.point == AT_RANDOM and history.answered >= goal:
                break
            await asyncio.sleep(random.uniform(0, 0.01))
        self._kill()

    def _kill(self) -> None:
        process, self.site.process = self.site.process, None
        point = self.fate.point
        if process.poll() is None:
            process.kill()
            point = AT_START if point == AT_START else AT_RANDOM
        process.wait()
        self._count(point)

    def _count(self, point: str) -> None:
        self.report.count(f"killed {point}")
