"""What has to happen now and then rather than at a request: the background worker's jobs.

A thread of `serve`, or a process of its own beside several `serve --no-worker`. Two workers at
once do no harm: every job may be done twice, and what goes out to hooks is sent by one of them.
"""

import logging
import time
from collections.abc import Callable
from importlib import import_module
from threading import Event, Thread

from django.conf import settings
from django.db import connection

from chat import deliveries, outgoing, search

logger = logging.getLogger(__name__)

HOUR = 3600.0
DAY = 24 * HOUR
RETRY_SECONDS = 60.0
# What a job that is under way gets when the process ends.
LAST_SECONDS = 2.0


def clear_sessions() -> None:
    """Forgets the sessions that are over."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


JOBS: dict[Callable[[], None], float] = {
    clear_sessions: HOUR,
    search.purge: DAY,
    deliveries.forget_old: DAY,
}


def work(ending: Event) -> None:
    """Does each job at once and then each time its seconds are over, until `ending` is set; and
    sends to hooks beside that."""
    sending = Thread(target=deliveries.send_until, args=[ending], name="hooks", daemon=True)
    sending.start()
    due = dict.fromkeys(JOBS, time.monotonic())
    while not ending.wait(max(0.0, min(due.values()) - time.monotonic())):
        for job, seconds in JOBS.items():
            if due[job] <= time.monotonic():
                due[job] = time.monotonic() + (seconds if _succeeds(job) else RETRY_SECONDS)
        connection.close()  # the next job is an hour away, and the database may restart until then
    outgoing.bell.set()  # who waits for something to send looks up, and ends
    sending.join(timeout=LAST_SECONDS)


def _succeeds(job: Callable[[], None]) -> bool:
    try:
        job()
    except Exception as error:
        # The worker outlives a database that is away: one line, and once more in a minute.
        logger.error("%s failed: %s", job.__name__, " ".join(str(error).split()))
        return False
    return True
