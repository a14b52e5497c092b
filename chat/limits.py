"""How often somebody may do something: a count in a fixed window.

Every process counts in its own memory. Where REDIS_URL joins several, they count together beside
it, and whichever count is higher holds: without Redis, each still has its own.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from chat.counters import counters
from chat.errors import TooMany
from project.environment import Rate, is_loopback


@dataclass(frozen=True)
class Spent:
    """What is left of `limit` until the window ends, in `reset_seconds`."""

    limit: int
    remaining: int
    reset_seconds: int


def spend(rate: Rate | None, deed: str, *who: object) -> Spent | None:
    """Counts one deed for each of `who`; raises TooMany for whoever is over the rate.

    Returns what is left to the last of them; None where nothing is counted.

    `rate` None counts nothing. The windows begin at whole multiples of their length, so one
    counter a window is enough and a counter that is lost forgives, never locks out. Asks Redis
    where there is one, so this is not for the loop.
    """
    return _spend(_count_together, rate, deed, who)


def spend_here(rate: Rate | None, deed: str, *who: object) -> Spent | None:
    """As `spend`, counted by this process alone: asks nobody, and may be called in the loop."""
    return _spend(_count, rate, deed, who)


def address_of(request: HttpRequest) -> str:
    """The address that a deed is counted for: the browser's, also when it came by a proxy.

    Behind a proxy on this machine everybody's peer is the proxy, and twenty wrong passwords of
    one would lock out all. What the proxy saw it wrote at the end of X-Forwarded-For; whatever
    stands before that came from the browser, which may write there what it likes. Without
    SITE_URL no proxy is expected, so the whole header is the browser's.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not (settings.SITE_URL and is_loopback(peer)):
        return peer
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or peer


def _spend(
    count: Callable[[str, int], int], rate: Rate | None, deed: str, who: tuple[object, ...]
) -> Spent | None:
    if rate is None:
        return None
    window, elapsed = divmod(time.time(), rate.seconds)
    seconds = math.ceil(rate.seconds - elapsed)
    used = 0
    for each in who:
        used = count(_key(f"{deed}/{each}/{int(window)}"), rate.seconds)
        if used > rate.count:
            raise TooMany(
                _("That was too quick. Please try again in %(seconds)d seconds.")
                % {"seconds": seconds},
                retry_after=seconds,
                limit=rate.count,
            )
    return Spent(rate.count, rate.count - used, seconds)


def _key(name: str) -> str:
    # Hashed: names hold what people typed, and a cache key may hold neither spaces nor much.
    return f"limit/{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"


def _count_together(key: str, seconds: int) -> int:
    here = _count(key, seconds)
    if not settings.REDIS_URL:
        return here
    return max(here, counters(settings.REDIS_URL).add_one(key, seconds))


def _count(key: str, seconds: int) -> int:
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # it expired in between
        return 1
