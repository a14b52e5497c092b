"""The newest page of a room's list, joined from its fragments once while it looks the same.

All that a list shows stands in the room's log, so it is another one when the log has gone on; but
for the names and roles of people, which are asked for each time.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from chat import fragments, history, news
from chat.fragments import Kind
from chat.gaps import Piece
from chat.history import Outline, Page
from chat.kept import Kept
from chat.models import Membership, Person, Room
from chat.prepared import Prepared

People = tuple[tuple[Any, ...], ...]

# A list is 100 kB, and a tenth of that compressed.
_texts: Kept[Piece] = Kept(max_bytes=16 * 1024 * 1024)
_known: Kept[tuple[Outline, People]] = Kept(max_bytes=2 * 1024 * 1024)
_PLACE_BYTES = 200
# Those whose reactions ask for more are asked for all of it each time.
_MAX_PEOPLE = 256


def newest(
    room: Room, kind: Kind, epoch: str, membership: Membership | None
) -> tuple[Outline, Piece]:
    """What the page is made of, and its fragments, with the line where the new begins.

    `room` as it was read a moment ago, from a log whose life is `epoch`.
    """
    key = (epoch, room.pk, room.last_seq, kind)
    if known := _known.get(key):
        outline, people = known
        text = _texts.get((key, people, news.line_at(outline, membership)))
        if text is not None and _as_now(people) == people:
            return outline, text
    page = history.latest(room, room.last_seq)
    return page.outline, _rendered(page, kind, key, membership)


def _rendered(page: Page, kind: Kind, key: object, membership: Membership | None) -> Piece:
    number = news.line_at(page.outline, membership)
    shown = fragments.page_fragments(page, kind)
    text = Piece("".join(news.with_line(shown, number, kind)))
    people = _looks({person for message in page.messages for person in message.named})
    if len(people) <= _MAX_PEOPLE and fragments.are_kept(page.messages, kind):
        size = _PLACE_BYTES * (len(page.messages) + len(people))
        _known.put(key, (page.outline, people), size)
        _texts.put((key, people, number), text)
    return text


def _looks(people: Iterable[Person]) -> People:
    return tuple(sorted((person.pk, person.name, person.role) for person in people))


def _as_now(people: People) -> People:
    """The same people as they are called now."""
    keys = [person[0] for person in people]
    if not keys:
        return ()
    return tuple(_looks_of(keys))


@Prepared
def _looks_of(keys: Any) -> QuerySet[Any, Any]:
    return Person.objects.filter(pk__in=keys).order_by("pk").values_list("pk", "name", "role")
