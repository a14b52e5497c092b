"""`manage.py worker`: the background jobs alone, beside several `serve --no-worker`."""

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from chat import worker


class Command(BaseCommand):
    help = (
        "Does the background work (clearing old sessions and deleted words) until Ctrl-C. `serve` "
        "does it by itself; this is for sites with several processes, which are started with "
        "`serve --no-worker`."
    )

    def handle(self, **options: Any) -> None:
        ending = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.set())
        self.stdout.write("The worker is at work  (Ctrl-C ends it)")
        self.stdout.flush()
        worker.work(ending)
