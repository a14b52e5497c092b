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
from chat.models import Message, Person
from chat.sidebar import lines_for
from chat.views.answers import Request, done, go
from chat.views.decorators import for_people
from chat.views.rooms import find
from chat.views.slots import closed, find_message

ROOMS_A_PAGE = 20


@require_GET
@for_people
def inbox(request: Request, person: Person) -> HttpResponse:
    lines = lines_for([person.pk])[person.pk]
    page = Paginator([line for line in lines if line.unread], ROOMS_A_PAGE).get_page(
        request.GET.get("page")
    )
    kind = Kind.of(person, "plain" if is_plain(request) else "html")
    named = unseen.mentions(person, lines)
    shown = {message.pk for message in named}  # a message has one place on the page

    def rendered(found: list[Message]) -> list[str]:
        fresh = [message for message in found if message.pk not in shown]
        shown.update(message.pk for message in fresh)
        return [fragments.message_fragment(message, kind) for message in fresh]

    context = {
        "mentions_shown": [(m.room, fragments.message_fragment(m, kind)) for m in named],
        "threads": [(each, rendered(each.messages)) for each in unseen.threads(person, lines)],
        "rooms": [(each, rendered(each.messages)) for each in unseen.rooms(person, page)],
        "page": page,
    }
    return render(request, "chat/inbox.html", context)


@require_POST
@for_people
def mark_all_read(request: Request, person: Person) -> HttpResponse:
    reading.mark_all_read(person=person)
    flash.success(request, _("All is read."))
    return done(request, go(request, "inbox"))


@require_POST
@for_people
def mark_read(request: Request, person: Person, slug: str) -> HttpResponse:
    reading.mark_read(person=person, room=find(person, slug))
    return done(request, go(request, "inbox"))


@require_POST
@for_people
def mark_unread(request: Request, person: Person, message_id: int) -> HttpResponse:
    """From this message on. Every open page of theirs follows by itself; the menu closes."""
    message = find_message(person, message_id)
    reading.mark_unread(person=person, message=message)
    return closed(request, message) if request.htmx else done(request, go(request, "inbox"))
