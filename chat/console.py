"""One line for each refusal, and few of them: who is refused a thousand times fills no disk."""

import logging
import time

MAX_LINES = 20
WINDOW_SECONDS = 10.0


class Notes:
    """Lines of one kind: the first MAX_LINES of each window are written, the others counted."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._window = self._lines = 0

    def write(self, line: str, *values: object) -> None:
        window = int(time.monotonic() // WINDOW_SECONDS)
        if window != self._window:
            if self._lines > MAX_LINES:
                self._logger.warning("… and %d more of these", self._lines - MAX_LINES)
            self._window, self._lines = window, 0
        self._lines += 1
        if self._lines <= MAX_LINES:
            self._logger.warning(line, *values)
