"""A chat as somebody runs it: `manage.py serve` as a process with a data directory of its own.

Ended by its own process id, and started again on the same port and data. What it says on its
console goes to a file, so that a test can read it.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGABRT, SIGINT, SIGTERM, Signals, default_int_handler, signal

from tests.servers import START_TIMEOUT_SECONDS, STOP_TIMEOUT_SECONDS, ServerFailed, free_port

# A shell's background job ignores Ctrl-C, and would hand that on to each server that it starts.
signal(SIGINT, default_int_handler)

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "natterjack"
# A test that is quick is no attack. Where a limit is what is tested, it is set.
NO_LIMITS = {
    f"LIMIT_{name}": "off"
    for name in ["POSTS", "READS", "SIGNINS", "JOINS", "HOOKS", "FRAMES", "SOCKETS", "STREAMS"]
}
# What this shell is set up for is no concern of a test's site.
FOREIGN = re.compile(
    r"DATA_DIR|DATABASE_URL|DEBUG|DJANGO_|EMAIL_URL|HOST$|LIMIT_|PORT$|REDIS_URL|S(ECRET|ITE)_|TIME_ZONE|WEBHOOK_"
)


@dataclass(kw_only=True)
class Site:
    """One `serve` process, its data, and commands on the same data from other processes."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)
    command: str = "serve"
    # What the interpreter runs; another program may do something to the server first.
    program: tuple[str, ...] = ("manage.py",)
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def console(self) -> str:
        """What the server has said so far, over all its starts."""
        return self.log.read_text() if self.log.exists() else ""

    @property
    def log(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}-console")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        return kept | NO_LIMITS | {"DATA_DIR": str(self.data_dir)} | self.variables

    def start(self) -> "Site":
        """Returns when it answers; raises ServerFailed with its last words otherwise."""
        self.launch()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"manage.py {self.command}: {self.console[-2000:]}")
            time.sleep(0.02)
        return self

    def launch(self) -> None:
        """Starts the process and returns at once."""
        arguments = ["--port", str(self.port), *self.arguments]
        if self.command == "runserver":
            arguments = ["--noreload", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.program, self.command, *arguments],
                cwd=CHECKOUT,
                env=self.environment | {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, signal: Signals = SIGTERM) -> int:
        """Ends the process and returns its status; a second call does nothing.

        Raises ServerFailed, with what each of its threads was at, where it does not end.
        """
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(signal)
        try:
            return process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(SIGABRT)
            process.wait()
            raise ServerFailed(f"It does not end: {self.console[-8000:]}") from None

    def restart(self, signal: Signals = SIGTERM) -> None:
        self.stop(signal)
        self.start()

    def manage(self, *arguments: str) -> str:
        """A command on the same data, from a process of its own; its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"manage.py {arguments[0]}: {done.stderr[-2000:]}")
        return done.stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "--no-imports", "-c", f"{_NAMES}\n{code}")

    def post(self, *bodies: str, author: str = "member1", room: str = "general") -> None:
        """Posts through the one verb, in a process that serves nobody."""
        self.shell(f"for body in {bodies!r}: say(body, {author!r}, {room!r})")


_NAMES = """
import secrets
from chat.actions.messages import post_message
from chat.models import Membership, Message, Person, Room
def say(body, author, room):
    post_message(
        author=Person.objects.get(username=author),
        room=Room.objects.get(slug=room),
        body=body,
        nonce=secrets.token_urlsafe(16),
    )
"""

_START = """
import django, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
django.setup()
{code}
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def after(code: str) -> tuple[str, ...]:
    """A `program` that runs this first: what takes a minute in life is set to take a second."""
    return "-c", _START.format(code=code)


# A call to Redis that takes a moment makes each process count limits alone: here it is waited for.
PATIENT = after("from chat import counters\ncounters.PATIENCE_SECONDS = 10")


def serve_until_it_ends(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A `serve` that ends by itself, because it can't do what it is asked to."""
    site = Site(data_dir=folder)
    return subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=CHECKOUT,
        env=site.environment | {"PORT": str(site.port)} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextlib.contextmanager
def running(data_dir: Path, **options: object) -> Iterator[Site]:
    """A started site that is ended afterwards, by its own process id."""
    site = Site(data_dir=data_dir, **options).start()
    try:
        yield site
    finally:
        site.stop()


def populated(folder: Path, variables: dict[str, str] | None = None, **more: int) -> Path:
    """A data directory with an invented team of four, three rooms and 300 messages."""
    site = Site(data_dir=folder, port=1, variables=variables or {})
    numbers = {"people": 4, "rooms": 3, "messages": 300} | more | {"password": PASSWORD}
    site.manage("migrate", "--verbosity", "0")
    site.manage("populate", *(word for key in numbers for word in (f"--{key}", f"{numbers[key]}")))
    return folder


@functools.cache
def team(base: Path) -> Path:
    """One populated data directory below the temporary folder of this test process."""
    return populated(base / "team")


def copied(source: Path, target: Path) -> Path:
    """The same data for another site. The source's server has to be stopped."""
    return Path(shutil.copytree(source, target))
