"""How messages are stored: all that wait at one moment, in one transaction and few queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat import events, markup, mentions, search
from chat.actions import threads
from chat.database import is_outage
from chat.errors import Conflict, Invalid, Refused, SignedOut
from chat.hub import Caller, standing
from chat.mentions import Resolved
from chat.models import Membership, Mention, Message, MessageVersion, Room
from chat.prepared import Prepared, insert

# Lazy: they are refused in somebody else's thread, and put into words by whom it is for.
SIGNED_OUT = _("You have been signed out.")
JOIN = _("Join the room to write in it.")
ARCHIVED = _("This room is archived: it can be read, but not written in.")
NO_SUCH = _("The message that you answer is not in this room.")
DELETED = _("The message that you answer has been deleted.")
USED = _("This form has already sent another message. Please send it again.")


_said = Prepared(
    lambda authors, nonces: (
        Message.objects.filter(author__in=authors, nonce__in=nonces).order_by().values_list("pk")
    )
)
_pointers = Prepared(
    lambda rooms, people: (
        Membership.objects.filter(room__in=rooms, person__in=people, person__is_active=True)
        .select_for_update(no_key=True)
        .order_by("person_id", "pk")
        .only("room_id", "person_id", "read_seq")
    )
)
_at_place = Prepared(
    lambda room, seq: (
        Message.objects.filter(room=room, seq=seq)
        .order_by()
        .only("author_id", "created_at", "number")
    )
)


@dataclass(eq=False)
class Post:
    """What somebody wants to say; `stored` is settled with the message, or with why there is none.

    `names` is its shown form, and whom it tells.
    `caller` is what they came in with; None where nobody could have taken that away. `reply_to` is
    the message that it quotes, `root` the one whose thread it answers in: by key, of the same room.
    `seen` is the place up to which the page that it was written on showed the room to its end, or
    for an answer the thread; 0 where it did not.
    """

    author_id: int
    slug: str
    body: str
    names: Resolved
    nonce: str
    caller: Caller | None = None
    reply_to: int | None = None
    root: int | None = None
    in_room: bool = True
    seen: int = 0
    stored: Future[Message] = field(default_factory=Future)

    def __post_init__(self) -> None:
        # Nobody cancels it: what is under way is stored, whoever has stopped waiting for it.
        self.stored.set_running_or_notify_cancel()

    @property
    def key(self) -> tuple[int, str]:
        return self.author_id, self.nonce

    @property
    def place(self) -> tuple[str, int]:
        return self.slug, self.author_id

    def is_said_by(self, message: Message) -> bool:
        """Whether that message is this one, and not another under the same nonce.

        It may have been edited since: what it said at first counts. Of a deleted one nobody knows
        that any more, and the place has to do.
        """
        place = (message.room.slug, message.root_id, message.reply_to_id, message.in_room)
        if place != (self.slug, self.root, self.reply_to, self.in_room):
            return False
        return message.is_deleted or getattr(message, "first_body", message.body) == self.body

    def settle(self, outcome: Message | Exception) -> None:
        if isinstance(outcome, Exception):
            self.stored.set_exception(outcome)
        else:
            self.stored.set_result(outcome)


def store(posts: list[Post]) -> list[Message | Exception]:
    """The message of each, durable, or why there is none. Raises where they have failed together.

    Of an outage that stops them halfway nobody knows more than that: whoever of them is stored
    already is found by their nonce when they send it again.
    """
    try:
        return [*_stored(posts)]
    except IntegrityError:
        # Another process was quicker with a copy of one of them; that is the answer to both.
        return [_stored_alone(post) for post in posts]


def _stored_alone(post: Post) -> Message | Exception:
    try:
        return _stored([post])[0]
    except Exception as error:
        if is_outage(error):
            raise
        return error


def _stored(posts: list[Post]) -> list[Message | Refused]:
    """The message of each, or why it is refused: durable, and announced, when this returns."""
    with transaction.atomic():
        # Rows of a kind are locked in the order of their keys: nobody waits in a circle.
        rooms = events.lock_by_slug({post.slug for post in posts})
        refused = _signed_out(posts)
        messages = _earlier(posts)
        members = _members(posts, rooms)
        others = _others(posts)
        new: dict[tuple[int, str], Post] = {}
        for post in posts:
            if post in refused or post.key in messages:
                continue
            room = rooms.get(post.slug)
            refusal = _refusal(room, post.place in members) or _missing(post, room, others)
            if refusal:
                refused[post] = refusal
            else:
                new.setdefault(post.key, post)
        for slug, group in _by_room(new.values()).items():
            messages |= _write(rooms[slug], group, members, others)
    return [refused.get(post) or _answer(post, messages[post.key]) for post in posts]


def _signed_out(posts: list[Post]) -> dict[Post, Refused]:
    callers = {post.caller for post in posts if post.caller is not None}
    gone = standing.signed_out(callers) if callers else set()
    return {post: SignedOut(SIGNED_OUT) for post in posts if post.caller in gone}


def _earlier(posts: list[Post]) -> dict[tuple[int, str], Message]:
    """What is stored already under one of these nonces, with what it said at first."""
    found = _said(_authors(posts), [*{post.nonce for post in posts}])
    if not found:  # as good as always
        return {}
    # All that is compared behind the commit, where a query more could still fail.
    first = MessageVersion.objects.filter(message=OuterRef("pk"), number=1).values("body")
    first_body = Coalesce(Subquery(first), F("body"))
    earlier = Message.objects.select_related("room").annotate(first_body=first_body)
    known = earlier.filter(pk__in=[key for (key,) in found])
    return {(each.author_id, each.nonce): each for each in known}


def _members(posts: list[Post], rooms: dict[str, Room]) -> dict[tuple[str, int], Membership]:
    """Of those who may sign in, their memberships in the rooms: (slug, person) → membership.

    Locked with the person: who is switched off later waits.
    """
    slugs = {room.pk: slug for slug, room in rooms.items()}
    found = _pointers([*slugs], _authors(posts)) if slugs else ()
    return {(slugs[each.room_id], each.person_id): each for each in found}


def _authors(posts: list[Post]) -> list[int]:
    return [*{post.author_id for post in posts}]


def _refusal(room: Room | None, is_member: bool) -> Refused | None:
    # As chat.permissions.can_post, of what has been read for all at once.
    if room is not None and room.is_archived:
        return Refused(ARCHIVED)
    return None if is_member else Refused(JOIN)


def _others(posts: list[Post]) -> dict[int, Message]:
    """The messages that these answer or quote, by key: locked with their room."""
    keys = {key for post in posts for key in (post.reply_to, post.root) if key is not None}
    return Message.objects.in_bulk(keys) if keys else {}


def _missing(post: Post, room: Room | None, others: dict[int, Message]) -> Refused | None:
    """Why it can't answer what it wants to."""
    for key in (post.reply_to, post.root):
        other = others.get(key) if key is not None else None
        if key is not None and (room is None or other is None or other.room_id != room.pk):
            return Invalid(NO_SUCH)
        goes_on = other is not None and key == post.root and other.reply_count > 0
        if other is not None and other.is_deleted and not goes_on:
            return Invalid(DELETED)
    root = others.get(post.root) if post.root is not None else None
    return Invalid(NO_SUCH) if root is not None and root.root_id is not None else None


def _by_room(posts: Iterable[Post]) -> dict[str, list[Post]]:
    groups: dict[str, list[Post]] = defaultdict(list)
    for post in posts:
        groups[post.slug].append(post)
    return groups


def _write(
    room: Room,
    posts: list[Post],
    members: dict[tuple[str, int], Membership],
    others: dict[int, Message],
) -> dict[tuple[int, str], Message]:
    previous = _last_of(room)
    messages = []
    mentioned = _mentioned(room, posts)
    for seq, post in enumerate(posts, room.last_seq + 1):
        message = _message(room, seq, post, previous, mentioned.get(post, ""))
        messages.append(message)
        if message.in_room:
            previous = message
    moved = _pass_own(room, zip(posts, messages, strict=True), members)
    threads.join_on(messages, others)
    insert(messages)
    if told := [row for message in messages for row in mentions.rows(message, message.seq)]:
        Mention.objects.bulk_create(told)
    events.append_posts(room, messages)
    search.index(messages)
    # Who is only here when somebody says so is told once, and follows no thread by it.
    named = {message.seq: post.names.people for message, post in zip(messages, posts, strict=True)}
    seen = {message.seq: post.seen for message, post in zip(messages, posts, strict=True)}
    threads.tell(messages, others, named, seen)
    if moved:
        Membership.objects.write_places(moved)
    return {(message.author_id, message.nonce): message for message in messages}


def _pass_own(
    room: Room,
    written: Iterable[tuple[Post, Message]],
    members: dict[tuple[str, int], Membership],
) -> set[Membership]:
    """Moves the pointers of those to whom nothing but their own message is new; returns these.

    Read means seen: where something above it is not, it stays unread with what stands there,
    until a page that shows it says so.
    """
    listed = [(post, message) for post, message in written if message.in_room]
    shown = {post: 0 if post.root else post.seen for post, _message in listed}
    places = {post: max(members[post.place].read_seq, seen) for post, seen in shown.items()}
    named, moved, newest = _named_by_edits(room, places), set(), room.last_message_seq
    for post, message in listed:
        pointer = members[post.place]
        last = max(newest, named.get(post.author_id, 0), named.get(None, 0))
        if max(pointer.read_seq, shown[post]) >= last:
            pointer.read_seq, pointer.read_number = message.seq, message.number
            moved.add(pointer)
        newest = message.seq
    return moved


def _named_by_edits(room: Room, places: Mapping[Post, int]) -> dict[int | None, int]:
    """person, or None for everybody → the last place behind the newest message at which an edit
    has named them. A query only for authors who have seen the newest message and not all that
    happened behind it."""
    if not any(room.last_message_seq <= place < room.last_seq for place in places.values()):
        return {}
    authors = {post.author_id for post in places}
    added = Mention.objects.filter(room=room, root=None, seq__gt=room.last_message_seq)
    theirs = added.filter(Q(person__in=authors) | Q(person=None)).order_by("seq")
    return dict(theirs.values_list("person", "seq"))


def _last_of(room: Room) -> Message | None:
    return _at_place.first(room.pk, room.last_message_seq)


def _mentioned(room: Room, posts: list[Post]) -> dict[Post, str]:
    """Whom each tells, of those that tell anybody; who is in the room is asked once more."""
    telling = [post for post in posts if post.names.tells]
    if not telling:
        return {}
    told = mentions.told([post.names for post in telling], room)
    return {
        post: mentions.marks(people - {post.author_id}, post.names.tells_room)
        for post, people in zip(telling, told, strict=True)
    }


def _message(room: Room, seq: int, post: Post, previous: Message | None, mentioned: str) -> Message:
    return Message(
        room=room,
        seq=seq,
        author_id=post.author_id,
        nonce=post.nonce,
        body=post.body,
        html=post.names.html,
        markup_version=markup.VERSION,
        created_at=timezone.now(),
        previous_author_id=previous.author_id if previous else None,
        previous_at=previous.created_at if previous else None,
        number=(previous.number if previous else 0) + post.in_room,
        mentioned=mentioned,
        reply_to_id=post.reply_to,
        root_id=post.root,
        in_room=post.in_room,
    )


def _answer(post: Post, message: Message) -> Message | Refused:
    return message if post.is_said_by(message) else Conflict(USED)
