"""For browsers and machines rather than people."""

import logging

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from chat import limits
from chat.models import Person
from chat.viewer import LINES_MODES, stylesheet
from chat.views.answers import Request
from chat.views.decorators import for_people
from project.environment import Rate

logger = logging.getLogger(__name__)

_MAX_REPORT_BYTES = 4096
# Anybody can send one, so what one address can make us write is bounded.
_REPORTS = Rate(count=30, seconds=60)


@require_GET
@for_people  # outside of the caching: who is signed out is sent to sign in now, not for a year
@cache_control(private=True, max_age=31536000, immutable=True)
def me_css(request: Request, person: Person) -> HttpResponse:
    """The viewer's own style rules; the address names their digest, so they never change."""
    mode = request.GET.get("lines")
    text = stylesheet(person, mode if mode in LINES_MODES else "one")
    return HttpResponse(text, "text/css; charset=utf-8")


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Where browsers report what our content policy stopped: one line in the log."""
    limits.spend(_REPORTS, "report", limits.address_of(request))
    text = request.read(_MAX_REPORT_BYTES).decode("utf-8", "replace")
    logger.warning("Content policy: %s", " ".join(text.split()).encode("unicode_escape").decode())
    return HttpResponse(status=204)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", "text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers too; 503 when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return HttpResponse("no database\n", "text/plain", status=503)
    return HttpResponse("ok\n", "text/plain")
