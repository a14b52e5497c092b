"""What holds for every answer: headers, compression, the viewer's language, refusals.

All of it is synchronous: project.handlers runs the whole chain in one thread.
"""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.sessions import middleware as stock
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.database import in_passing
from chat.errors import Refused
from chat.headers import PAGE_HEADERS
from chat.models import Person
from chat.problems import CONTENT_TYPE, is_for_programs, problem
from chat.views import errors

# Long enough for a busy site's commits to pass.
NOTING_MS = 1000
DETAILS = {405: gettext_noop("This address does not take this method.")}
UNKNOWN = gettext_noop("This request can't be understood.")
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class HeadersMiddleware:
    """chat.headers on every answer; a page is never stored."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class ProblemsMiddleware:
    """What Django itself answers to programs, of a wrong method for instance, as a problem."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not is_for_programs(request):
            return response
        if response.headers.get("Content-Type") == CONTENT_TYPE:
            return response
        told = problem(response.status_code, _(DETAILS.get(response.status_code, UNKNOWN)))
        if "Allow" in response.headers:
            told["Allow"] = response.headers["Allow"]
        return told


class CompressionMiddleware(GZipMiddleware):
    """gzip for pages. Never for a stream: each chunk would become a gzip member of its own."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming:
            return response
        return super().process_response(request, response)


class CookieMiddleware:
    """A session's key is of letters and digits; a cookie of anything else is none.

    A cookie can hold a NUL, written `\\000`, and PostgreSQL can't even look for one: 500.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = settings.SESSION_COOKIE_NAME
        if not re.fullmatch(r"[A-Za-z0-9]*", request.COOKIES.get(name, "")):
            del request.COOKIES[name]
        return self.get_response(request)


class SessionMiddleware(stock.SessionMiddleware):
    """What looking at a page changes in a session is stored soon or not at all.

    That is a first visitor's token, or that a notice has been seen; whoever sends a form without
    its token gets another one. Reading goes on while nothing can be written.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.method == "POST" or not request.session.modified:
            return super().process_response(request, response)
        with in_passing(NOTING_MS):
            super().process_response(request, response)
        return response


class PreferencesMiddleware:
    """The viewer's language and time zone; and a refusal becomes a page with what was typed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, Person):
            translation.activate(request.user.language)
            timezone.activate(ZoneInfo(request.user.time_zone))
        else:
            timezone.deactivate()
        if _names_nothing(request):
            raise Http404
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return errors.refused(request, error) if isinstance(error, Refused) else None


def _names_nothing(request: HttpRequest) -> bool:
    """Whether the address holds a NUL: no name does, and PostgreSQL can't even look for one."""
    return any("\x00" in text for text in (request.path, *request.GET.values()))
