"""What a database is asked for: a query whose names have become keys."""

from dataclasses import dataclass
from datetime import datetime

from chat.search.query import Term


@dataclass(frozen=True)
class Wanted:
    """Messages with all the terms, one mark of each of `marks`, and none of `without`.

    The marks narrow down what is read. What may be seen is decided by `scope`, the SQL of a
    query for rooms and its values, and by the times, on the message itself.
    """

    terms: tuple[Term, ...]
    marks: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]
    scope: tuple[str, tuple[int | str, ...]]
    since: datetime | None = None
    until: datetime | None = None

    @property
    def times(self) -> tuple[str, list[datetime]]:
        """A condition on the message `m`, and its values."""
        bounds = {"m.created_at >= %s": self.since, "m.created_at < %s": self.until}
        given = {condition: at for condition, at in bounds.items() if at is not None}
        return "".join(f" AND {condition}" for condition in given), list(given.values())
