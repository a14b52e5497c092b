"""Where the new begins, on one person's page of a room. A live page keeps the line where it was:
what is pushed knows no viewer."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from chat import fragments
from chat.fragments import Kind
from chat.history import Outline
from chat.models import Membership, Room


@dataclass(frozen=True)
class Above:
    """`count` messages are new, and the first of them, behind `seq`, stands above the page."""

    count: int
    seq: int


def line_at(page: Outline, membership: Membership | None) -> int | None:
    """The number of the message before which the line stands: the first that the reader has not
    seen. None: there is no line in this page."""
    if membership is None or (page.has_older and page.first > membership.read_seq):
        return None  # it begins above, where nobody sees
    for number, (seq, author_id) in enumerate(page.places):
        if seq > membership.read_seq and author_id != membership.person_id:
            return number
    return None


def with_line(shown: list[SafeString], number: int | None, kind: Kind) -> list[SafeString]:
    """A page's fragments, with the line at its place."""
    if number is None:
        return shown
    line = fragments.render("chat/fragments/new_line.html", {}, kind)
    return [*shown[:number], line, *shown[number:]]


def above(room: Room, page: Outline, membership: Membership | None) -> Above | None:
    """What is new and begins above the newest page; None where that shows all of it."""
    if membership is None or page.has_newer or page.first <= membership.read_seq:
        return None
    count = room.message_count - membership.read_number
    return Above(count, membership.read_seq) if count > len(page.places) else None
