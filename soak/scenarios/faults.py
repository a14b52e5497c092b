"""One fault after the other, with everybody at work; nothing is lost, doubled, or wrong in a list.

Eight people post and ten pages read, through lines that can be torn, while one thing fails
(soak.faults): what the chat rests on, its machine, its line. Then it is well again, and each page
has to be live and a post answered without anybody's doing. Each fault is judged by itself (P1 to
P6), and its figures stand in the report with its number in the fault matrix of docs/reliability.md.
"""

import asyncio
import itertools
import time
from contextlib import ExitStack

from soak.checker import judge
from soak.crowd import Crowd, until
from soak.faults import FAULTS, Fault
from soak.report import Report
from soak.scene import Scene
from soak.sites import BOTH, Backend, backend
from tests.server.proxy import line_to

UNIT = "faults"
LONG = 66
BACKENDS = BOTH

FAULT_SECONDS = 8.0
FIGURES = ("acknowledged", "unknown ends")
LAWS = ("lost", "doubled", "gaps", "out of order", "wrong lists", "never at the head")
TRACEBACK = "a traceback"


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=12) as chat:
        here = [fault for fault in FAULTS if report.backend in fault.backends]
        asyncio.run(suffer(chat, here, size, report, seconds=FAULT_SECONDS))


async def suffer(
    chat: Backend,
    faults: list[Fault],
    size: int,
    report: Report,
    *,
    seconds: float,
    posters: int = 8,
    readers: int = 10,
    pause_seconds: float = 0.05,
) -> None:
    """Goes through these faults, each for so many seconds, until there were `size`."""
    with ExitStack() as stack:
        bell = None
        if chat.redis is not None:
            bell = stack.enter_context(line_to(chat.redis.port))
            for site in chat.sites:
                site.variables = site.variables | {"REDIS_URL": f"redis://127.0.0.1:{bell.port}/0"}
        await asyncio.to_thread(chat.start)
        lines = [stack.enter_context(line_to(site.port)) for site in chat.sites]
        scene = Scene(chat=chat, lines=lines, bell=bell)
        urls = [line.url for line in lines]
        crowd = Crowd(urls, chat.sessions, ["general", "room-2"], pause_seconds=pause_seconds)
        crowd.add_posters(posters)
        crowd.add_readers(readers)
        try:
            for _number, fault in zip(report.rounds(size), itertools.cycle(faults), strict=False):
                await _one(scene, crowd, fault, report, seconds)
        finally:
            await crowd.leave()


async def _one(scene: Scene, crowd: Crowd, fault: Fault, report: Report, seconds: float) -> None:
    await _everybody_is_well(crowd)
    for site in scene.chat.sites:
        site.log.write_text("")
    async with fault.happens(scene):
        await asyncio.sleep(seconds)
    healed_at = time.monotonic()
    await _everybody_is_well(crowd)
    report.seconds("to recover", time.monotonic() - healed_at)
    report.seconds(f"{fault.name}: to recover", time.monotonic() - healed_at)
    for send in crowd.history.sends:
        if send.answered_at is not None:
            report.seconds(f"{fault.name}: until acknowledged", send.answered_at - send.invoked_at)
    await _judge(scene, crowd, fault, report)


async def _judge(scene: Scene, crowd: Crowd, fault: Fault, report: Report) -> None:
    own = Report("faults", scene.chat.name, is_quiet=True)
    await judge(crowd, scene.chat, own)
    for name in FIGURES:
        report.count(name, own.counts[name])
        report.count(f"{fault.name}: {name}", own.counts[name])
    for name in LAWS:
        report.count(name, own.counts[name], at_most=0)
        report.count(f"{fault.name}: {name}", own.counts[name], at_most=0)
    lines = sum(site.console.count("\n") for site in scene.chat.sites)
    report.count(f"{fault.name}: lines on the console", lines)
    for sentence in own.breaks:
        if fault.is_rough and sentence.startswith(TRACEBACK):
            report.note(f"{fault.name}: {sentence}")
        else:
            report.broken(f"{fault.name}: {sentence}")


async def _everybody_is_well(crowd: Crowd) -> None:
    """Every page is live, and whatever is said is answered again."""
    since = time.monotonic()

    def is_well() -> bool:
        crowd.check_alive()
        return crowd.is_back and crowd.history.last_answer_at > since

    await until(is_well, lambda: f"every page live and a post answered ({crowd.absent})")
