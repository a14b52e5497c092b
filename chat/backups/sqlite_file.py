"""Backups of a site in one SQLite file: by SQLite's own copying, which a plain copy can't replace.

The newest commits are in the log beside the file, and the file changes while it is read.
"""

import os
import sqlite3
import uuid
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from chat import sqlite
from chat.backups.errors import Unusable

BUSY_SECONDS = 5


def write(path: Path, target: Path) -> None:
    """Copies the database of a live site, checks the copy, and only then gives it its name."""
    if not path.exists():
        raise Unusable(f"There is no database at {path}.")
    partial = target.with_name(f"{target.name}.partial")
    try:
        _copy(path, partial)
        partial.replace(target)
    except sqlite3.Error as error:
        raise Unusable(f"{path} can't be copied: {error}.") from None
    finally:
        partial.unlink(missing_ok=True)


def restore(path: Path, source: Path) -> Path | None:
    """Where the database of before is now; None when there was none."""
    try:
        lock = sqlite.hold(path)
    except sqlite.Taken as number:
        raise Unusable(f"A server (process {number}) has {path} open: end it first.") from None
    fresh = path.with_name(f"{path.name}.restoring")
    with lock:
        try:
            _copy(source, fresh)
            _check_end(source, fresh)
            _begin_epoch(fresh, before=path)
            return _put_in_place(path, fresh)
        except sqlite3.Error as error:
            raise Unusable(f"{source} is no whole backup of a Natterjack: {error}.") from None
        finally:
            fresh.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """One moment of `source` as one file without a log, whole, and on the disk."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(_connect(source)) as original, closing(_connect(target)) as copy:
        original.backup(copy)  # in one step: within one read transaction
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(" ".join(str(found).split()))
        _check_version(copy)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _check_end(source: Path, fresh: Path) -> None:
    """SQLite takes the end of a file that was cut within its last page for zeros."""
    has_log = source.with_name(f"{source.name}-wal").exists()
    if not has_log and source.stat().st_size < fresh.stat().st_size:
        raise sqlite3.DatabaseError("it ends too early")


def _check_version(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT name FROM django_migrations WHERE app = 'chat'")
    known = {name for app, name in MigrationLoader(None).disk_migrations if app == "chat"}
    if later := sorted({name for (name,) in rows} - known):
        raise Unusable(f"The backup is of a later Natterjack than this one ({later[-1]}).")


def _begin_epoch(path: Path, before: Path) -> None:
    with closing(_connect(path)) as database:
        with database:
            database.execute("UPDATE chat_site SET epoch = ?", [uuid.uuid4().hex])
            database.execute("DELETE FROM chat_session")
        with suppress(sqlite3.Error):  # the database of before may be damaged, or of another form
            _keep_sessions(database, before)


def _keep_sessions(database: sqlite3.Connection, before: Path) -> None:
    if not before.exists():
        return
    database.execute("ATTACH ? AS before", [str(before)])
    if _columns(database, "main") == _columns(database, "before"):
        with database:
            database.execute("INSERT INTO chat_session SELECT * FROM before.chat_session")


def _columns(database: sqlite3.Connection, schema: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA {schema}.table_info(chat_session)")]


def _put_in_place(path: Path, fresh: Path) -> Path | None:
    """At every moment there is a whole database at `path`: the one of before, or the new one."""
    kept = None
    if path.exists():
        kept = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        _fold_log_in(path, kept)
        os.link(path, kept)
    fresh.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return kept


def _fold_log_in(path: Path, kept: Path) -> None:
    """Leaves no log beside the file: SQLite would play it into the new one."""
    log = path.with_name(f"{path.name}-wal")
    try:
        with closing(_connect(path)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise Unusable(f"Another program has {path} open ({error}): end it first.") from None
    except sqlite3.DatabaseError:  # damaged, which may be why a backup is restored
        if log.exists():
            log.rename(kept.with_name(f"{kept.name}-wal"))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)
