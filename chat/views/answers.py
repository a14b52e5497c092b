"""Where an action's result shows: 303 to the page, or for htmx the page to go to."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from chat import history, hub
from chat.context import is_plain
from chat.fragments import THREAD
from chat.models import Message, Person, Room
from chat.sessions import LINE

PAGE_SIZE = 100
_THREAD_PAGE = re.compile(r"/messages/([0-9]{1,18})/thread/", re.ASCII)


class Request(HttpRequest):
    """A request as the views get it: with what htmx says about itself, and a nonce for styles."""

    htmx: HtmxDetails
    csp_nonce: object


def caller_of(request: HttpRequest, person: Person) -> hub.Caller:
    """What they are signed in with: it has to hold when something is stored, not only when the
    request began."""
    line = request.session[LINE]
    return hub.Caller(person_id=person.pk, credential=person.password, session_line=line)


def go(request: HttpRequest, name: str, *args: Any, **query: Any) -> str:
    """The address of a page; a plain page leads to plain pages."""
    plain = {"plain": 1} if is_plain(request) else {}
    return reverse(name, args=args, query=plain | query or None)


def place_of(request: HttpRequest, message: Message, of: Room | Message) -> str:
    """Where it stands in its room or in its thread, of whatever age it is.

    `to` is for who has no script: the newest messages stand in a frame, which the address of the
    page does not reach.
    """
    at = {"to": message.pk} if history.is_in_latest(of, message) else {"at": message.seq}
    if isinstance(of, Room):
        return f"{go(request, 'room', of.slug, **at)}#message-{message.pk}"
    return f"{go(request, 'thread', of.pk, **at)}#{THREAD}message-{message.pk}"


def _current(request: Request) -> str:
    """Path and query of the page that asks; "" where its header is no address."""
    try:
        return request.htmx.current_url_abs_path or ""
    except ValueError:
        return ""


def is_at_head(request: Request, room: Room) -> bool:
    """Whether the page that asks shows the room at its head: then it is told what happens in it."""
    path, _, query = _current(request).partition("?")
    if path == reverse("room", args=[room.slug]):
        return not {"at", "date"} & QueryDict(query).keys()
    found = _THREAD_PAGE.fullmatch(path)
    return found is not None and Message.objects.filter(pk=found[1], room=room).exists()


def stay_plain(request: HttpRequest, url: str) -> str:
    """The same address, of a plain page when this one is: for addresses that others made."""
    if not is_plain(request):
        return url
    scheme, host, path, query, anchor = urlsplit(url)
    if "1" in QueryDict(query).getlist("plain"):
        return url
    query = f"{query}&plain=1" if query else "plain=1"
    return urlunsplit((scheme, host, path, query, anchor))


def done(request: Request, url: str) -> HttpResponse:
    """303: a reload of what follows repeats nothing."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)


def one_page(request: HttpRequest, found: QuerySet[Person]) -> Page[Person]:
    """The hundred of them that `?page=` asks for; whatever is no page of theirs is the nearest."""
    return Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))


def show_form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page with a form; 422 when what was sent in it is not good."""
    return render(request, template, context, status=422 if context["form"].errors else 200)


def number(request: Request, name: str) -> int | None:
    """A seq from the address; whatever is none was never a page of ours."""
    value = request.GET.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise Http404
    return int(value)
