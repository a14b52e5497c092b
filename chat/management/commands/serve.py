"""`manage.py serve`: sets up what is missing and serves."""

import errno
import socket
import sqlite3
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.urls import reverse

from chat import sqlite, worker
from chat.database import one_at_a_time
from chat.models import Site
from chat.server import make_server, run
from project import environment


class Command(BaseCommand):
    help = "Checks, migrates, and serves pages and sockets until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")
        parser.add_argument(
            "--no-worker",
            action="store_false",
            dest="with_worker",
            help="leave the background work to `manage.py worker`: for several processes",
        )

    def handle(self, *, host: str, port: int, with_worker: bool, **options: Any) -> None:
        environment.require_site_url_beyond_loopback(host, settings.SITE_URL)
        self._check_port_is_free(host, port)
        with self._holding_the_file(sqlite.file()):
            self._migrate()
            with _beside(with_worker):
                self._serve(host, port)

    def _serve(self, host: str, port: int) -> None:
        # Here and not at the top: it gathers the static files, which only who serves needs.
        from project.asgi import application  # noqa: PLC0415

        base = settings.SITE_URL or f"http://{_shown(host)}:{port}"
        run(make_server(application, host, port, on_ready=lambda: self._greet(base)))

    @contextmanager
    def _holding_the_file(self, path: Path | None) -> Iterator[None]:
        """With SQLite: that nobody else serves it, and that it is whole."""
        if path is None:
            yield
            return
        try:
            lock = sqlite.hold(path)
        except sqlite.Taken as number:
            raise CommandError(
                f"Another server (process {number}) has {path} open, and SQLite is for one. "
                "End that one, or set DATABASE_URL and REDIS_URL: docs/running.md."
            ) from None
        with lock:
            if words := sqlite.damage(path):
                raise CommandError(
                    f"{path} is damaged ({words}). Put a backup in its place: "
                    "python manage.py restore FILE"
                )
            if sqlite.has_reset_bug():
                self._warn_of_reset_bug()
            yield

    def _warn_of_reset_bug(self) -> None:
        self.stderr.write(
            f"SQLite {sqlite3.sqlite_version} can damage a file that several programs write to "
            "(its WAL-reset bug). Natterjack avoids that; let no other program open the file, or "
            "install SQLite 3.51.3 or later."
        )

    def _migrate(self) -> None:
        try:
            with one_at_a_time():
                call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            words = " ".join(str(error).split())
            raise CommandError(f"The database does not answer: {words}") from None
        finally:
            connection.close()  # serving has its own connections; this one would idle for ever

    def _greet(self, base: str) -> None:
        self.stdout.write(f"Natterjack is at {base}  (Ctrl-C ends it)")
        site = Site.load()
        if not site.is_claimed:
            path = reverse("setup", args=[site.setup_key])
            self.stdout.write(f"Set it up, once, with this link:\n\n    {base}{path}\n")
        self.stdout.flush()
        connection.close()

    def _check_port_is_free(self, host: str, port: int) -> None:
        # daphne only logs that it can't listen, and then waits for ever.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), port))
            except OSError as error:
                reason = "is in use" if error.errno == errno.EADDRINUSE else error.strerror
                raise CommandError(f"{host}:{port} {reason}. Choose another: PORT=8001") from None


@contextmanager
def _beside(with_worker: bool) -> Iterator[None]:
    """What this process does beside serving: the worker, and with SQLite the checkpoints."""
    path = sqlite.file()
    checkpointer = sqlite.Checkpointer(path) if path else None
    ending = Event()
    working = Thread(target=worker.work, args=[ending], name="worker", daemon=True)
    if checkpointer:
        checkpointer.start()
    if with_worker:
        working.start()
    try:
        yield
    finally:
        ending.set()
        if with_worker:
            working.join(timeout=worker.LAST_SECONDS)
        if checkpointer:
            checkpointer.end()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
