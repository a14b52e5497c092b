"""Whom a text names, and whom of them it tells: only people who are in the room. Whoever only reads
along has no place where they would be told; the author learns who was not.

Looked up before anything is locked, for the HTML; and once more under the room's lock, for the
rows. A text without `@` and `#` asks the database nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from chat import markup, naming, presence
from chat.errors import Invalid
from chat.markup import Named
from chat.models import Membership, Mention, Message, Person, Role, Room, RoomKind
from chat.names import normalise_username
from chat.naming import HERE, ROOM

# Telling more people at once, by `@room` or `@here`, has to be confirmed.
MANY_MEMBERS = 20
MAX_PRESENT = 500
PRESENT_FOR = timedelta(minutes=15)
RECENT_MESSAGES = 1000
MAX_CANDIDATES = 8


class Unconfirmed(Invalid):
    """It tells many people at once, and whoever says it has not said that they mean to."""

    code = "unconfirmed"


@dataclass(frozen=True)
class Resolved:
    """A text as it is shown in a room, and whom it tells there.

    `people` are keys; the author's own never is among them. `unknown` are the names in it that
    are nobody's, `notes` what the author should know once it is stored.
    """

    html: SafeString
    people: frozenset[int] = frozenset()
    tells_room: bool = False
    tells_here: bool = False
    unknown: frozenset[str] = frozenset()
    notes: tuple[Promise, ...] = ()

    @property
    def tells(self) -> bool:
        return bool(self.people) or self.tells_room or self.tells_here


def resolve(
    text: str,
    *,
    slug: str,
    author_id: int,
    is_confirmed: bool = False,
    told: str = "",
    tells_all: bool = True,
) -> Resolved:
    """What the names in this author's text stand for in the room of this slug.

    One query where it names rooms only, two where it names people. In a room that the author is
    not in, names stand for nothing. Raises Unconfirmed where it tells more than `MANY_MEMBERS`
    and is not confirmed; `told` are those whom it has told already, as in `Message.mentioned`.
    Without `tells_all`, `@room` and `@here` are words like others.
    """
    asked = naming.asked(text)
    if not asked.people and not asked.rooms:
        return Resolved(markup.render(text).html)
    rooms = {each.slug: each for each in _rooms(slug, asked.rooms, author_id)}
    links = frozenset(name for name in asked.rooms if name in rooms and rooms[name].is_public)
    here = rooms.get(slug)
    people = _people(here, asked.people, author_id) if here and asked.people else {}
    author = next((each for each in people.values() if each.pk == author_id), None)
    if here is None or author is None or not _is_in(author):
        return Resolved(markup.render(text, Named(rooms=links)).html)
    resolved = _resolved(
        text, here, author, people, links, tells_all=tells_all and not author.is_guest
    )
    if not is_confirmed:
        _check_few(resolved, here, {str(author_id), *told.split()})
    return resolved


def told(resolved: Iterable[Resolved], room: Room) -> list[frozenset[int]]:
    """Of each, the people whom it tells, judged now: called under the room's lock.

    One query for those who are named, one more where one of them tells those who are here.
    """
    each = list(resolved)
    named = frozenset[int]().union(*(one.people for one in each))
    allowed = frozenset(members_of(room).filter(pk__in=named).values_list("pk", flat=True))
    present = frozenset[int]()
    if any(one.tells_here for one in each):
        present = frozenset(present_members(room).values_list("pk", flat=True)[:MAX_PRESENT])
    return [(one.people & allowed) | (present if one.tells_here else frozenset()) for one in each]


def marks(people: Collection[int], tells_room: bool) -> str:
    """As `Message.mentioned` holds them: keys, and `room`, with spaces between."""
    return " ".join([*map(str, sorted(people)), *([ROOM] if tells_room else [])])


def rows(message: Message, seq: int) -> list[Mention]:
    """What stands in the table for a stored message, after its `mentioned`, as of that place."""
    return [
        Mention(
            message=message,
            person_id=None if mark == ROOM else int(mark),
            room_id=message.room_id,
            seq=seq,
            root_id=None if message.in_room else message.root_id,
        )
        for mark in message.mentioned.split()
    ]


def tells_here(message: Message) -> bool:
    """Whether its text tells who is here."""
    return f'data-person="{HERE}"' in message.html


def rewrite(
    message: Message, resolved: Resolved, seq: int, *, has_told_here: bool
) -> set[int | None]:
    """Tells whom a stored message names now, under its room's lock; the caller saves `mentioned`.
    Returns who has come or gone; None is everybody.

    Who is named still keeps their row, and who was here when it was written was told then: with
    `has_told_here` nobody else is. To whom it adds it is news from `seq` on, the edit's place,
    however far they have read.
    """
    before = {row.person_id: row for row in message.mentions.all()}
    asked = replace(resolved, tells_here=resolved.tells_here and not has_told_here)
    (people,) = told([asked], message.room) if asked.tells else (frozenset[int](),)
    if resolved.tells_here:
        people |= frozenset(key for key in before if key is not None)
    message.mentioned = marks(people - {message.author_id}, resolved.tells_room)
    now = {row.person_id: row for row in rows(message, seq)}
    if gone := [row.pk for key, row in before.items() if key not in now]:
        Mention.objects.filter(pk__in=gone).delete()
    if new := [row for key, row in now.items() if key not in before]:
        Mention.objects.bulk_create(new)
    return before.keys() ^ now.keys()


def members_of(room: Room) -> QuerySet[Person]:
    """The active people who are in the room: whom one may name there and tell."""
    return Person.objects.filter(_membership(room), is_active=True)


def present_members(room: Room) -> QuerySet[Person]:
    """Who is in the room and about: shown as here, or wrote one of its newest messages just now.

    Whoever hides that they are here is not told: a message shows whom it has told.
    """
    recently = timezone.now() - PRESENT_FOR
    # From the log's end, and not asked of each member: that went through all that they ever wrote.
    newest = Message.objects.filter(room=room).order_by("-seq")[:RECENT_MESSAGES]
    wrote = Message.objects.filter(pk__in=newest.values("pk"), created_at__gte=recently)
    members = Person.objects.filter(memberships__room=room, is_active=True).order_by("pk")
    about = Q(pk__in=wrote.order_by().values("author")) | Q(pk__in=presence.here().values("pk"))
    return members.filter(about)


def candidates(room: Room, begun: str, limit: int) -> list[Person]:
    """Whom of the room a begun name may mean, by username or name."""
    found = members_of(room)
    if begun:
        found = found.filter(
            Q(username__startswith=normalise_username(begun))
            | Q(name__istartswith=begun)
            | Q(name__icontains=f" {begun}")
        )
    return list(found.order_by("username")[:limit])


def linkable(person_id: int, begun: str, limit: int) -> list[Room]:
    """Rooms that a begun `#name` may mean, by the name in their address or their own; those that
    the person is in come first. An archived one is linked to by whoever types all of its name."""
    named = (
        Q(slug__startswith=begun.lower())
        | Q(name__istartswith=begun)
        | Q(name__icontains=f" {begun}")
    )
    found = Room.objects.open().filter(_link_works(person_id), named)
    return list(found.order_by(_is_in_it(person_id).desc(), "slug")[:limit])


def doubts(unknown: Collection[str], room: Room) -> dict[str, list[Person]]:
    """Of the names that are nobody's, those that begin a username in the room, and whose."""
    if not unknown:
        return {}
    begun = reduce(or_, (Q(username__startswith=name) for name in unknown))
    found = list(members_of(room).filter(begun).order_by("username"))
    meant = {
        name: [each for each in found if each.username.startswith(name)][:MAX_CANDIDATES]
        for name in sorted(unknown)
    }
    return {name: people for name, people in meant.items() if people}


def _membership(room: Room) -> Exists:
    return Exists(Membership.objects.filter(room=room, person=OuterRef("pk")))


def _rooms(slug: str, linked: Collection[str], author_id: int) -> QuerySet[Room]:
    links = Q(slug__in=linked) & _link_works(author_id)
    return Room.objects.filter(Q(slug=slug) | links).order_by()


def _link_works(author_id: int) -> Q:
    # A private room is linked to by nobody: what is stored is seen by all. And a guest learns of no
    # room by that.
    is_guest = Exists(Person.objects.filter(pk=author_id, role=Role.GUEST))
    return Q(kind=RoomKind.PUBLIC) & (_is_in_it(author_id) | ~is_guest)


def _is_in_it(person_id: int) -> Exists:
    return Exists(Membership.objects.filter(room=OuterRef("pk"), person=person_id))


def _people(room: Room, names: Collection[str], author_id: int) -> dict[str, Person]:
    found = Person.objects.filter(Q(pk=author_id) | Q(username__in=names), is_active=True)
    few = found.only("username", "name", "role").annotate(is_in=_membership(room)).order_by()
    return {each.username: each for each in few}


def _resolved(
    text: str,
    room: Room,
    author: Person,
    people: dict[str, Person],
    links: frozenset[str],
    *,
    tells_all: bool,
) -> Resolved:
    able = {name: each for name, each in people.items() if _is_in(each)}
    marked = {name: str(each.pk) for name, each in able.items()}
    if tells_all:
        marked |= {ROOM: ROOM, HERE: HERE}
    shown = markup.render(text, Named(marked, links))
    # To a guest whom they can't know is nobody, like those that there aren't.
    known = {*(able if author.is_guest else people), author.username, ROOM, HERE}
    return Resolved(
        shown.html,
        people=frozenset(able[name].pk for name in shown.names if name in able) - {author.pk},
        tells_room=tells_all and ROOM in shown.names,
        tells_here=tells_all and HERE in shown.names,
        unknown=frozenset(shown.names - known),
        notes=tuple(_notes(shown.names, author, people, able)),
    )


def _is_in(person: Person) -> bool:
    return bool(getattr(person, "is_in", False))


def _check_few(resolved: Resolved, room: Room, told: Collection[str]) -> None:
    """`told` need no confirmation: the author, and whom it has told already."""
    if resolved.tells_room and ROOM not in told:
        count = Membership.objects.filter(room=room, person__is_active=True).count()
        sentence = ngettext_lazy(
            "This tells %(count)d person in this room. Send it again to do so.",
            "This tells all %(count)d people in this room. Send it again to do so.",
            count,
        )
    elif resolved.tells_here and ROOM not in told:
        present = present_members(room).values_list("pk", flat=True)[:MAX_PRESENT]
        count = sum(str(key) not in told for key in present)
        sentence = ngettext_lazy(
            "This tells %(count)d person who is here now. Send it again to do so.",
            "This tells %(count)d people who are here now. Send it again to do so.",
            count,
        )
    else:
        return
    if count > MANY_MEMBERS:
        raise Unconfirmed(str(sentence % {"count": count}))


def _notes(
    names: frozenset[str], author: Person, people: dict[str, Person], able: dict[str, Person]
) -> Iterable[Promise]:
    if author.is_guest:
        # A guest is told nothing of people whom they may not know, not even that there are some.
        if names & {ROOM, HERE}:
            yield _("Guests can’t tell a whole room: nobody was told by @room or @here.")
        return
    for name in sorted(names & (people.keys() - able.keys())):
        yield format_lazy(
            _("{name} (@{username}) is not in this room and was not told."),
            name=people[name].name,
            username=name,
        )
