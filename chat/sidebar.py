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
    """person → their lines, rooms by name and then direct conversations; in two queries."""
    ids = list(person_ids)
    memberships = list(Membership.objects.filter(person_id__in=ids).select_related("room"))
    names = _names_in_direct_rooms(memberships)
    found: dict[int, list[Line]] = {person_id: [] for person_id in ids}
    for membership in memberships:
        room = membership.room
        others = [name for key, name in names.get(room.pk, []) if key != membership.person_id]
        found[membership.person_id].append(
            Line(
                room_id=room.pk,
                slug=room.slug,
                label=", ".join(others) or room.name,
                kind=room.kind,
                unread=room.last_message_seq > membership.read_seq,
            )
        )
    for lines in found.values():
        lines.sort(
            key=lambda line: (line.kind == RoomKind.DIRECT, line.label.casefold(), line.slug)
        )
    return found


def _names_in_direct_rooms(memberships: list[Membership]) -> dict[int, list[tuple[int, str]]]:
    direct = {each.room_id for each in memberships if each.room.kind == RoomKind.DIRECT}
    names: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Membership.objects.filter(room_id__in=direct).order_by("person__name")
    for room_id, person_id, name in rows.values_list("room_id", "person_id", "person__name"):
        names[room_id].append((person_id, name))
    return names
