"""One core for the server, one for this process, and what others took of them meanwhile."""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import Invalid

TICKS = os.sysconf("SC_CLK_TCK")
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Cores:
    server: int
    generator: int


def choose() -> Cores:
    """The first two cores that this process may use; pins it to the second one."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Invalid("two cores are needed: one for the server, one for the load")
    os.sched_setaffinity(0, {allowed[1]})
    return Cores(allowed[0], allowed[1])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Processes that are started inside stay on this core, with all their threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, its threads included; nothing of one that has ended.

    By its clock, which counts nanoseconds; /proc counts hundredths of a second.
    """
    clock = ctypes.c_int()
    if _LIBC.clock_getcpuclockid(pid, ctypes.byref(clock)):
        return 0.0
    try:
        return time.clock_gettime(clock.value)
    except OSError:
        return 0.0


def children(pid: int) -> list[int]:
    """The processes that a process has started, and that live."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def family(pid: int) -> list[int]:
    """A process, and all that it and its children have started, and that live."""
    return [pid, *(each for child in children(pid) for each in family(child))]


def _busy_seconds(cores: Cores) -> float:
    """What both cores have done so far; time that the host took away counts as done."""
    names = {f"cpu{cores.server}", f"cpu{cores.generator}"}
    rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    busy = (sum(map(int, row[1:4] + row[6:9])) for row in rows if row[0] in names)
    return sum(busy) / TICKS


class Watch:
    """From its making to `stop`: who used how much of the two cores.

    `generator` is this process's share of its core, `server` that of the servers of theirs,
    `others` what everybody else took of both, from 0 to 1.
    """

    def __init__(self, cores: Cores, *pids: int) -> None:
        self._cores, self._pids = cores, pids
        self._began = self._now()

    def _now(self) -> tuple[float, ...]:
        busy = _busy_seconds(self._cores)
        return time.perf_counter(), time.process_time(), busy, *map(cpu_seconds, self._pids)

    def stop(self) -> None:
        wall, own, busy, *servers = (
            end - start for start, end in zip(self._began, self._now(), strict=True)
        )
        # PostgreSQL's helpers come and go: one that has gone meanwhile counts as others.
        server = sum(max(0.0, seconds) for seconds in servers)
        self.seconds, self.server_seconds = wall, server
        self.generator, self.server = own / wall, server / wall
        self.others = max(0.0, busy - own - server) / (2 * wall)
