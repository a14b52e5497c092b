"""What was rendered, kept while it is asked for."""

import threading
from collections.abc import Hashable
from sys import getsizeof
from typing import Generic, TypeVar

from django.conf import settings

_T = TypeVar("_T")


class Kept(Generic[_T]):
    """The texts that were asked for last, up to `max_bytes` of them in all."""

    def __init__(self, max_bytes: int) -> None:
        self._max, self._size = max_bytes, 0
        self._texts: dict[Hashable, tuple[_T, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> _T | None:
        with self._lock:
            found = self._texts.pop(key, None)
            if found is None:
                return None
            self._texts[key] = found  # what was asked for last is the last to go
            return found[0]

    def put(self, key: Hashable, text: _T, beside_bytes: int = 0) -> None:
        """`beside_bytes`: what is kept with the text, in its key for instance, if that is much."""
        if settings.DEBUG:  # whoever changes a template wants to see it
            return
        with self._lock:
            self._drop(key)
            self._texts[key] = text, getsizeof(text) + beside_bytes
            self._size += self._texts[key][1]
            while self._size > self._max:
                self._drop(next(iter(self._texts)))

    def _drop(self, key: Hashable) -> None:
        if (found := self._texts.pop(key, None)) is not None:
            self._size -= found[1]

    def clear(self) -> None:
        with self._lock:
            self._texts.clear()
            self._size = 0
