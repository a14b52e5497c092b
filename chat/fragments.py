"""Log entries as text for one kind of reader. Nothing in here knows a viewer.

One rendering serves everybody of a kind. `html` are pages on a socket, `stream` those of browsers
without JavaScript, `plain` those of browsers that were asked to do without (their links carry
`plain=1`). The same templates render all of them and the pages too, so a change in a template
shows in every open browser.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import get_template
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.safestring import SafeString

from chat import programs, stencils, wire
from chat.history import Page, latest
from chat.kept import Kept
from chat.models import Event, EventKind, Message, Person, Room, Site
from chat.presence import Here, Typist
from chat.sidebar import Line

logger = logging.getLogger(__name__)

# A frame over the server's limit would end the socket, and again on each reconnect, for ever.
MAX_FRAME_BYTES = 128 * 1024
# A sidebar is one frame, for it is swapped as a whole: 500 usual rooms fit.
MAX_SIDEBAR_BYTES = 200 * 1024
LINE_BYTES = 350
SIGN_BYTES = 150

# Where a stream's own nonce goes: what is written to all streams alike can't know it. Nobody can
# write it in a message before it is made.
NONCE = secrets.token_urlsafe(16)
# What stands before the ids of messages in a thread, where they may stand in the room, too.
THREAD = "thread-"

_MESSAGE = "chat/fragments/message.html"
_MEMBERS = "chat/swaps/members.html"
_ARCHIVED = "chat/swaps/room.archived.html"
_REACTION = "chat/swaps/reaction.html"
_SWAPS = {
    EventKind.MESSAGE_POSTED: "chat/swaps/message.posted.html",
    EventKind.MESSAGE_EDITED: "chat/swaps/message.edited.html",
    EventKind.MESSAGE_DELETED: "chat/swaps/message.deleted.html",
    EventKind.REACTION_ADDED: _REACTION,
    EventKind.REACTION_REMOVED: _REACTION,
    EventKind.ROOM_CHANGED: "chat/swaps/room.changed.html",
    EventKind.ROOM_ARCHIVED: _ARCHIVED,
    EventKind.ROOM_UNARCHIVED: _ARCHIVED,
    EventKind.MEMBER_JOINED: _MEMBERS,
    EventKind.MEMBER_LEFT: _MEMBERS,
    EventKind.MEMBER_REMOVED: _MEMBERS,
}


@dataclass(frozen=True)
class Kind:
    """What a rendering depends on: the format, and the reader's language and time zone.

    A stream shows one list: the room's, or that of the thread of the message `thread`. A page gets
    all that happens in its room, and shows what it has a place for.
    """

    format: str
    language: str
    time_zone: str
    thread: int | None = None

    @classmethod
    def of(cls, person: Person, page: str = "html", thread: int | None = None) -> "Kind":
        return _kind(page, person.language, person.time_zone, thread)

    @property
    def is_plain(self) -> bool:
        return self.format == "plain"

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """Its language and time zone are the active ones."""
        with translation.override(self.language), timezone.override(ZoneInfo(self.time_zone)):
            yield


@lru_cache(maxsize=1024)
def _kind(page: str, language: str, time_zone: str, thread: int | None) -> Kind:
    """The same one for all who are of it: each open page keeps it."""
    return Kind(page, language, time_zone, thread)


_kept: Kept[SafeString] = Kept(max_bytes=8 * 1024 * 1024)


# For programs. Nothing in it depends on a language or a time zone.
JSON = Kind("json", "", "UTC")


@dataclass(frozen=True)
class Frame:
    """What goes to a socket at once. Whoever has it has seen the log up to `seq`.

    `texts` are sent each by itself: a page takes many fragments as one, a program its objects one
    by one.
    """

    texts: tuple[str, ...]
    seq: int

    @cached_property
    def text(self) -> str:
        return "".join(self.texts)

    @cached_property
    def wire(self) -> bytes:
        """The texts as WebSocket frames, made once for all who get them."""
        return b"".join(map(wire.frame, self.texts))


def render(template: str, context: Mapping[str, Any], kind: Kind) -> SafeString:
    """The template's text in this kind's language and time zone."""
    with kind.spoken():
        text = get_template(template).render({"plain": kind.is_plain, **context})
    return SafeString(text)


def message_fragment(message: Message, kind: Kind, place: str = "") -> SafeString:
    """One message, in its room's list or in its thread's; rendered once while it looks the same.

    One that can't be rendered says so and is logged; the page lives.
    """
    context = {"message": message, "place": place}
    try:
        key = (kind, place, message.sight)
        if (kept := _kept.get(key)) is None:
            kept = _filled(message, kind, place) or render(_MESSAGE, context, kind)
            _kept.put(key, kept)
        return kept
    except Exception:
        logger.exception("Message %s can't be rendered", message.pk)
        return render("chat/fragments/unrenderable.html", context, kind)


def _filled(message: Message, kind: Kind, place: str) -> SafeString | None:
    def shown(context: Mapping[str, Any]) -> str:
        return render(_MESSAGE, context, kind)

    with kind.spoken():
        text = stencils.filled(_MESSAGE, message, place, shown, plain=kind.is_plain)
    return None if text is None else SafeString(text)


def are_kept(messages: Iterable[Message], kind: Kind) -> bool:
    """Whether all of these could be rendered: what could not is tried again."""
    return all(_kept.get((kind, "", message.sight)) for message in messages)


def room_line(line: Line, *, is_current: bool, plain: bool, swap: bool = False) -> SafeString:
    """One room in a sidebar, in the reader's language; rendered once while it looks the same."""
    key = ("line", line, is_current, plain, swap, translation.get_language())
    if (kept := _kept.get(key)) is None:
        current = line.slug if is_current else ""
        context = {"line": line, "current": current, "plain": plain, "swap": swap}
        kept = SafeString(get_template("chat/fragments/room_line.html").render(context))
        _kept.put(key, kept)
    return kept


def page_fragments(page: Page, kind: Kind, place: str = "") -> list[SafeString]:
    return [message_fragment(message, kind, place) for message in page.messages]


def frames(events: Iterable[Event], kind: Kind) -> list[Frame]:
    """The entries of one room's log in as few frames as fit; each ends with its own cursor."""
    return packed(parts(events, kind), kind)


def parts(events: Iterable[Event], kind: Kind) -> list[tuple[int, str]]:
    """Each entry's place and its text, to be packed."""
    if kind == JSON:
        return list(programs.events(events))
    return list((_page_parts if kind.format == "html" else _stream_parts)(events, kind))


def packed(entries: Iterable[tuple[int, str]], kind: Kind) -> list[Frame]:
    """Rendered entries in frames. Many readers may get different ends of the same entries."""
    groups = _packed(entries)
    if kind == JSON:
        return [Frame(tuple(texts), seq) for texts, seq in groups]
    has_cursor = kind.format == "html"
    return [
        Frame(("".join(texts) + (_tail(seq, kind) if has_cursor else ""),), seq)
        for texts, seq in groups
    ]


def changes(events: Iterable[Event], kind: Kind) -> list[Frame]:
    """The entries that change what stands in a page already, without the list's own posts.

    An answer in a thread comes along: it goes where it is missing, and nowhere else.
    """
    if kind.format != "html":
        return []
    parts = ((event.seq, _swap(event, kind, is_repeated=True)) for event in events)
    groups = _packed((seq, text) for seq, text in parts if text)
    return [Frame(("".join(texts),), seq) for texts, seq in groups]


def reset(room: Room, kind: Kind) -> Frame:
    """The newest page instead of whatever the list holds: for who is too far behind.

    A program is told only where it stands now: it asks for what it wants to have of the past.
    """
    if kind == JSON:
        room.refresh_from_db()
        return Frame((programs.reset(room.slug, room.last_seq),), room.last_seq)
    page = latest(room)
    page, shown = _fitting(page, page_fragments(page, kind))
    if kind.format != "html":
        return Frame(("".join(shown),), page.seq)
    context = {"room": room, "page": page, "fragments": shown}
    text = render("chat/swaps/reset.html", context, kind)
    return Frame((text + _tail(page.seq, kind),), page.seq)


def sidebar(
    lines: Sequence[Line],
    before: Sequence[Line] | None,
    current: str,
    title: str,
    site_name: str,
    kind: Kind,
) -> SafeString:
    """A person's rooms and the title's count, as a swap for one of their open pages.

    `before` is what that page was told last. While its rooms are the same and in the same order,
    only what the lines that have changed say is swapped: who stands on a link stays there.
    """
    here = next((line for line in lines if line.slug == current), None)
    own = f"{here.label} · {site_name}" if here else title or site_name
    shown = _fitting_lines(lines, current)
    context = {
        "lines": shown,
        "current": current,
        "unread": sum(line.calls for line in lines),
        "in_inbox": sum(line.in_inbox for line in lines),
        # A thread's page says so before its room; the room may have another name by now.
        "title": title if title.endswith(f" · {own}") else own,
    }
    known = _fitting_lines(before or (), current)
    is_known = [line.link for line in known] == [line.link for line in shown]
    if before is None or not is_known:
        return render("chat/swaps/sidebar.html", context, kind)
    context["lines"] = [line for line, old in zip(shown, known, strict=True) if line != old]
    return render("chat/swaps/sidebar_lines.html", context, kind)


@lru_cache(maxsize=4096)
def beat(slug: str, is_live: bool, kind: Kind) -> SafeString:
    """The heartbeat of a page: its status banner, new, and so counting from zero again."""
    return render("chat/swaps/beat.html", {"slug": slug, "is_live": is_live}, kind)


@lru_cache(maxsize=256)
def goodbye(code: int, kind: Kind) -> SafeString:
    """The last frame: says why, and takes the socket element away so that it stays away."""
    return render("chat/swaps/goodbye.html", {"code": code}, kind)


@lru_cache(maxsize=1024)
def presence(here: Here, slug: str, kind: Kind) -> str:
    """Who is here, for the head of a room's page."""
    if kind == JSON:
        return programs.presence(slug, here)
    return render("chat/swaps/presence.html", {"here": here}, kind)


@lru_cache(maxsize=1024)
def typing(people: tuple[Typist, ...], slug: str, kind: Kind) -> str:
    """Who types; more than two names are several people."""
    if kind == JSON:
        return programs.typing(slug, people)
    names = [typist.name for typist in people]
    return render("chat/swaps/typing.html", {"names": names}, kind)


def refusal(sentence: str, kind: Kind) -> SafeString:
    return render("chat/swaps/refusal.html", {"sentence": sentence}, kind)


def _fitting(page: Page, shown: list[SafeString]) -> tuple[Page, list[SafeString]]:
    """The newest of the page that fit into a frame; the others are older messages."""
    size, count = 0, 0
    for text in reversed(shown):
        size += len(text.encode())
        if count and size > MAX_FRAME_BYTES:
            break
        count += 1
    if count == len(shown):
        return page, shown
    return replace(page, messages=page.messages[-count:], has_older=True), shown[-count:]


def _fitting_lines(lines: Sequence[Any], current: str) -> list[Any]:
    """All lines, or of very many the shown room's and the unread first; *Rooms* has the rest."""
    chosen, size = set(), 0
    for line in sorted(lines, key=lambda line: (line.slug != current, not line.unread)):
        signs = SIGN_BYTES * (line.unread + line.is_muted)
        size += LINE_BYTES + signs + len(escape(line.label).encode())
        if size <= MAX_SIDEBAR_BYTES:
            chosen.add(line)
    return [line for line in lines if line in chosen]


def _page_parts(events: Iterable[Event], kind: Kind) -> Iterator[tuple[int, str]]:
    for event in events:
        yield event.seq, _swap(event, kind)


def _swap(event: Event, kind: Kind, *, is_repeated: bool = False) -> str:
    """What the entry does to a page. A change that can't be rendered does nothing, and is logged: a
    newer process's kind, or an owner's broken template, must not hold up the messages behind it.
    A message itself is never passed over: the list would have a hole."""
    message = event.message
    context: dict[str, Any] = {"event": event, "room": event.room, "message": message}
    if message is not None and event.kind == EventKind.MESSAGE_POSTED:
        is_new = message.in_room and not is_repeated
        context["fragment"] = message_fragment(message, kind) if is_new else ""
        is_answer = message.root_id is not None
        context["answer"] = message_fragment(message, kind, THREAD) if is_answer else ""
    try:
        return render(_SWAPS[EventKind(event.kind)], context, kind)
    except Exception:
        if event.kind == EventKind.MESSAGE_POSTED:
            raise
        logger.exception("Entry %s of room %s can't be rendered", event.seq, event.room_id)
        return ""


def _stream_parts(events: Iterable[Event], kind: Kind) -> Iterator[tuple[int, str]]:
    for event in events:
        try:
            yield event.seq, _streamed(event, kind)
        except Exception:
            logger.exception("Entry %s of room %s can't be rendered", event.seq, event.room_id)
            yield event.seq, ""


def _streamed(event: Event, kind: Kind) -> str:
    """What the entry writes into a page that can't be changed any more: lines, and rules of style
    that hide what stood there before or say what is so now."""
    message = event.message
    if event.kind in (EventKind.ROOM_ARCHIVED, EventKind.ROOM_UNARCHIVED):
        return render("chat/fragments/stream_note.html", {"room": event.room}, kind)
    if message is None:
        return ""
    is_here = message.in_room if kind.thread is None else message.root_id == kind.thread
    if message.pk == kind.thread and event.kind == EventKind.MESSAGE_EDITED:
        is_here = True  # what the thread is about stands above it
    line = ""
    if is_here and event.kind == EventKind.MESSAGE_POSTED:
        line = message_fragment(message, kind, "" if kind.thread is None else THREAD)
    elif is_here and event.kind == EventKind.MESSAGE_EDITED:
        # Under an id of its own, by which all others of this message are hidden.
        line = message_fragment(message, kind, f"e{event.seq}-")
    context = {"event": event, "message": message, "nonce": NONCE}
    return line + render("chat/fragments/stream_rule.html", context, kind).strip()


def _tail(seq: int, kind: Kind) -> str:
    # In the same frame as its content, and swapped in the same turn: they can't diverge.
    return render("chat/swaps/cursor.html", {"seq": seq, "epoch": epoch()}, kind)


def _packed(parts: Iterable[tuple[int, str]]) -> Iterator[tuple[list[str], int]]:
    """As many texts as fit into a frame, and the place of the last of them."""
    texts: list[str] = []
    size = last = 0
    for seq, text in parts:
        length = len(text.encode())
        if texts and size + length > MAX_FRAME_BYTES:
            yield texts, last
            texts, size = [], 0
        texts.append(text)
        size, last = size + length, seq
    if texts:
        yield texts, last


@lru_cache(maxsize=1)
def epoch() -> str:
    """The life of this log, read once; the hub's tick notices another (a restored backup)."""
    return str(Site.load().epoch)
