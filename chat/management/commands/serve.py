"""`manage.py serve`: sets up what is missing and serves."""

import errno
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from chat.models import Site
from chat.server import make_server, run
from project import environment


class Command(BaseCommand):
    help = "Checks, migrates, and serves pages and sockets until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        environment.require_site_url_beyond_loopback(host, settings.SITE_URL)
        self._check_port_is_free(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("clearsessions", verbosity=0)  # those that are over; nobody else does it
        # Here and not at the top: it gathers the static files, which only who serves needs.
        from project.asgi import application  # noqa: PLC0415

        base = settings.SITE_URL or f"http://{_shown(host)}:{port}"
        run(make_server(application, host, port, on_ready=lambda: self._greet(base)))

    def _greet(self, base: str) -> None:
        self.stdout.write(f"Natterjack is at {base}  (Ctrl-C ends it)")
        site = Site.load()
        if not site.is_claimed:
            path = reverse("setup", args=[site.setup_key])
            self.stdout.write(f"Set it up, once, with this link:\n\n    {base}{path}\n")
        self.stdout.flush()

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


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
