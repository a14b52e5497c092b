"""Natterjack as a load sees it: its site with people, its pages, its form."""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter

from bench import texts
from bench.errors import Invalid
from bench.http import Answer, Client
from bench.ledger import Ledger
from bench.loop import Loop
from bench.sockets import Socket

ROOT = Path(__file__).resolve().parent.parent
SLUG = "general"
ROOMS = 6
THROTTLE_SECONDS, DELAY_SECONDS = 5.0, 2.0
# Settings of the shell that would change what is measured.
_FOREIGN = {"DATABASE_URL", "DEBUG", "REDIS_URL", "SECRET_KEY", "SITE_URL", "HOST", "PORT"}
_LIMITS = ("POSTS", "SIGNINS", "JOINS", "FRAMES", "SOCKETS", "STREAMS")
_MESSAGE = re.compile(rb'id="message-\d+"')
_SEQ = re.compile(rb'name="seq" value="(\d+)"')


@dataclass(frozen=True)
class Site:
    """A data directory, and the session keys of its people: member1 first."""

    data_dir: Path
    sessions: list[str]

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.data_dir)


def environment(data_dir: Path) -> dict[str, str]:
    """This shell's, without its site, and with every limit off."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    limits = {f"LIMIT_{name}": "off" for name in _LIMITS}
    return inherited | limits | {"DATA_DIR": str(data_dir)}


@contextmanager
def site(people: int, messages: int) -> Iterator[Site]:
    """A populated site with somebody signed in for each of its people."""
    with data_directory() as directory:
        variables = environment(directory)
        manage = [sys.executable, "manage.py"]
        invented = f"--people {people} --rooms {ROOMS} --messages {messages}".split()
        password = ["--password", secrets.token_urlsafe()]
        _run([*manage, "migrate", "--verbosity", "0"], variables)
        _run([*manage, "populate", *invented, *password], variables)
        sign_in = "from bench.sign_in import main; main()"
        sessions = _run([*manage, "shell", "--no-imports", "-v", "0", "-c", sign_in], variables)
        yield Site(directory, json.loads(sessions))


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


@dataclass(frozen=True)
class Place:
    """Where a page of the room stands: its cursor, and the token for its forms."""

    after: str
    epoch: str
    token: str


def open_room(loop: Loop, port: int, session: str) -> Place:
    """Gets the room's page as a browser does, and reads what its socket needs."""
    client = Client(loop, port, session)
    answer = client.get(f"/rooms/{SLUG}/")
    client.close()
    if answer.status != 200:
        raise Invalid(f"the room's page answered {answer.status}")
    return Place(*(_value(answer.text, name) for name in ("after", "epoch", "csrfmiddlewaretoken")))


def _value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    if found is None:
        raise Invalid(f"the room's page has no field {name}")
    return found[1]


class Page:
    """A room's page of one person, as htmx and our templates make it behave.

    It sends `resume` when its socket opens, and `read` when the list's end is renewed: at once
    but at most every 5 s, and once more 2 s after the last time.
    """

    def __init__(
        self,
        loop: Loop,
        port: int,
        session: str,
        place: Place,
        ledger: Ledger,
        on_ready: Callable[[], None],
    ) -> None:
        self._loop, self._ledger, self._on_ready = loop, ledger, on_ready
        self._place, self._seq = place, place.after
        self._seen: set[int] = set()
        self._is_ready = self._is_closed = self._is_waiting = False
        self._next_read_at = self._quiet_at = 0.0
        self._socket = Socket(
            loop,
            port,
            f"/ws/chat/{SLUG}/",
            session=session,
            on_open=lambda: self._send("resume"),
            on_text=self._take,
        )

    def close(self) -> None:
        self._is_closed = True
        self._socket.close()

    def _send(self, kind: str) -> None:
        frame = {
            "type": kind,
            "after": self._seq,
            "seq": self._seq,
            "epoch": self._place.epoch,
            "HEADERS": {"HX-Request": "true", "HX-Current-URL": f"/rooms/{SLUG}/"},
        }
        self._socket.send(json.dumps(frame))

    def _take(self, text: bytes) -> None:
        numbers, seq = _read(text)
        if not self._is_ready:  # the first frame answers the resume: from here on it is live
            self._is_ready = True
            self._on_ready()
        if seq:
            now = perf_counter()
            self._seq = seq
            self._ledger.arrived(self._seen, numbers, now)
            self._see(now)

    def _see(self, now: float) -> None:
        self._quiet_at = now + DELAY_SECONDS
        if not self._is_waiting:
            self._is_waiting = True
            self._loop.at(self._quiet_at, self._read_when_quiet)
        if now >= self._next_read_at:
            self._next_read_at = now + THROTTLE_SECONDS
            self._send("read")

    def _read_when_quiet(self) -> None:
        if self._is_closed:
            return
        self._is_waiting = perf_counter() < self._quiet_at
        if self._is_waiting:
            self._loop.at(self._quiet_at, self._read_when_quiet)
        else:
            self._send("read")


@lru_cache(maxsize=512)
def _read(frame: bytes) -> tuple[tuple[int, ...], str]:
    """A frame's messages and its cursor, "" for none. Raises Invalid for foreign messages."""
    numbers = texts.numbers(frame)
    if len(_MESSAGE.findall(frame)) != len(numbers):
        raise Invalid("a frame holds messages that nobody sent")
    seq = _SEQ.search(frame)
    return numbers, seq[1].decode() if seq else ""


class Poster:
    """Somebody who writes with the room's form, over kept connections; as many as are needed."""

    def __init__(self, loop: Loop, port: int, session: str, token: str) -> None:
        self._loop, self._port, self._session, self._token = loop, port, session, token
        self._clients: list[Client] = []
        self.unanswered = 0

    def write(self, number: int) -> None:
        fields = {
            "csrfmiddlewaretoken": self._token,
            "nonce": secrets.token_urlsafe(16),
            "room": SLUG,
            "body": texts.text(number),
        }
        self.unanswered += 1
        self._client().post(f"/rooms/{SLUG}/messages/", fields, self._answered)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _client(self) -> Client:
        for client in self._clients:
            if not client.is_busy:
                return client
        self._clients.append(Client(self._loop, self._port, self._session))
        return self._clients[-1]

    def _answered(self, answer: Answer) -> None:
        self.unanswered -= 1
        if answer.status != 200:
            raise Invalid(f"a post was answered with {answer.status}")
