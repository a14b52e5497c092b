"""How often somebody may do something: a count in a fixed window, kept in the cache."""

import hashlib
import math
import time

from django.core.cache import cache
from django.utils.translation import gettext as _

from chat.errors import TooMany
from project.environment import Rate


def spend(rate: Rate | None, deed: str, *who: object) -> None:
    """Counts one deed for each of `who`; raises TooMany for whoever is over the rate.

    `rate` None counts nothing. The windows begin at whole multiples of their length, so one
    counter a window is enough and a counter that is lost forgives, never locks out.
    """
    if rate is None:
        return
    window, elapsed = divmod(time.time(), rate.seconds)
    for each in who:
        if _count(f"{deed}/{each}/{int(window)}", rate.seconds) > rate.count:
            seconds = math.ceil(rate.seconds - elapsed)
            raise TooMany(
                _("That was too quick. Please try again in %(seconds)d seconds.")
                % {"seconds": seconds},
                retry_after=seconds,
            )


def _count(name: str, seconds: int) -> int:
    # Hashed: names hold what people typed, and a cache key may hold neither spaces nor much.
    key = f"limit/{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()}"
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return cache.incr(key)
    except ValueError:  # it expired in between
        return 1
