"""Everything unread on one page, and the marks of what is read."""

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from chat import fragments
from chat import inbox as unseen
from chat.actions import reading
from chat.context import is_plain
from chat.fragments import Kind
from chat.models import Event, Message, Person
from chat.sidebar import lines_for
from chat.views.answers import Request, done, go
from chat.views.decorators import for_people
from chat.views.rooms import find
from chat.views.slots import closed, find_message

ROOMS_A_PAGE = 20


@require_GET
@for_people
def inbox(request: Request, person: Person) -> HttpResponse:
    # First: what comes while all else is read is not shown, and so not marked as read.
    until = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    lines = lines_for([person.pk])[person.pk]
    page = Paginator([line for line in lines if line.unread], ROOMS_A_PAGE).get_page(
        request.GET.get("page")
    )
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    all_threads = unseen.threads(person, lines)
    threads = all_threads[: unseen.SHOWN_THREADS]
    # A message has one place on the page; what names somebody in a thread has it where that is.
    shown = {message.pk for thread in threads for message in thread.messages}
    mentions = unseen.mentions(person, lines)
    named = [each for each in mentions[: unseen.SHOWN_MENTIONS] if each.pk not in shown]
    shown = {message.pk for message in named}

    def rendered(found: list[Message]) -> list[str]:
        fresh = [message for message in found if message.pk not in shown]
        shown.update(message.pk for message in fresh)
        return [fragments.message_fragment(message, kind) for message in fresh]

    context = {
        "mentions_shown": [(m.room, fragments.message_fragment(m, kind)) for m in named],
        "threads": [(each, rendered(each.messages)) for each in threads],
        "rooms": [
            (each, rendered(each.messages))
            for each in unseen.rooms(person, page)
            if each.messages or each.line.count
        ],
        "page": page,
        "until": str(until),
        "more_mentions": len(mentions) > unseen.SHOWN_MENTIONS,
        "more_threads": len(all_threads) > unseen.SHOWN_THREADS,
    }
    return render(request, "chat/inbox.html", context)


def _until(request: Request) -> int | None:
    """The newest entry of all logs when the page was shown; None where it does not say."""
    value = request.POST.get("until", "")
    is_number = value.isascii() and value.isdigit() and len(value) <= 18
    return int(value) if is_number else None


@require_POST
@for_people
def mark_all_read(request: Request, person: Person) -> HttpResponse:
    reading.mark_all_read(person=person, until=_until(request))
    flash.success(request, _("All is read."))
    return done(request, go(request, "inbox"))


@require_POST
@for_people
def mark_read(request: Request, person: Person, slug: str) -> HttpResponse:
    room = find(person, slug)
    reading.mark_read(person=person, room=room, until=_until(request))
    flash.success(request, _("%(room)s is read.") % {"room": room.label_for(person)})
    return done(request, go(request, "inbox"))


@require_POST
@for_people
def mark_unread(request: Request, person: Person, message_id: int) -> HttpResponse:
    """From this message on. Every open page of theirs follows by itself; the menu closes."""
    message = find_message(person, message_id)
    reading.mark_unread(person=person, message=message)
    return closed(request, message) if request.htmx else done(request, go(request, "inbox"))
