"""A site to measure: a data directory with invented people who are all signed in."""

import atexit
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent
ROOMS = 6
# Settings of the shell that would change what is measured.
_FOREIGN = {"DATABASE_URL", "DEBUG", "REDIS_URL", "SECRET_KEY", "SITE_URL", "HOST", "PORT"}
_LIMITS = ("POSTS", "READS", "SIGNINS", "JOINS", "FRAMES", "SOCKETS", "STREAMS")
_until_the_end = ExitStack()
atexit.register(_until_the_end.close)


@dataclass(frozen=True)
class Site:
    """A data directory, and the session keys of its people: member1 first.

    `database_url` is empty where the data are in the directory too.
    """

    data_dir: Path
    sessions: list[str]
    database_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.data_dir, self.database_url)


def environment(data_dir: Path, database_url: str = "") -> dict[str, str]:
    """This shell's, without its site, and with every limit off."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    limits = {f"LIMIT_{name}": "off" for name in _LIMITS}
    database = {"DATABASE_URL": database_url} if database_url else {}
    return inherited | limits | database | {"DATA_DIR": str(data_dir)}


@contextmanager
def populated(
    people: int, messages: int, rooms: int = ROOMS, database_url: str = ""
) -> Iterator[Site]:
    """A populated site with somebody signed in for each of its people."""
    with data_directory() as directory:
        if database_url:
            _migrate(environment(directory, database_url))
            yield _invented(directory, people, rooms, messages, database_url)
        else:
            kept = _kept(people, rooms, messages)
            shutil.copytree(kept.data_dir, directory, dirs_exist_ok=True)
            yield Site(directory, kept.sessions)


@cache
def _kept(people: int, rooms: int, messages: int) -> Site:
    """One for all scenarios of a run that want the same: it is copied, and nobody serves it."""
    directory = _until_the_end.enter_context(data_directory())
    shutil.copytree(_empty(), directory, dirs_exist_ok=True)
    return _invented(directory, people, rooms, messages)


@cache
def _empty() -> Path:
    """A site with its tables and nothing in them."""
    directory = _until_the_end.enter_context(data_directory())
    _migrate(environment(directory))
    return directory


def _invented(
    directory: Path, people: int, rooms: int, messages: int, database_url: str = ""
) -> Site:
    variables = environment(directory, database_url)
    manage = [sys.executable, "manage.py"]
    invented = f"--people {people} --rooms {rooms} --messages {messages}".split()
    password = [f"--password={secrets.token_urlsafe()}"]  # it may begin with a dash
    _run([*manage, "populate", *invented, *password], variables)
    sessions = in_shell("from bench.sign_in import main; main()", variables)
    return Site(directory, json.loads(sessions), database_url)


def _migrate(variables: dict[str, str]) -> None:
    _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], variables)


def in_shell(code: str, variables: dict[str, str]) -> str:
    """What some code prints that runs within the site."""
    manage = [sys.executable, "manage.py"]
    return _run([*manage, "shell", "--no-imports", "-v", "0", "-c", code], variables)


@contextmanager
def data_directory() -> Iterator[Path]:
    """An empty one on the checkout's own disk: a temporary file system would commit for free."""
    (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as name:
        yield Path(name)


def _run(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Invalid(f"{' '.join(command[1:3])}: {done.stderr[-500:]}")
    return done.stdout
