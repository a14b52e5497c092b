"""A whole copy of a live site's database, and its return.

A restored log is another log: it starts a new `epoch`, so that every page that was open before
replaces its list rather than go on from a place that this log never reached. Of the sessions those
are kept that hold now: who signed out since the backup stays signed out, and who is signed in need
not do it again. Everything else is as it was.
"""

from pathlib import Path

from chat import sqlite
from chat.backups import postgresql, sqlite_file
from chat.backups.errors import Unusable

__all__ = ["Unusable", "restore", "write"]


def write(target: Path) -> None:
    """Writes a backup into a new file, readable for its owner alone. Raises Unusable."""
    if target.exists():
        raise Unusable(f"{target} is there already: name a new file.")
    path = sqlite.file()
    try:
        if path is None:
            postgresql.write(target)
        else:
            sqlite_file.write(path, target)
    except OSError as error:
        raise Unusable(f"{target} can't be written: {error.strerror}.") from None


def restore(source: Path) -> Path | None:
    """Puts a backup in the place of the site's database, wholly or not at all. Raises Unusable.

    Returns where the database of before is kept; None when there was none, and for PostgreSQL.
    """
    path = sqlite.file()
    try:
        if not source.is_file():
            raise Unusable(f"{source} is no file.")
        if path is not None:
            return sqlite_file.restore(path, source)
        postgresql.restore(source)
    except OSError as error:
        raise Unusable(f"{source} can't be restored: {error.strerror}.") from None
    return None
