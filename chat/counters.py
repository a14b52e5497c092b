"""Counts that several processes keep together, in Redis.

Nobody waits for a Redis that is dead, swallowed by the network or slow: whoever finds it so gives
it up after a moment, and for AWAY_SECONDS nobody asks again.
"""

import logging
import time
from functools import cache

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from chat.errors import in_words

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.1
AWAY_SECONDS = 5.0


class Counters:
    """The counters of one site. `add_one` may be called from any thread, but not in the loop."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # redis-py's own would try for seconds
        )
        self._is_away = False
        self._asked_again_at = 0.0

    def add_one(self, name: str, seconds: int) -> int:
        """How often it was counted by all, this time included; 0 while nobody can say.

        The count is forgotten `seconds` after the last time.
        """
        began = time.monotonic()
        if self._is_away:
            if began < self._asked_again_at:
                return 0
            self._asked_again_at = began + AWAY_SECONDS  # one tries; the others don't wait beside
        try:
            count = self._increment(f"natterjack/{name}", seconds)
        except RedisError as error:
            self._note(error)
            return 0
        is_slow = time.monotonic() - began > PATIENCE_SECONDS
        self._note(TimeoutError("it takes its time") if is_slow else None)
        return count

    def _increment(self, key: str, seconds: int) -> int:
        with self._redis.pipeline(transaction=False) as together:
            together.incr(key)
            together.expire(key, seconds)
            return int(together.execute()[0])

    def _note(self, error: Exception | None) -> None:
        """One line when Redis goes, and one when it is back."""
        if error is not None:
            self._asked_again_at = time.monotonic() + AWAY_SECONDS
        if error is not None and not self._is_away:
            logger.warning("Limits are counted by each process alone: %s", in_words(error))
        elif error is None and self._is_away:
            logger.warning("Limits are counted by all processes together again")
        self._is_away = error is not None


@cache
def counters(url: str) -> Counters:
    """Those of this Redis: a process has one set of them."""
    return Counters(url)
