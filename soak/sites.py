"""What a scenario works on: one process with SQLite, or two with PostgreSQL and Redis.

The parts are those that the tests drive (tests/servers.py, tests/server/site.py); the data lies
on the checkout's own disk, for a temporary file system would commit for free.
"""

import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from soak.archive import ROOT
from tests.server.site import Site, populated
from tests.servers import Server, free_port, postgresql_server, redis_server

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n((?:  .*\n)+)(.*)")
_SIGN_IN = "from soak.sign_in import main; main()"


@dataclass(kw_only=True)
class Backend:
    """A populated chat: its processes, not started yet, and what stands behind them.

    `sessions` are session keys of its people, member1 first. `database` and `redis` are None for
    SQLite.
    """

    name: str
    sites: list[Site]
    database: Server | None = None
    redis: Server | None = None
    sessions: list[str] = field(default_factory=list)

    @property
    def site(self) -> Site:
        """The only process, or the first."""
        return self.sites[0]

    @property
    def urls(self) -> list[str]:
        return [site.url for site in self.sites]

    def start(self) -> "Backend":
        for site in self.sites:
            site.start()
        return self

    def stop(self) -> None:
        for site in self.sites:
            site.stop()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the database itself, past our own code: a checker that shared it would share its
        faults. The connection lasts no longer than the question."""
        if self.database is not None:
            with psycopg.connect(self.database.url) as connection:
                return connection.execute(sql).fetchall()
        with closing(sqlite3.connect(self._file)) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Changes something behind the chat's back."""
        if self.database is not None:
            with psycopg.connect(self.database.url, options="-c timezone=UTC") as connection:
                connection.execute(sql)
            return
        with closing(sqlite3.connect(self._file, timeout=20)) as connection:
            connection.execute(sql)
            connection.commit()

    @property
    def _file(self) -> Path:
        return self.site.data_dir / "natterjack.sqlite3"

    @property
    def complaints(self) -> list[str]:
        """How each different traceback on the processes' consoles ends, with where it came from."""
        found: dict[str, None] = {}
        for site in self.sites:
            for traceback in _TRACEBACK.finditer(site.console):
                place = traceback[1].strip().splitlines()[-2:]
                found[f"a traceback on a console: {traceback[2]} ({' '.join(place)})"] = None
        return list(found)


@contextmanager
def backend(
    name: str,
    *,
    people: int = 12,
    rooms: int = 3,
    messages: int = 100,
    processes: int = 2,
    variables: dict[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Backend]:
    """A populated chat on this backend, everybody signed in; ended with all its parts.

    `processes` counts for PostgreSQL. `folder` is where its data goes; below var/ without one.
    """
    with ExitStack() as stack:
        place = folder or stack.enter_context(_scratch())
        settings = {"SECRET_KEY": "one key for every process of the site"} | (variables or {})
        database = redis = None
        if name == POSTGRESQL:
            database = stack.enter_context(postgresql_server())
            redis = stack.enter_context(redis_server())
            settings |= {"DATABASE_URL": database.url, "REDIS_URL": redis.url}
        count = processes if name == POSTGRESQL else 1
        sites = [
            Site(data_dir=place / f"process-{number}", port=free_port(), variables=settings)
            for number in range(count)
        ]
        made = Backend(name=name, sites=sites, database=database, redis=redis)
        populated(sites[0].data_dir, settings, people=people, rooms=rooms, messages=messages)
        made.sessions = json.loads(sites[0].manage("shell", "--no-imports", "-c", _SIGN_IN))
        stack.callback(made.stop)
        yield made


@contextmanager
def _scratch() -> Iterator[Path]:
    (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-", dir=ROOT / "var") as name:
        yield Path(name)
