"""What went wrong, in a sentence where it went wrong, with every typed character kept.

To htmx the sentence goes beside the box that sent it, and the box itself is never touched.
Without htmx it is a page that holds the text, in a form that can be sent again.
"""

import logging
import re
import secrets
import sys
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.actions.changes import Outdated
from chat.database import is_outage
from chat.errors import Refused
from chat.mentions import Unconfirmed
from chat.problems import is_for_programs, problem

logger = logging.getLogger(__name__)

# What Django says of a body that it can't read, or won't.
UNREADABLE = (BadRequest, MultiPartParserError, OSError, SuspiciousOperation)
# Where one types: a composer, in the room or in a thread, or what is open at a message.
_BOX = re.compile(r"box-(thread-)?[0-9]{1,2}|(thread-)?slot-[0-9]{1,19}", re.ASCII)
# A database is back in seconds, or nobody knows when.
RETRY_SECONDS = 5
_AWAY = "The database does not answer. Nobody knows whether this is stored: send it once more."
_BROKEN = "Something is broken here. It has been written down for whoever runs this server."


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    asks: dict[str, Any] = {
        "asks_to_confirm": isinstance(error, Unconfirmed),
        "newer": error.message if isinstance(error, Outdated) else None,
    }
    response = sentence(request, error.status, str(error.sentence), **asks)
    if retry_after := getattr(error, "retry_after", None):
        response["Retry-After"] = str(retry_after)
    return response


def sentence(
    request: HttpRequest,
    status: int,
    text: str,
    *,
    sign_in: bool = False,
    **asks: Any,
) -> HttpResponse:
    """One sentence as an answer: a fragment for htmx, else a page that keeps what was typed.

    `asks` is what the sentence asks back, as the templates of refusals name it.
    """
    if is_for_programs(request):
        return problem(status, text)
    context: dict[str, Any] = {"status": status, "sentence": text, "sign_in": sign_in, **asks}
    if getattr(request, "htmx", False):
        return _beside_the_box(request, context)
    context |= {"action": "/" + request.path.lstrip("/"), "body": "", "kept": {}}
    if request.method == "POST":
        kept = _typed(request, besides={"version"} if asks.get("newer") else set())
        context |= {"body": request.POST.get("body", ""), "kept": kept}
    return render(request, "chat/refused.html", context, status=status)


def signed_out(request: HttpRequest) -> HttpResponse:
    return sentence(
        request, 401, _("You have been signed out. What you typed is still here."), sign_in=True
    )


def stale_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW. An old page is no attack: it gets a fresh token with the answer."""
    if is_for_programs(request):
        return problem(403, reason)
    if not request.user.is_authenticated and request.path != reverse("account_login"):
        return signed_out(request)
    return sentence(request, 403, _("This page was too old. Please send it again."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return problem(404, _("There is nothing here, or it is not for you."))
    try:
        request.POST  # noqa: B018 - at an address that there isn't, nobody has read it before
    except UNREADABLE as error:
        return bad_request(request, error)
    return sentence(request, 404, _("There is no such page, or it is not for you."))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        request.POST = QueryDict()  # else whoever asks for it meets the same exception again
        return sentence(request, 413, _("This is too large to be sent."))
    if is_for_programs(request):
        return problem(400, _("This request can't be understood."))
    # The request may be too damaged for a page of ours, its host header for instance.
    return HttpResponse("This request can't be understood.\n", "text/plain", status=400)


def broken(request: HttpRequest) -> HttpResponse:
    """handler500. Nothing here asks the database, which may be what is broken.

    503 when it is: it does not answer, is locked, full or read-only. Whether what was sent is
    stored nobody knows then; sent again with its nonce, it is stored once.
    """
    is_ours = is_outage(sys.exc_info()[1])
    if is_for_programs(request):
        response = problem(503, _AWAY) if is_ours else problem(500, _BROKEN)
    elif not is_ours:
        return render(None, "500.html", status=500)
    else:
        response = render(None, "503.html", {"body": _body(request)}, status=503)
    if is_ours:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _body(request: HttpRequest) -> str:
    """The message that was sent; nothing can have read it yet when the database was missed."""
    try:
        return request.POST.get("body", "")
    except UNREADABLE:
        return ""


def _typed(request: HttpRequest, besides: set[str]) -> list[tuple[str, str]]:
    """What was typed besides the message, to be sent again. No secrets: those are typed again."""
    others = {"csrfmiddlewaretoken", "body", "nonce", "plain", *besides}
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if "password" not in name and name not in others
        for value in values
    ]


def _beside_the_box(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    target = getattr(request, "htmx").target or ""  # noqa: B009
    place = target.removeprefix("box-") if _BOX.fullmatch(target) else ""
    context |= {"place": place, "token": get_token(request)}
    if context["status"] == 409:
        context["nonce"] = secrets.token_urlsafe(16)
    response = render(request, "chat/parts/answer.html", context, status=context["status"])
    # Where a form is open: whoever only wanted to open one is told above the page.
    is_beside = place and request.method == "POST"
    response["HX-Retarget"] = f"#answer-{place}" if is_beside else "#notice"
    response["HX-Reswap"] = "innerHTML"
    response["HX-Trigger"] = "answered"
    return response
