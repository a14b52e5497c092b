"""Where an action's result shows: 303 to the page, or for htmx the page to go to."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from chat.context import is_plain


def go(request: HttpRequest, name: str, *args: Any) -> str:
    """The address of a page; a plain page leads to plain pages."""
    return reverse(name, args=args) + ("?plain=1" if is_plain(request) else "")


def done(request: HttpRequest, url: str) -> HttpResponse:
    """303: a reload of what follows repeats nothing."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return HttpResponse(status=303, headers={"Location": url})
