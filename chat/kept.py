"""Rendered texts, kept while they are asked for."""

import threading
from collections.abc import Hashable
from sys import getsizeof

from django.conf import settings
from django.utils.safestring import SafeString


class Kept:
    """The fragments that were asked for last, up to `max_bytes` of them in all."""

    def __init__(self, max_bytes: int) -> None:
        self._max, self._size = max_bytes, 0
        self._texts: dict[Hashable, SafeString] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> SafeString | None:
        with self._lock:
            text = self._texts.pop(key, None)
            if text is not None:
                self._texts[key] = text  # what was asked for last is the last to go
            return text

    def put(self, key: Hashable, text: SafeString) -> None:
        if settings.DEBUG:  # whoever changes a template wants to see it
            return
        with self._lock:
            self._drop(key)
            self._texts[key] = text
            self._size += getsizeof(text)
            while self._size > self._max:
                self._drop(next(iter(self._texts)))

    def _drop(self, key: Hashable) -> None:
        if (text := self._texts.pop(key, None)) is not None:
            self._size -= getsizeof(text)

    def clear(self) -> None:
        with self._lock:
            self._texts.clear()
            self._size = 0
