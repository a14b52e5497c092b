"""Private servers for tests: Redis and PostgreSQL on loopback ports of their own.

Each runs in a temporary directory, is ready when its context begins, and is stopped by its own
process id when it ends. A missing program is an error that names the command to run.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, Signals

import redis

START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 15
PORT_ATTEMPTS = 3
# Below the ports that systems give to clients: one of those that try to come back could else be
# given the very port that its dead server had, and so talk to itself and keep the server out.
_PORTS = range(20_000, 32_000)


class MissingProgram(RuntimeError):
    """A program that the tests drive is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed. Run: sh tools/system_packages.sh")


class ServerFailed(RuntimeError):
    """A server ended, or was not ready in time; the message ends with what it logged."""


@dataclass(kw_only=True)
class Server:
    """A server process that a test may stop and start again on the same port and data."""

    url: str
    port: int
    command: list[str]
    directory: Path
    is_ready: Callable[["Server"], bool]
    # SIGINT ends Redis at once, and PostgreSQL without waiting for its clients.
    stop_signal: Signals = SIGINT
    user: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server is stopped"
        return self.process.pid

    def start(self) -> None:
        """Starts the process and returns when it answers; raises ServerFailed otherwise."""
        log = self.directory / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal is for pytest, which then stops the server in order.
                start_new_session=True,
                **_run_as(self.user),
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.is_ready(self):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self.command[0]}: {log.read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends the process and waits for it; a second call does nothing."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis that keeps nothing on disk."""
    program = find_program("redis-server")

    def server_on(port: int, directory: Path) -> Server:
        options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        return Server(
            url=f"redis://127.0.0.1:{port}/0",
            port=port,
            command=[program, *(word for name in options for word in (f"--{name}", options[name]))],
            directory=directory,
            is_ready=_redis_answers,
        )

    with _directory() as directory, _running(server_on, directory) as server:
        yield server


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL whose database `postgres` belongs to the superuser `natterjack`."""
    initdb = find_program("initdb", folders=_postgresql_folders())
    program = find_program("postgres", folders=_postgresql_folders())
    # PostgreSQL refuses to run as root, as in most containers; its package brings this user.
    user = "postgres" if os.getuid() == 0 else None

    def server_on(port: int, directory: Path) -> Server:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            # The data lives as long as the test: a power cut may have it.
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
        }
        return Server(
            url=f"postgres://natterjack@127.0.0.1:{port}/postgres",
            port=port,
            command=[
                *(program, "-D", str(directory / "data"), "-p", str(port)),
                *(word for name in settings for word in ("-c", f"{name}={settings[name]}")),
            ],
            directory=directory,
            is_ready=_postgresql_is_ready,
            user=user,
        )

    with _directory(owner=user) as directory:
        _make_cluster(initdb, directory, user)
        with _running(server_on, directory) as server:
            yield server


@contextmanager
def nginx_server(port: int, upstreams: list[int]) -> Iterator[Server]:
    """deploy/nginx.conf as it is, but for the ports, the names and the certificate."""
    program = find_program("nginx", folders=[Path("/usr/sbin")])

    def server_on(_port: int, directory: Path) -> Server:
        (directory / "nginx.conf").write_text(_nginx_conf(port, upstreams, directory))
        return Server(
            url=f"http://127.0.0.1:{port}",
            port=port,
            command=[program, "-c", str(directory / "nginx.conf"), "-p", str(directory)],
            directory=directory,
            is_ready=_answers,
        )

    with _directory() as directory, _running(server_on, directory) as server:
        yield server


@contextmanager
def caddy_server(port: int, upstreams: list[int]) -> Iterator[Server]:
    """deploy/Caddyfile as it is, but for the ports, the name and, with it, the certificate."""
    program = find_program("caddy")

    def server_on(_port: int, directory: Path) -> Server:
        (directory / "Caddyfile").write_text(_caddyfile(port, upstreams, directory))
        own = ["env", f"XDG_CONFIG_HOME={directory}"]  # it keeps what it was last told to do
        return Server(
            url=f"http://127.0.0.1:{port}",
            port=port,
            command=[*own, program, "run", "--config", str(directory / "Caddyfile")],
            directory=directory,
            is_ready=_answers,
        )

    with _directory() as directory, _running(server_on, directory) as server:
        yield server


def chromium_path() -> str:
    """The browser that the tests drive: CHROMIUM from the environment, else the system's."""
    if path := os.environ.get("CHROMIUM"):
        return path
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise MissingProgram("chromium")


def find_program(name: str, *, folders: list[Path] | None = None) -> str:
    """The program's path, from PATH or else from the first of the folders that has it."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders or [])])
    path = shutil.which(name, path=search)
    if path is None:
        raise MissingProgram(name)
    return path


def free_port() -> int:
    """A free loopback port that stays a server's own while it is down."""
    while True:
        port = secrets.choice(_PORTS)  # `random` is sown alike in all processes of a run
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


@contextmanager
def _directory(owner: str | None = None) -> Iterator[Path]:
    # Not pytest's tmp_path: its parents are closed to the user that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="natterjack-") as name:
        if owner is not None:
            try:
                shutil.chown(name, owner)
            except LookupError as error:
                raise MissingProgram("PostgreSQL's package, with its system user,") from error
        yield Path(name)


@contextmanager
def _running(server_on: Callable[[int, Path], Server], directory: Path) -> Iterator[Server]:
    server = _started(server_on, directory)
    try:
        yield server
    finally:
        server.stop()


def _started(server_on: Callable[[int, Path], Server], directory: Path) -> Server:
    # Another test process may have taken the free port first: then the next one.
    for attempts_left in reversed(range(PORT_ATTEMPTS)):
        server = server_on(free_port(), directory)
        try:
            server.start()
        except ServerFailed:
            if not attempts_left:
                raise
        else:
            return server
    raise AssertionError("the last attempt returns or raises")


def _nginx_conf(port: int, upstreams: list[int], directory: Path) -> str:
    ours = (Path(__file__).parent.parent / "deploy" / "nginx.conf").read_text()
    for number, upstream in enumerate(upstreams, 1):
        ours = ours.replace(f"127.0.0.1:800{number}", f"127.0.0.1:{upstream}")
    ours = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", ours, flags=re.DOTALL)
    ours = ours.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    ours = re.sub(r"^ *(ssl_certificate|server_name).*\n", "", ours, flags=re.MULTILINE)
    temporary = "".join(
        f"{name}_temp_path {directory}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Its workers would run as nobody, who may not write into this directory.
    user = "user root;" if os.getuid() == 0 else ""
    return (
        f"{user} daemon off; pid {directory}/pid; error_log stderr warn; worker_processes 1;"
        " worker_shutdown_timeout 1s; events {}"
        f"\nhttp {{ access_log off; {temporary}\n{ours}}}\n"
    )


def _caddyfile(port: int, upstreams: list[int], directory: Path) -> str:
    ours = (Path(__file__).parent.parent / "deploy" / "Caddyfile").read_text()
    for number, upstream in enumerate(upstreams, 1):
        ours = ours.replace(f"127.0.0.1:800{number}", f"127.0.0.1:{upstream}")
    ours = ours.replace("chat.example.org {", f"http://127.0.0.1:{port} {{")
    # Its door for commands, and what it remembers, are this one's own.
    options = f"admin unix/{directory}/admin\n\tauto_https off"
    return f"{{\n\t{options}\n\tstorage file_system {directory}/kept\n}}\n{ours}"


def _answers(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def _run_as(user: str | None) -> dict[str, object]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _redis_answers(server: Server) -> bool:
    # The process id tells ours from a stranger that took the port first.
    try:
        with redis.Redis.from_url(server.url, socket_timeout=1) as client:
            return client.info("server")["process_id"] == server.pid
    except redis.RedisError:
        return False


def _postgresql_folders() -> list[Path]:
    # Debian's place, the newest version first: numbers, so that 9 is not above 15.
    folders = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    return sorted(folders, key=lambda folder: float(folder.parent.name), reverse=True)


def _make_cluster(initdb: str, directory: Path, user: str | None) -> None:
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(
        [initdb, "-D", str(directory / "data"), "-U", "natterjack", *options],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **_run_as(user),
    )
    if made.returncode:
        raise ServerFailed(f"{initdb}: {made.stderr[-2000:]}")


def _postgresql_is_ready(server: Server) -> bool:
    # As pg_ctl does: the eighth line of this file turns to "ready" when connections are taken.
    # Until then it is missing, empty or shorter.
    try:
        lines = (server.directory / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(server.pid)] and lines[7:8] == ["ready   "]
