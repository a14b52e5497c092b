"""A person's rooms as their sidebar shows them, with what they have not seen yet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from chat.models import Membership, RoomKind


@dataclass(frozen=True)
class Line:
    """One room in somebody's sidebar."""

    room_id: int
    slug: str
    label: str
    kind: str
    unread: bool


def lines_for(person_ids: Iterable[int]) -> dict[int, list[Line]]:
    """person → their lines, rooms by name and then direct conversations; in two queries.

    Archived rooms stand in the list of rooms alone.
    """
    ids = list(person_ids)
    rows = list(
        Membership.objects.filter(person_id__in=ids, room__archived_at=None).values_list(
            "person_id",
            "read_seq",
            "room_id",
            "room__slug",
            "room__name",
            "room__kind",
            "room__last_message_seq",
        )
    )
    names = _names({row[2] for row in rows if row[5] == RoomKind.DIRECT})
    found: dict[int, list[Line]] = {person_id: [] for person_id in ids}
    for person_id, read_seq, room_id, slug, name, kind, last_message_seq in rows:
        others = [other for key, other in names.get(room_id, ()) if key != person_id]
        label = ", ".join(others) or name
        found[person_id].append(Line(room_id, slug, label, kind, last_message_seq > read_seq))
    for lines in found.values():
        lines.sort(
            key=lambda line: (line.kind == RoomKind.DIRECT, line.label.casefold(), line.slug)
        )
    return found


def _names(direct: set[int]) -> dict[int, list[tuple[int, str]]]:
    """room → its people by name, for rooms that have no name of their own."""
    names: dict[int, list[tuple[int, str]]] = defaultdict(list)
    if direct:
        rows = Membership.objects.filter(room_id__in=direct).order_by("person__name")
        for room_id, person_id, name in rows.values_list("room_id", "person_id", "person__name"):
            names[room_id].append((person_id, name))
    return names
