"""Where the new begins, on one person's page of a room. A live page keeps the line where it was:
what is pushed knows no viewer."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from chat import fragments
from chat.fragments import Kind
from chat.history import Page
from chat.models import Membership, Room


@dataclass(frozen=True)
class Above:
    """`count` messages are new, and the first of them, behind `seq`, stands above the page."""

    count: int
    seq: int


def with_line(
    page: Page, shown: list[SafeString], membership: Membership | None, kind: Kind
) -> list[SafeString]:
    """A page's fragments, with the line before the first message that the reader has not seen."""
    if membership is None or (page.has_older and page.first > membership.read_seq):
        return shown  # it begins above, where nobody sees
    for index, message in enumerate(page.messages):
        if message.seq > membership.read_seq and message.author_id != membership.person_id:
            line = fragments.render("chat/fragments/new_line.html", {}, kind)
            return [*shown[:index], line, *shown[index:]]
    return shown


def above(room: Room, page: Page, membership: Membership | None) -> Above | None:
    """What is new and begins above the newest page; None where that shows all of it."""
    if membership is None or page.has_newer or page.first <= membership.read_seq:
        return None
    count = room.message_count - membership.read_number
    return Above(count, membership.read_seq) if count > len(page.messages) else None
