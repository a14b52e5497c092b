"""The messages on the screen, by the number that each is shown with."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from natterjack.wire import Frame

MAX_REMEMBERED = 1000


@dataclass
class Seen:
    id: int
    number: int
    author_id: int
    body: str
    is_deleted: bool


class Messages:
    """What was shown last; `last` and `of` raise LookupError with a sentence."""

    def __init__(self) -> None:
        self._by_number: OrderedDict[int, Seen] = OrderedDict()

    def take(self, event: Frame) -> None:
        message = event.get("message")
        if event["type"].startswith("message.") and isinstance(message, dict):
            self._remember(message)

    def forget(self) -> None:
        self._by_number.clear()

    def of(self, number: int) -> Seen:
        if number not in self._by_number:
            raise LookupError(f"There is no message #{number} on this screen.")
        return self._by_number[number]

    def last(self, author_id: int | None = None) -> Seen:
        """The last one that is not deleted, of this author or of anybody."""
        for seen in reversed(self._by_number.values()):
            if not seen.is_deleted and author_id in {None, seen.author_id}:
                return seen
        raise LookupError("There is no such message on this screen.")

    def _remember(self, message: dict[str, Any]) -> None:
        number = int(message["seq"])
        self._by_number[number] = Seen(
            id=int(message["id"]),
            number=number,
            author_id=int(message["author"]["id"]),
            body=str(message["body"]),
            is_deleted=message["deleted_at"] is not None,
        )
        while len(self._by_number) > MAX_REMEMBERED:
            self._by_number.popitem(last=False)
