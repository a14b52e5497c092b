"""One core for the server, one for this process, and what others took of them meanwhile."""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from bench.errors import Invalid

TICKS = os.sysconf("SC_CLK_TCK")
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Cores:
    """Siblings are threads of one core, of which each slows the other."""

    server: int
    generator: int
    are_siblings: bool = False


def choose() -> Cores:
    """Two cores that this process may use; pins it to the second one."""
    allowed = os.sched_getaffinity(0)
    two = pair({core: siblings(core) & allowed for core in allowed})
    os.sched_setaffinity(0, {two.generator})
    return two


def pair(cores: dict[int, set[int]]) -> Cores:
    """The first two that are no siblings, of cores with theirs; where all are, the first two.

    Raises Invalid for fewer than two.
    """
    allowed = sorted(cores)
    if len(allowed) < 2:
        raise Invalid("two cores are needed: one for the server, one for the load")
    server = allowed[0]
    apart = [core for core in allowed[1:] if core not in cores[server]]
    return Cores(server, apart[0]) if apart else Cores(server, allowed[1], are_siblings=True)


def siblings(core: int) -> set[int]:
    """The threads of its core, itself among them; itself alone where the system does not say."""
    listed = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        return numbers(listed.read_text())
    except OSError:
        return {core}


def numbers(listed: str) -> set[int]:
    """Those of a list as the kernel writes it: `0,4` or `0-1,8-9`."""
    ranges = (part.partition("-") for part in listed.strip().split(","))
    return {
        number for first, _, last in ranges for number in range(int(first), int(last or first) + 1)
    }


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
    `others` what everybody else took of both, from 0 to 1. Servers that were started and have
    ended meanwhile are none of these.
    """

    def __init__(self, cores: Cores, *pids: int) -> None:
        self._cores, self._pids = cores, pids
        self._began = self._now()

    def _now(self) -> tuple[float, ...]:
        busy, used = _busy_seconds(self._cores), getrusage(RUSAGE_CHILDREN)
        ended = used.ru_utime + used.ru_stime
        clocks = map(cpu_seconds, self._pids)
        return time.perf_counter(), time.process_time(), busy, ended, *clocks

    def stop(self) -> None:
        wall, own, busy, ended, *servers = (
            end - start for start, end in zip(self._began, self._now(), strict=True)
        )
        # PostgreSQL's helpers come and go: one that has gone meanwhile counts as others.
        server = sum(max(0.0, seconds) for seconds in servers)
        self.seconds, self.server_seconds = wall, server
        self.generator, self.server = own / wall, server / wall
        self.others = max(0.0, busy - own - server - ended) / (2 * wall)
