"""A room's page: as it is rendered, and the newest one as it is put together from what is kept."""

import secrets
from collections.abc import Callable, Sequence
from operator import attrgetter
from sys import getsizeof
from typing import Any

from django.contrib import messages as flash
from django.db.models import Model
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.middleware.gzip import re_accepts_gzip
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from chat import fragments, gaps, history, news, permissions, presence
from chat.context import is_plain
from chat.fragments import Kind
from chat.gaps import Piece, Stencil, gap
from chat.history import Outline, Page
from chat.kept import Kept
from chat.models import Membership, Person, Room, Site
from chat.newest import newest
from chat.prepared import columns
from chat.sidebar import Line, sidebars
from chat.viewer import lines_mode
from chat.views.answers import Request, number

SPARE_COMPOSERS = 6

# A page without its list is some 20 kB.
_kept: Kept[Stencil] = Kept(max_bytes=16 * 1024 * 1024)
# What a room's page shows nothing of, and that changes often or is a secret.
_LEFT_OUT = {
    Person: {"password", "last_login", "last_room_id", "seen_at", "present_at"},
    Room: {"last_seq", "last_message_seq", "message_count", "outgoing_hooks"},
    Membership: {"read_seq", "read_number", "is_kept_unread"},
    Site: {"revocations"},
}
_SHOWN: dict[type[Model], Callable[[Model], tuple[Any, ...]]] = {
    model: attrgetter(*(name for name in columns(model) if name not in left_out))
    for model, left_out in _LEFT_OUT.items()
}


def show(request: Request, person: Person, found: Room, page: Page, **more: Any) -> HttpResponse:
    """The room's page around one page of its history."""
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    status = more.pop("status", 200)
    if "membership" not in more:
        more["membership"] = permissions.membership(person, found)
    membership = more["membership"]
    number = news.line_at(page.outline, membership)
    more["fragments"] = news.with_line(fragments.page_fragments(page, kind), number, kind)
    context = _context(request, person, found, page.outline, Site.load(), membership)
    return render(request, "chat/room.html", context | {"page": page} | more, status=status)


def show_newest(
    request: Request, person: Person, found: Room, membership: Membership | None
) -> HttpResponse:
    """The room's page at its newest messages, `found` and `membership` as they have just been read.

    It is put together from its list and from all that stands around that, each rendered once while
    it looks the same. What it looks like is asked of the database each time, and is the key.
    """
    to = number(request, "to")
    if to is not None or len(flash.get_messages(request)):
        whole = history.latest(found, found.last_seq)
        return show(request, person, found, whole, membership=membership)
    site = Site.load()
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    page, shown = newest(found, kind, str(site.epoch), membership)
    context = _context(request, person, found, page, site, membership)
    sidebar = sidebars([person.pk])[person.pk]
    key = (
        *(_row(row) for row in (person, found, membership, site)),
        *(sidebar, found.people_count, page.has_older),
        *(context[name] for name in ("label", "news", "here", "epoch")),
        *(is_plain(request), lines_mode(request)),
    )
    if (stencil := _kept.get(key)) is None:
        stencil = Stencil(_rendered(request, context, page, sidebar.lines))
        _kept.put(key, stencil, getsizeof(sidebar.rooms))
    token = get_token(request)
    values: dict[str, Callable[[], str | Piece]] = {
        "list": lambda: shown,
        "seq": lambda: str(page.seq),
        "first": lambda: str(page.first),
        "token": lambda: token,
        "nonce": lambda: secrets.token_urlsafe(16),
    }
    return _answer(request, stencil.filled(values))


def _rendered(
    request: Request, context: dict[str, Any], page: Outline, lines: Sequence[Line]
) -> str:
    """The page with gaps for its list, and for what is another one in each answer."""
    with_gaps = {
        "lines": lines,
        "unread": sum(line.calls for line in lines),
        "in_inbox": sum(line.in_inbox for line in lines),
        "page": {
            "seq": gap("seq"),
            "first": gap("first"),
            "has_older": page.has_older,
            "has_newer": False,
        },
        "fragments": [gap("list")],
        "csrf_token": gap("token"),
        "nonce_gap": gap("nonce"),
    }
    return render_to_string("chat/room.html", context | with_gaps, request)


def _context(
    request: Request,
    person: Person,
    found: Room,
    page: Outline,
    site: Site,
    membership: Membership | None,
) -> dict[str, Any]:
    return {
        "site": site,  # asked once: the frame would ask again
        "room": found,
        "label": found.label_for(person),
        "to": number(request, "to"),
        "news": news.above(found, page, membership),
        "epoch": fragments.epoch(),
        "is_live": not page.has_newer,
        "membership": membership,
        "is_member": membership is not None,
        "may_join": found.is_public and not person.is_guest,
        "boxes": composer_ring(),
        "address": reverse("messages", args=[found.slug]),
        "thread": None,
        "slug": found.slug,
        "here": presence.here_in([found.pk], site).get(found.pk, presence.NOBODY),
    }


def _row(row: Model | None) -> tuple[Any, ...] | None:
    """All that a template may show of it."""
    return None if row is None else _SHOWN[row._meta.model](row)


def _answer(request: Request, parts: list[bytes | Piece]) -> HttpResponse:
    if not re_accepts_gzip.search(request.headers.get("Accept-Encoding", "")):
        return HttpResponse(gaps.plain(parts))
    response = HttpResponse(gaps.gzipped(parts), headers={"Content-Encoding": "gzip"})
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def composer_ring(prefix: str = "") -> list[tuple[str, str]]:
    """The composers' numbers, each with that of the one before it, the last before the first.

    `prefix` tells those of one list from those of another on the same page.
    """
    numbers = [f"{prefix}{number}" for number in range(1, SPARE_COMPOSERS + 1)]
    return list(zip(numbers, [numbers[-1], *numbers], strict=False))
