"""Who is here, away or off, and who types. Coarse, and only where site and person want it shown.

`present_at` is a person's last sign of life, `seen_at` the last thing that they did. Every process
writes both for its own people, at most once a minute and person, and reads everybody's: what is
shown follows from the two times alone. So it expires by itself. Nothing is decided when a socket
closes, and a process that dies leaves no ghost.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from chat.database import in_passing
from chat.models import Membership, Person, Site
from chat.prepared import Prepared

WRITE_SECONDS = 60
# Whoever only leaves a page open is written later than whoever does something: of two processes,
# the one in which they do it then comes first.
IDLE_WRITE_SECONDS = 75
# Two of those writes, and one may fail.
PRESENT_SECONDS = 160
HERE_SECONDS = 5 * 60
AWAY_SECONDS = 10 * 60
MAX_NAMES = 5


@dataclass(frozen=True)
class Here:
    """The people who are here in a room: how many, and of a handful the names."""

    count: int
    names: tuple[str, ...]


NOBODY = Here(0, ())


class Typist(NamedTuple):
    """Somebody who types."""

    pk: int
    username: str
    name: str


def state_of(person: Person, site: Site) -> str:
    """One of here, away and off; "" where it is not shown."""
    if not (site.has_presence and person.shows_presence and person.is_active):
        return ""
    is_present = _is_within(person.present_at, PRESENT_SECONDS)
    if is_present and _is_within(person.seen_at, HERE_SECONDS):
        return "here"
    return "away" if is_present or _is_within(person.seen_at, AWAY_SECONDS) else "off"


def with_state(people: Iterable[Person], site: Site) -> list[tuple[Person, str]]:
    return [(person, state_of(person, site)) for person in people]


def here() -> QuerySet[Person]:
    """Everybody who is here, of those who show it."""
    return _here(*_since())


def _since() -> tuple[datetime, datetime]:
    """Who is here has given a sign of life since the first, and done something since the second."""
    now = timezone.now()
    return now - timedelta(seconds=PRESENT_SECONDS), now - timedelta(seconds=HERE_SECONDS)


def _here(present_at: datetime, seen_at: datetime) -> QuerySet[Person]:
    return Person.objects.filter(
        shows_presence=True, is_active=True, present_at__gt=present_at, seen_at__gt=seen_at
    ).order_by()


def here_in(room_ids: Collection[int], site: Site) -> dict[int, Here]:
    """room → who of its people is here, in one query; rooms without anybody are left out."""
    if not (room_ids and site.has_presence):
        return {}
    names: dict[int, list[str]] = defaultdict(list)
    for room_id, name in _named(*_since(), list(room_ids)):
        names[room_id].append(name)
    return {
        room_id: Here(len(found), tuple(found) if len(found) <= MAX_NAMES else ())
        for room_id, found in names.items()
    }


@Prepared
def _named(present_at: Any, seen_at: Any, room_ids: Any) -> QuerySet[Any, Any]:
    rows = Membership.objects.filter(room_id__in=room_ids, person__in=_here(present_at, seen_at))
    return rows.order_by("person__name", "person_id").values_list("room_id", "person__name")


def write(active: Collection[int], idle: Collection[int]) -> bool:
    """Signs of life, in one UPDATE: of `active` people, who did something, and of `idle` ones.

    Whom another process has just written is left alone. A convenience: while the database is
    locked it is not done at all, and False.
    """
    if not Site.load().has_presence:
        return True
    now = timezone.now()
    due = Q(pk__in=active) & _not_since(WRITE_SECONDS)
    due |= Q(pk__in=idle) & _not_since(IDLE_WRITE_SECONDS)
    with in_passing():
        Person.objects.filter(due, shows_presence=True, is_active=True).update(
            present_at=now,
            seen_at=Case(When(pk__in=active, then=now), default=F("seen_at")),
        )
        return True
    return False


def typists(person_ids: Collection[int], room_id: int) -> list[Typist]:
    """Those who may write in the room and want to be shown typing."""
    if not Site.load().has_typing:
        return []
    rows = Membership.objects.filter(
        room_id=room_id,
        room__archived_at=None,
        person_id__in=person_ids,
        person__shows_typing=True,
        person__is_active=True,
    )
    few = rows.values_list("person_id", "person__username", "person__name")
    return [Typist(*row) for row in few]


def _not_since(seconds: int) -> Q:
    return Q(present_at=None) | Q(present_at__lte=timezone.now() - timedelta(seconds=seconds))


def _is_within(at: datetime | None, seconds: int) -> bool:
    return at is not None and at > timezone.now() - timedelta(seconds=seconds)
