"""Backups of a site in PostgreSQL: by its own programs, in its custom format."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from chat.backups.errors import Unusable

# A dump sets the search path to nothing, so names are whole. Where the sessions of now and those
# of the backup's version differ, nobody stays signed in.
_KEEP_SESSIONS = "CREATE TEMP TABLE kept AS SELECT * FROM public.chat_session;"
_BEGIN_EPOCH = """
UPDATE public.chat_site SET epoch = gen_random_uuid();
DELETE FROM public.chat_session;
DO $$ BEGIN
  INSERT INTO public.chat_session SELECT * FROM pg_temp.kept;
EXCEPTION WHEN others THEN NULL;
END $$;
"""


def write(target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        _run("pg_dump", "--format=custom", f"--file={partial}", *_where())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def restore(source: Path) -> None:
    """In one transaction. Servers that run meanwhile would write into it: none may."""
    if count := _others():
        raise Unusable(
            f"The database is in use ({count} connections): end all servers and workers first."
        )
    if "TABLE public chat_site " not in _run("pg_restore", "--list", str(source)):
        raise Unusable(f"{source} is no backup of a Natterjack.")
    with tempfile.TemporaryDirectory() as folder:
        # All of the dump is read before anything is changed: it may end in the middle.
        dump, before = Path(folder, "dump.sql"), Path(folder, "before.sql")
        _run("pg_restore", "--no-owner", "--no-privileges", f"--file={dump}", str(source))
        before.write_text(_forget_everything())
        _run(
            *("psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"),
            *(f"--file={before}", f"--file={dump}", f"--command={_BEGIN_EPOCH}", *_where()),
        )


def _forget_everything() -> str:
    """SQL that keeps the sessions of now and drops every table, those of later versions too."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    connection.close()  # it would stand in the way of what it asks for
    keep = _KEEP_SESSIONS if "chat_session" in tables else ""
    names = [f"public.{connection.ops.quote_name(name)}" for name in tables]
    return keep + "".join(f"DROP TABLE {name} CASCADE;\n" for name in names)


def _others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def _where() -> list[str]:
    """The arguments that name the database; the password goes by the environment."""
    return list(_connection()[0])[1:]


def _connection() -> tuple[Sequence[str], dict[str, str]]:
    arguments, environment = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, []
    )
    return arguments, environment or {}


def _run(program: str, *arguments: str) -> str:
    """What the program says on its standard output."""
    path = shutil.which(program)
    if path is None:
        raise Unusable(
            f"{program} is not installed. It comes with PostgreSQL's client (on Debian:"
            " apt-get install postgresql-client); docs/running.md has the commands by hand."
        )
    done = subprocess.run(  # noqa: S603
        [path, *arguments],
        env=os.environ | _connection()[1],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = " ".join(done.stderr.split())[-300:]
        raise Unusable(f"{program} failed, and nothing was changed: {words}")
    return done.stdout
