"""Who has got which message. Each listener has to get each message exactly once."""

from collections.abc import Callable, Iterable

from bench.errors import Invalid


class Ledger:
    """Messages are known by the numbers that `expect` was told.

    `deliveries` counts messages × listeners that really arrived; `delivered_at` says when the
    last listener had a message, in `perf_counter` seconds.
    """

    def __init__(self, listeners: int) -> None:
        self.listeners = listeners
        self.deliveries = 0
        self.delivered_at: dict[int, float] = {}
        self.on_delivered: Callable[[int], None] = lambda _number: None
        self._missing: dict[int, int] = {}

    @property
    def outstanding(self) -> int:
        """Messages that somebody still lacks."""
        return len(self._missing)

    def expect(self, number: int) -> None:
        self._missing[number] = self.listeners

    def arrived(self, seen: set[int], numbers: Iterable[int], now: float) -> None:
        """A listener that had `seen` got these too; raises Invalid for one that it had."""
        for number in numbers:
            if number in seen or number not in self._missing:
                raise Invalid(f"message {number} came twice, or was never sent")
            seen.add(number)
            self.deliveries += 1
            self._missing[number] -= 1
            if not self._missing[number]:
                del self._missing[number]
                self.delivered_at[number] = now
                self.on_delivered(number)
