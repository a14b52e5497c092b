"""What the hub asks the database. All of it runs in the database threads."""

from collections.abc import Iterable

from django.db.models import Count, Sum

from chat import fragments
from chat.fragments import Frame, Kind
from chat.models import Event, Membership, Room, Site
from chat.models.messages import SHOWN, reactions_of

BATCH = 200
_MESSAGE = [f"message__{name}" for name in (*SHOWN, "root__last_reply__author")]


def read(room_id: int, after: int, until: int | None = None, limit: int = BATCH) -> list[Event]:
    """Entries after `after`, at most to `until`, without a gap."""
    query = Event.objects.filter(room_id=room_id, seq__gt=after)
    if until is not None:
        query = query.filter(seq__lte=until)
    found = query.select_related("room", "person", *_MESSAGE).order_by("seq")
    found = found.prefetch_related(reactions_of("message__reactions"))
    events = []
    for expected, event in enumerate(found[:limit], after + 1):
        if event.seq != expected:  # not committed yet, or lost: never show what is behind it
            break
        events.append(event)
    return events


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


def pointers(person_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """person → two numbers that change when they join, leave or read something anywhere."""
    rows = (
        Membership.objects.filter(person_id__in=list(person_ids))
        .values("person_id")
        .annotate(count=Count("id"), total=Sum("read_seq"))
    )
    return {row["person_id"]: (row["count"], row["total"]) for row in rows}
