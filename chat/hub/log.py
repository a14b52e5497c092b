"""What the hub asks the database. All of it runs in the database threads."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Case, Count, ExpressionWrapper, F, Sum, Value, When
from django.utils import timezone

from chat import fragments
from chat.fragments import Frame, Kind
from chat.models import Event, Level, Membership, Person, Room, Site, is_quiet
from chat.models.messages import complete, messages_by_key
from chat.prepared import Prepared

BATCH = 200

_entries = Prepared(
    lambda room, after, last: Event.objects.filter(
        room=room, seq__gt=after, seq__lte=last
    ).order_by("seq")
)
_room = Prepared(lambda key: Room.objects.filter(pk=key))


class Look(NamedTuple):
    """What of a room shows in the sidebars of who is in it."""

    name: str
    kind: str
    is_archived: bool


def read(room_id: int, after: int, until: int | None = None, limit: int = BATCH) -> list[Event]:
    """Entries after `after`, at most to `until`, without a gap."""
    last = after + limit if until is None else min(until, after + limit)
    events = []
    for expected, event in enumerate(_entries(room_id, after, last), after + 1):
        if event.seq != expected:  # not committed yet, or lost: never show what is behind it
            break
        events.append(event)
    _complete(room_id, events)
    return events


def _complete(room_id: int, events: list[Event]) -> None:
    """What their renderings show of others, read once for all of them."""
    if not events:
        return
    (room,) = _room(room_id)
    said = messages_by_key({event.message_id for event in events} - {None})
    messages = [*said.values()]
    roots = messages_by_key({each.root_id for each in messages} - {None})
    complete([*messages, *roots.values()])
    for event in events:
        event.room, event.message = room, said.get(event.message_id)
    for message in messages:
        message.room, message.root = room, roots.get(message.root_id)


def news(
    room_id: int, after: int, kinds: Iterable[Kind]
) -> tuple[list[Event], dict[Kind, list[Frame]], int]:
    """The entries after `after`, and as `render` what they are for each kind."""
    events = read(room_id, after)
    return events, *(render(events, kinds) if events else ({}, 0))


def render(events: list[Event], kinds: Iterable[Kind]) -> tuple[dict[Kind, list[Frame]], int]:
    """The entries for each kind, and then the site's revocations (chat.hub.standing)."""
    rendered = {kind: fragments.frames(events, kind) for kind in kinds}
    return rendered, Site.revocation_count()


def read_changes(room_id: int, after: int, until: int, kind: Kind) -> list[Frame]:
    return fragments.changes(read(room_id, after, until, limit=until - after), kind)


def reset(room_id: int, kind: Kind) -> Frame:
    return fragments.reset(Room.objects.get(pk=room_id), kind)


def is_same_epoch() -> bool:
    """Whether the log is still the one that this process knows; from now on it knows the new."""
    known = fragments.epoch()
    if Site.objects.filter(epoch=known).exists():
        return True
    fragments.epoch.cache_clear()
    return fragments.epoch() == known


def heads(room_ids: Iterable[int]) -> dict[int, int]:
    """room → the last seq of its log."""
    return dict(Room.objects.filter(pk__in=list(room_ids)).values_list("pk", "last_seq"))


def rooms() -> dict[int, tuple[int, Look]]:
    """room → the last seq of its log, and its look. Of all rooms: 500 take some 3 ms."""
    fields = ("pk", "last_seq", "name", "kind", "archived_at")
    rows = Room.objects.order_by().values_list(*fields, named=True)
    return {row.pk: (row.last_seq, Look(row.name, row.kind, bool(row.archived_at))) for row in rows}


def pointers(person_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """person → two numbers that change when they join, leave, read or put back something anywhere,
    want to hear more or less of a room, or when a room's mute or their quiet hours begin or end.
    """
    now, people = timezone.now(), list(person_ids)
    if not people:
        return {}
    hours = _hours(people)
    quiet = {pk for pk, zone, start, end in hours if is_quiet(zone, start, end, now)}
    return {pk: (count, total * 2 + (pk in quiet)) for pk, count, total in _states(people, now)}


def _state(now: Any) -> Any:
    """A membership's state as one number. Each is scattered by a weight of its own: what moved back
    in one room and on in another is not to cancel in the sum. Bounded, for SQLite's sums overflow.
    """
    levels = [When(level=level, then=Value(place)) for place, level in enumerate(Level)]
    muted = Case(When(muted_until__gt=now, then=Value(4)), default=Value(0))
    state = F("read_seq") * 8 + muted + Case(*levels, default=Value(0))
    weight = (F("id") * 7919 + 104729) % 999983
    return ExpressionWrapper(state * weight % 1000000007, output_field=BigIntegerField())


_states = Prepared(
    lambda people, now: (
        Membership.objects.filter(person_id__in=people)
        .values("person_id")
        .annotate(count=Count("id"), total=Sum(_state(now)))
        .values_list("person_id", "count", "total")
    )
)
_hours = Prepared(
    lambda people: Person.objects.filter(pk__in=people, quiet_from__isnull=False).values_list(
        "pk", "time_zone", "quiet_from", "quiet_until"
    )
)
