"""Server processes on loopback ports of their own, on the server's core."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, sleep
from typing import BinaryIO

from bench.cores import cpu_seconds, family, on_core
from bench.errors import Invalid, Unreached
from bench.site import ROOT, Site, bare_environment

# Where others are busy too, a right result may take long.
START_SECONDS = STOP_SECONDS = 60.0
_POLL_SECONDS = 0.002
# A worker that merges blocks of the index of words rests for 50 ms between two steps of 5 to 20 ms:
# at a tenth of a fast core it is not at rest.
_REST_SECONDS, _LOOK_SECONDS, _IDLE_SHARE = 60.0, 0.2, 0.03
_MAX_COMPLAINT_BYTES = 2000
# What was passed on to whoever runs the command, who need not read it again at each start.
_complaints: set[tuple[str, str]] = set()
# Told in a sentence that a server had to be killed.
OnKilled = Callable[[str], None]


@dataclass(frozen=True)
class Server:
    """A server that answers. `started_in_seconds` runs from the command to its first 200."""

    pid: int
    port: int
    started_in_seconds: float
    # What runs beside it, and was not started by it.
    helpers: tuple[int, ...] = ()

    @property
    def pids(self) -> list[int]:
        """Its processes: some peers start others."""
        return [*family(self.pid), *self.helpers]

    def pss_bytes(self) -> int:
        return pss_bytes(self.pid)

    def rest(self) -> None:
        """Waits until it has nothing to do: who has just gone is still being seen off."""
        deadline = perf_counter() + _REST_SECONDS
        busy = 1.0
        while busy > _IDLE_SHARE:
            if perf_counter() > deadline:
                raise Unreached(f"the server did not come to rest within {_REST_SECONDS:g} s")
            before = sum(map(cpu_seconds, self.pids))
            sleep(_LOOK_SECONDS)
            busy = (sum(map(cpu_seconds, self.pids)) - before) / _LOOK_SECONDS


def refuse(sentence: str) -> None:
    """What ours is told by: a server that does not end is a wrong result."""
    raise Invalid(sentence)


def pss_bytes(pid: int) -> int:
    """A process's share of the memory: what it shares with others counts in part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kilobytes) for kilobytes in re.findall(r"\nPss: +(\d+) kB", rollup)) * 1024


@contextmanager
def natterjack(core: int, site: Site, port: int = 0) -> Iterator[Server]:
    """What `make run` starts, on a populated site."""
    command = [sys.executable, "manage.py", "serve"]
    with running(core, command, "/login/", site.environment, port=port) as it:
        yield it


@contextmanager
def on_uvicorn(core: int, site: Site) -> Iterator[Server]:
    """The same site on the other server, with the worker beside it that `serve` has in itself."""
    variables = site.environment | {"PYTHON": sys.executable}
    with (
        running(core, ["sh", "deploy/uvicorn.sh"], "/login/", variables) as it,
        _begun(core, [sys.executable, "manage.py", "worker"], variables) as worker,
    ):
        both = replace(it, helpers=(worker.pid,))
        both.rest()  # it has begun by then, and done what is due at once
        if worker.poll() is not None:
            raise Invalid(f"the worker ended at its start with {worker.returncode}")
        yield both


@contextmanager
def daphne_with(
    core: int,
    application: str,
    path: str,
    on_killed: OnKilled = refuse,
    name: str = "empty view",
) -> Iterator[Server]:
    """Another application on plain daphne. Its port follows the command."""
    patience = ["--websocket_connect_timeout", str(int(START_SECONDS))]
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", *patience]
    command, variables = [*daphne, application, "-p"], bare_environment()
    with running(
        core, command, path, variables, adds_port=True, on_killed=on_killed, name=name
    ) as it:
        yield it


@contextmanager
def running(
    core: int,
    command: list[str],
    path: str,
    variables: Mapping[str, str],
    *,
    adds_port: bool = False,
    port: int = 0,
    on_killed: OnKilled = refuse,
    name: str = "Natterjack",
) -> Iterator[Server]:
    """Starts it on a port (0: a free one), waits until `path` answers 200, and ends it with
    Ctrl-C. One that takes no notice is killed, and that is told where nothing worse came first.
    What it complained about is passed on under its name."""
    port = port or _free_port()
    command = [*command, str(port)] if adds_port else command
    began = perf_counter()
    with _begun(core, command, {**variables, "PORT": str(port)}, on_killed, name) as process:
        _wait_for_200(process, port, path)
        yield Server(process.pid, port, perf_counter() - began)


@contextmanager
def _begun(
    core: int,
    command: list[str],
    variables: Mapping[str, str],
    on_killed: OnKilled = refuse,
    name: str = "Natterjack",
) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as console:
        with on_core(core):
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=console,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            has_ended = _stop(process)
            _repeat(name, console)
    if not has_ended:
        on_killed(f"the server did not end within {STOP_SECONDS:g} s of Ctrl-C, and was killed")


def _repeat(name: str, console: BinaryIO) -> None:
    """Passes on what a server complained about, each text once; only its end where it is long: a
    server under load may say it a lot, and why one ended comes last."""
    size = console.seek(0, os.SEEK_END)
    console.seek(max(0, size - _MAX_COMPLAINT_BYTES))
    text = console.read().decode(errors="replace").strip()
    if not text or (name, text) in _complaints:
        return
    _complaints.add((name, text))
    cut = "…" if size > _MAX_COMPLAINT_BYTES else ""
    print(f"{name} said:\n{cut}{text}", file=sys.stderr)


def _wait_for_200(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = perf_counter() + START_SECONDS
    while _status(port, path) != b"200":
        if process.poll() is not None:
            raise Invalid(f"the server ended at its start with {process.returncode}")
        if perf_counter() > deadline:
            raise Invalid(f"the server did not answer 200 within {START_SECONDS:g} s")
        sleep(_POLL_SECONDS)


def _status(port: int, path: str) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            host = f"127.0.0.1:{port}"
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
            )
            return connection.recv(4096)[9:12]
    except OSError:
        return b""


def _stop(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended by itself."""
    # Its session is its own: make, its shell and the server all get the Ctrl-C.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
