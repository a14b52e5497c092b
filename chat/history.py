"""A room's messages, or a thread's, page by page, by keyset: the millionth page is as fast as the
first.

A room's list holds what was said in it; what was answered in a thread alone stands in that.
"""

from dataclasses import dataclass
from datetime import datetime

from chat.models import Message, Room
from chat.models.messages import MessageQuerySet

PAGE_SIZE = 50


@dataclass(frozen=True)
class Outline:
    """A page without its messages: `places` are the seq and the author's key of each."""

    places: tuple[tuple[int, int], ...]
    seq: int
    has_older: bool
    has_newer: bool

    @property
    def first(self) -> int:
        return self.places[0][0] if self.places else 0


@dataclass(frozen=True)
class Page:
    """Messages in order, and `seq`: the place in the log at which they were read.

    Whatever happened after `seq` is not in the page; whoever shows it resumes from there.
    """

    messages: list[Message]
    seq: int
    has_older: bool
    has_newer: bool

    @property
    def outline(self) -> Outline:
        places = tuple((message.seq, message.author_id) for message in self.messages)
        return Outline(places, self.seq, self.has_older, self.has_newer)

    @property
    def is_all(self) -> bool:
        return not self.has_older and not self.has_newer

    @property
    def first(self) -> int:
        return self.messages[0].seq if self.messages else 0

    @property
    def last(self) -> int:
        return self.messages[-1].seq if self.messages else 0


def latest(of: Room | Message, head: int | None = None) -> Page:
    """The newest page of a room's list, or of the answers to a thread's root; so below.

    `head`: where the log ended a moment ago, for who has read that with the room.
    """
    return before(of, None, head=head)


def before(
    of: Room | Message, seq: int | None, size: int | None = None, head: int | None = None
) -> Page:
    """The page that ends right before `seq`; None: the newest."""
    size = size or PAGE_SIZE
    # The head first: a message that comes while we read is left for the resume to bring.
    head = _head(of) if head is None else head
    top = head if seq is None else min(seq - 1, head)
    found = _listed(of).filter(seq__lte=top).order_by("-seq")[: size + 1].shown()
    newer = top < head and top < _last(of)
    return Page(found[:size][::-1], head, has_older=len(found) > size, has_newer=newer)


def after(of: Room | Message, seq: int, size: int | None = None) -> Page:
    """The page that begins right after `seq`."""
    size = size or PAGE_SIZE
    head = _head(of)
    newer = _listed(of).filter(seq__gt=seq, seq__lte=head)
    found = newer.order_by("seq")[: size + 1].shown()
    # In order: for a bare "is there one" PostgreSQL reads the table from its beginning.
    older = _listed(of).filter(seq__lte=seq).order_by("-seq").values_list("pk")[:1]
    return Page(found[:size], head, has_older=bool(older), has_newer=len(found) > size)


def around(of: Room | Message, seq: int) -> Page:
    """The page with `seq` in its middle."""
    upper = _listed(of).filter(seq__gt=seq).order_by("seq").values_list("seq", flat=True)
    return before(of, max([seq, *upper[: PAGE_SIZE // 2]]) + 1)


def is_in_latest(of: Room | Message, message: Message) -> bool:
    """Whether the newest page holds it."""
    newest = _listed(of).order_by("-seq").values_list("pk", flat=True)
    return message.pk in list(newest[:PAGE_SIZE])


def first_since(room: Room, moment: datetime) -> tuple[int, int] | None:
    """Key and seq of the first message that is not older than `moment`; None when all are.

    Found by halving the log, in twenty small steps along (room, seq) for a million messages: time
    follows seq within a room, for both are taken under its lock, so that it needs no index.
    """
    low, high, found = 0, room.last_seq, None
    few = _listed(room).order_by("seq").values_list("pk", "seq", "created_at")
    while low < high:
        middle = (low + high) // 2
        key, seq, created_at = few.filter(seq__gt=middle).first() or (0, 0, None)
        if created_at is None:
            high = middle
        elif created_at >= moment:
            high, found = middle, (key, seq)
        else:
            low = seq
    return found


def _head(of: Room | Message) -> int:
    room = of if isinstance(of, Room) else of.room
    # All of it at once: a page that has passed a renaming is not told of it again.
    room.refresh_from_db()
    room.counted = None
    return room.last_seq


def _listed(of: Room | Message) -> MessageQuerySet:
    if isinstance(of, Room):
        return of.messages.filter(in_room=True)
    return of.room.messages.filter(root=of)


def _last(of: Room | Message) -> int:
    if isinstance(of, Room):
        return of.last_message_seq
    return _listed(of).order_by("-seq").values_list("seq", flat=True).first() or 0
