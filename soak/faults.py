"""The fault matrix of docs/reliability.md: what the scenario `faults` goes through."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from soak import machines, services
from soak.scene import Scene
from soak.sites import BOTH, POSTGRESQL, SQLITE


@dataclass(frozen=True)
class Fault:
    """Its number and name there. Who is `rough` may fill the console."""

    name: str
    happens: Callable[[Scene], AbstractAsyncContextManager[None]]
    backends: tuple[str, ...] = BOTH
    is_rough: bool = False


FAULTS = [
    Fault("4 Redis killed", services.redis_killed, (POSTGRESQL,)),
    Fault("4 Redis flushed", services.redis_flushed, (POSTGRESQL,)),
    Fault("5 Redis frozen", services.redis_frozen, (POSTGRESQL,)),
    Fault("5 Redis swallowed", services.redis_swallowed, (POSTGRESQL,)),
    Fault("7 database killed", services.database_killed, (POSTGRESQL,)),
    Fault("7 connections ended", services.connections_ended, (POSTGRESQL,)),
    Fault("8 no connection left", services.connections_taken, (POSTGRESQL,)),
    Fault("9 room locked", services.room_locked, (POSTGRESQL,)),
    Fault("9 file locked", machines.file_locked, (SQLITE,)),
    Fault("11 database read-only", services.read_only, (POSTGRESQL,)),
    Fault("11 disk takes nothing", machines.unwritable, (SQLITE,)),
    Fault("12 connections reset", machines.reset),
    Fault("12 answers torn", machines.torn),
    Fault("13 half-open", machines.half_open),
    Fault("14 slow line", machines.slow),
    Fault("17 process frozen", machines.frozen),
    Fault("18 clock an hour late", machines.clock("-1h")),
    Fault("18 clock an hour early", machines.clock("+1h")),
    Fault("18 clock in 1970", machines.clock("@1970-01-02 00:00:00")),
    Fault("19 no file left", machines.no_files),
    Fault("20 no memory left", machines.no_memory, is_rough=True),
    Fault("27 drips", machines.drips),
]
