"""What opens at a message: the menu, and the forms to answer, react, edit and delete.

With htmx they open in the message's own slot, which no swap of the message touches; without it
each is a page of its own. Unlike the fragments around them they know their viewer.
"""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh, reswap

from chat import deeds, emojis, fragments, permissions
from chat.context import is_plain
from chat.errors import Conflict, Refused
from chat.fragments import Kind
from chat.models import Message, Person, Reaction, Room
from chat.models.messages import complete
from chat.views.answers import Request, caller_of, done, go, is_at_head
from chat.views.decorators import for_people

FOUND_EMOJI = 60
VERSIONS = 20
RECENT_EMOJI = 12
# The fields of slots in which one types.
WRITTEN = {"body", "q"}
# What their pages are called.
TITLES = {
    "menu": _lazy("A message"),
    "reply": _lazy("Reply"),
    "edit": _lazy("Edit the message"),
    "delete": _lazy("Delete the message"),
    "reactions": _lazy("React"),
    "versions": _lazy("What it said before"),
}


def find_message(person: Person, message_id: int) -> Message:
    """The message that this person may see; for all others it does not exist."""
    seen = Message.objects.filter(room__in=Room.objects.visible_to(person))
    (message,) = complete([get_object_or_404(seen.select_related("room"), pk=message_id)])
    return message


@require_GET
@for_people
def menu(request: Request, person: Person, message_id: int) -> HttpResponse:
    """All that this person may do with it."""
    message = find_message(person, message_id)
    is_member = permissions.is_member(person, message.room)
    may = {
        "react": permissions.can_react(person, message),
        "edit": permissions.can_edit(person, message),
        "delete": permissions.can_delete(person, message),
        "mark": is_member and message.in_room,
    }
    return _show(request, person, message, "menu", may=may, recent=_recent(person)[:6])


@require_GET
@for_people
def slot(request: Request, person: Person, message_id: int) -> HttpResponse:
    """Closes whatever is open at it."""
    return closed(request, find_message(person, message_id))


@require_GET
@for_people
def reply(request: Request, person: Person, message_id: int) -> HttpResponse:
    """A box to answer it where it stands, with a quote; it posts like every other message."""
    message = find_message(person, message_id)
    _check_there(message)
    address = reverse("messages", args=[message.room.slug])
    if not message.in_room or (request.htmx.target or "").startswith(fragments.THREAD):
        address = reverse("thread", args=[message.root_id or message.pk])
    return _show(request, person, message, "reply", address=address)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def edit(request: Request, person: Person, message_id: int) -> HttpResponse:
    message = find_message(person, message_id)
    if request.method != "POST":
        _check_there(message)
        if not permissions.can_edit(person, message):
            raise Refused(_("You can't edit this message, or not any more."))
        return _show(request, person, message, "edit")
    _do("edit", request, person, message)
    return _done(request, message)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def delete(request: Request, person: Person, message_id: int) -> HttpResponse:
    """Asks first: it can't be undone."""
    message = find_message(person, message_id)
    if request.method != "POST":
        _check_there(message)
        if not permissions.can_delete(person, message):
            raise Refused(_("You can't delete this message, or not any more."))
        return _show(request, person, message, "delete")
    _do("delete", request, person, message)
    return _done(request, message)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def reactions(request: Request, person: Person, message_id: int) -> HttpResponse:
    """A choice of emoji, to be searched; POST says it with one, or takes that back."""
    message = find_message(person, message_id)
    if request.method == "POST":
        _do("react", request, person, message)
        return _reacted(request, message)
    _check_there(message)
    words = request.GET.get("q", "").strip()[:40]
    context = {
        "words": words,
        "found": emojis.find(words, FOUND_EMOJI),
        "recent": [(emojis.name_of(each), each) for each in _recent(person)],
        "common": [(emojis.name_of(each), each) for each in emojis.COMMON],
    }
    if request.htmx and request.htmx.target == f"emoji-{message.pk}":
        return render(request, "chat/slots/emoji_found.html", context | {"message": message})
    return _show(request, person, message, "reactions", **context)


@require_GET
@for_people
def versions(request: Request, person: Person, message_id: int) -> HttpResponse:
    """What it said before, and now."""
    message = find_message(person, message_id)
    page = Paginator(message.versions.all(), VERSIONS).get_page(request.GET.get("page"))
    return _page(request, person, message, "versions", {"page": page})


def _show(
    request: Request, person: Person, message: Message, name: str, **context: Any
) -> HttpResponse:
    """One of the slots' templates: in the slot for htmx, else on a page with the message."""
    if not request.htmx:
        return _page(request, person, message, name, context)
    # An element's id, and the page's own: whatever else is claimed is the room's slot.
    thread = f"{fragments.THREAD}slot-{message.pk}"
    slot_id = thread if request.htmx.target == thread else f"slot-{message.pk}"
    context |= {"message": message, "slot": slot_id}
    return render(request, f"chat/slots/{name}.html", context)


def _page(
    request: Request, person: Person, message: Message, name: str, context: dict[str, Any]
) -> HttpResponse:
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    context |= {
        "message": message,
        "slot": f"slot-{message.pk}",
        "part": f"chat/slots/{name}.html",
        "title": TITLES[name],
        "label": message.room.label_for(person),
        "fragment": fragments.message_fragment(message, kind),
    }
    return render(request, "chat/message.html", context)


def _do(deed: str, request: Request, person: Person, message: Message) -> None:
    caller = caller_of(request, person)
    deeds.do(deed, request.POST, person=person, message=message, caller=caller)


def _done(request: Request, message: Message) -> HttpResponse:
    """What has changed comes to everybody over their sockets; the slot closes.

    A page that shows no room at its head has no socket that tells it: it is read anew.
    """
    if request.htmx and not is_at_head(request, message.room):
        return HttpResponseClientRefresh()
    if request.htmx:
        return closed(request, message)
    return done(request, go(request, "permalink", message.pk))


def _reacted(request: Request, message: Message) -> HttpResponse:
    """The button was in a block that is swapped, and the cursor with it: the slot, which is not,
    takes it. What is being written there stays as it is."""
    if request.htmx and is_at_head(request, message.room) and request.POST.keys() & WRITTEN:
        return reswap(HttpResponse(), "none")
    return _done(request, message)


def closed(request: Request, message: Message) -> HttpResponse:
    """What its slot holds while nothing is open in it, with the cursor where it was before."""
    context = {"message": message, "autofocus": True}
    return render(request, "chat/fragments/slot.html", context)


def _check_there(message: Message) -> None:
    if message.is_deleted:
        raise Conflict(_("This message has been deleted meanwhile."))


def _recent(person: Person) -> list[str]:
    """The emoji that this person has used last, each once."""
    mine = Reaction.objects.filter(person=person).order_by("-pk").values_list("emoji", flat=True)
    return list(dict.fromkeys(mine[: 5 * RECENT_EMOJI]))[:RECENT_EMOJI]
