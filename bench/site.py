"""A site to measure: a data directory with invented people who are all signed in."""

import atexit
import json
import os
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
# Where programs and their parts are found. Nothing else of the shell reaches what is measured: a
# setting of Natterjack's, Node's, Ruby's, uvicorn's or make's would change it unseen.
_INHERITED = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "GEM_HOME", "GEM_PATH")
LIMITS = (
    "LIMIT_POSTS",
    "LIMIT_READS",
    "LIMIT_SIGNINS",
    "LIMIT_JOINS",
    "LIMIT_HOOKS",
    "LIMIT_FRAMES",
    "LIMIT_SOCKETS",
    "LIMIT_STREAMS",
)
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
    """A site's, with every limit off and all other settings at their defaults."""
    database = {"DATABASE_URL": database_url} if database_url else {}
    return (
        bare_environment() | dict.fromkeys(LIMITS, "off") | database | {"DATA_DIR": str(data_dir)}
    )


def bare_environment() -> dict[str, str]:
    """The same on every shell, but for where its programs are."""
    found = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return found | {"LC_ALL": "C.UTF-8"}


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
    code = f"from bench.sign_in import invent; invent({people}, {rooms}, {messages})"
    sessions = in_shell(code, environment(directory, database_url))
    return Site(directory, json.loads(sessions), database_url)


def _migrate(variables: dict[str, str]) -> None:
    _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], variables)


def posting_tokens(site: Site, count: int) -> list[str]:
    """Tokens of its first people, for bots that only post."""
    code = f"from bench.sign_in import posting_tokens; posting_tokens({count})"
    tokens: list[str] = json.loads(in_shell(code, site.environment))
    return tokens


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
