"""What every page's frame needs. Lazy: a fragment that shows none of it asks no database."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from chat.models import Person, Site
from chat.sidebar import Line, lines_for
from chat.viewer import lines_mode, stylesheet_digest


def shell(request: HttpRequest) -> dict[str, Any]:
    lines = SimpleLazyObject(lambda: _lines(request))
    return {
        "site": SimpleLazyObject(Site.load),
        "lines": lines,
        "unread": SimpleLazyObject(lambda: sum(line.calls for line in lines)),
        "in_inbox": SimpleLazyObject(lambda: sum(line.in_inbox for line in lines)),
        "plain": is_plain(request),
        "lines_mode": SimpleLazyObject(lambda: lines_mode(request)),
        "me_digest": SimpleLazyObject(lambda: stylesheet_digest(request.user)),
    }


def is_plain(request: HttpRequest) -> bool:
    """Whether this browser is to get the page of one without JavaScript."""
    return "1" in {request.GET.get("plain"), request.POST.get("plain")}


def _lines(request: HttpRequest) -> list[Line]:
    person = request.user
    return lines_for([person.pk])[person.pk] if isinstance(person, Person) else []
