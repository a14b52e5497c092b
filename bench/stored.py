"""What a site has stored, asked of its SQLite file beside the server that has it open."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing

from bench import texts
from bench.errors import Invalid
from bench.site import Site

_SHOWN = 5


def newest(site: Site) -> int:
    """The key of the newest message."""
    [(key,)] = _asked(site, "SELECT coalesce(max(id), 0) FROM chat_message")
    return int(key)


def check(site: Site, after: int, numbers: Iterable[int]) -> None:
    """Raises Invalid unless exactly these messages came behind that one, each of them once."""
    bodies = _asked(site, "SELECT body FROM chat_message WHERE id > ?", after)
    found = Counter(number for (body,) in bodies for number in texts.numbers(body.encode()))
    wanted = Counter(iter(numbers))  # of a dictionary they are its keys
    if len(bodies) != wanted.total() or found != wanted:
        raise Invalid(
            f"{wanted.total()} messages were acknowledged and {len(bodies)} are stored; "
            f"lost: {_some(wanted - found)}, too many: {_some(found - wanted)}"
        )


def _asked(site: Site, query: str, *values: int) -> list[tuple[str, ...]]:
    file = site.data_dir / "natterjack.sqlite3"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(query, values).fetchall()


def _some(numbers: Counter[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:_SHOWN]))
    more = " …" if len(numbers) > _SHOWN else ""
    return f"{shown}{more}" if shown else "none"
