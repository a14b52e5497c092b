"""Posting, and the pages of a room's history."""

import re
from collections.abc import Sequence
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages as flash
from django.contrib.auth import logout
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from chat import fragments, history, limits, mentions
from chat.actions.messages import prepare, submit
from chat.actions.posting import Post
from chat.errors import Invalid, Refused, SignedOut
from chat.forms import MessageForm, first_error
from chat.fragments import THREAD, Kind
from chat.models import Message, Person, Room
from chat.viewer import LINES_MODES
from chat.views import errors
from chat.views.answers import Request, caller_of, done, go, place_of
from chat.views.decorators import for_people
from chat.views.room_page import composer_ring, show
from chat.views.rooms import asked_page, find
from chat.views.slots import closed


@require_http_methods(["GET", "HEAD", "POST"])
@csp_update({"frame-src": [SELF]})
@for_people
def room_messages(request: Request, person: Person, slug: str) -> HttpResponse:
    if request.method == "POST":
        return _post(request, person, slug)
    return _page(request, person, find(person, slug))


def _post(request: Request, person: Person, slug: str) -> HttpResponse:
    return send(request, person, slug, where=go(request, "room", slug))


def send(
    request: Request, person: Person, slug: str, *, where: str, **answering: Any
) -> HttpResponse:
    """Stores what a composer sends. Without htmx it leads to `where`, which shows it."""
    limits.spend(settings.LIMIT_POSTS, "post", person.pk)
    form = MessageForm(request.POST)
    if not form.is_valid():
        find(person, slug)
        raise Invalid(first_error(form))
    caller = caller_of(request, person)
    fields = form.cleaned_data | {"seen": _seen(request)} | answering
    post = prepare(author_id=person.pk, slug=slug, caller=caller, **fields)
    if not request.htmx and (unknown := _unanswered(post, form)):
        doubts = mentions.doubts(unknown, find(person, slug))
        if doubts:  # without JavaScript nobody was suggested while they were typed
            return errors.sentence(request, 422, _("Whom do you mean?"), doubts=doubts)
    submit([post])
    try:
        message = post.stored.result()
    except SignedOut:
        # The session is gone, or no longer theirs: the page that says so begins another one.
        logout(request)
        rotate_token(request)
        return errors.signed_out(request)
    except Refused:
        find(person, slug)  # what they may not see is not there: 404
        raise
    if request.htmx:
        return _fresh_box(request, message, post.names.notes)
    for note in post.names.notes:
        flash.warning(request, str(note))
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        flash.success(request, _("Your answer is sent."))  # it does not show where they go on
        return done(request, back)
    # It names the message and no element: where there is one, browsers leave the cursor out of the
    # box, in which the next message is to be typed. The newest stands above it anyway.
    return done(request, f"{where}#said-{message.pk}")


def _seen(request: Request) -> int:
    """The place in the log up to which the sender's page shows the room or thread; 0 where it does
    not show the end. Forms hold their page's; a live one sends its cursor, which has gone on."""
    seqs = (request.POST.get(name, "") for name in ("seen", "seq"))
    return max(int(seq) if re.fullmatch(r"[0-9]{1,18}", seq) else 0 for seq in seqs)


def _unanswered(post: Post, form: MessageForm) -> set[str]:
    return {name for name in post.names.unknown if f"@{name}" not in form.answered}


def _fresh_box(request: Request, message: Message, notes: Sequence[Promise]) -> HttpResponse:
    """The sent composer's place, as a spare one again. The message comes over the socket."""
    target = request.htmx.target or ""
    if message.reply_to and target.removeprefix(fragments.THREAD).startswith("slot-"):
        return closed(request, message.reply_to)
    ring = composer_ring(THREAD if message.root_id else "")
    number = target.removeprefix("box-")
    numbers = dict(ring)
    number = number if number in numbers else ring[0][0]
    context = {
        "room": message.room,
        "number": number,
        "previous": numbers[number],
        "is_live": True,
        "address": request.path,
        "root": message.root_id,
        "thread": {"root": message.root, "is_following": True},
        "notes": notes,
    }
    name = "chat/swaps/answered.html" if message.root_id else "chat/parts/sent.html"
    response = render(request, name, context)
    response["HX-Trigger"] = "answered"
    return response


def _page(request: Request, person: Person, room: Room) -> HttpResponse:
    page = asked_page(request, room)
    if request.htmx:
        kind = Kind.of(person)
        context = {
            "room": room,
            "page": page,
            "fragments": fragments.page_fragments(page, kind),
            "epoch": fragments.epoch(),
        }
        return render(request, "chat/swaps/older.html", context)
    if not page.messages and room.last_message_seq:  # beyond an end: there is nothing to go on from
        return redirect(go(request, "room", room.slug))
    return show(request, person, room, page)


@require_GET
@for_people
def permalink(request: Request, person: Person, message_id: int) -> HttpResponse:
    """Into the message's room or thread, at its place, whatever its age."""
    message = get_object_or_404(
        Message.objects.select_related("room", "root__room"),
        pk=message_id,
        room__in=Room.objects.visible_to(person),
    )
    of = message.room if message.in_room or message.root is None else message.root
    return redirect(place_of(request, message, of))


@require_http_methods(["GET", "HEAD", "POST"])
@csp_update({"frame-src": [SELF]})
@for_people
def lines(request: Request, person: Person) -> HttpResponse:
    """Switches between one line and many; what was typed so far stays.

    Without htmx the room is shown under this address: whoever asks for it again is led home.
    """
    if request.method != "POST":
        return done(request, go(request, "home"))
    mode = request.POST.get("lines")
    mode = request.session["lines"] = mode if mode in LINES_MODES else "one"
    context = {"lines_mode": mode, "body": request.POST.get("body", ""), "autofocus": True}
    if request.htmx:
        return render(request, "chat/swaps/lines.html", context)
    room = find(person, request.POST.get("room", ""))
    return show(request, person, room, history.latest(room), **context)
