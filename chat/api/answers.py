"""How views answer, what they count, and how they use the pages' forms."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse

from chat import limits
from chat.api.bodies import JSON
from chat.api.callers import Request
from chat.forms import first_error
from chat.payloads import Payload
from chat.problems import BadFields

MAX_PAGE = 100
PAGE = 50


def answer(request: Request, payload: Payload, status: int = 200, **headers: str) -> HttpResponse:
    """The payload as JSON; `headers` are named as arguments are, `Location`."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return _with_rate(request, HttpResponse(text, JSON, status, headers=headers))


def nothing(request: Request) -> HttpResponse:
    """It is done, and there is nothing to say about it."""
    return _with_rate(request, HttpResponse(status=204))


def spend(request: Request, deed: str) -> None:
    """Counts it for the person, as pages and sockets do. Raises TooMany."""
    request.spent = limits.spend(settings.LIMIT_POSTS, deed, request.person.pk)


def checked(form: forms.BaseForm) -> dict[str, Any]:
    """What a form makes of what was sent. Raises BadFields."""
    if not form.is_valid():
        assert first_error(form)
        raise BadFields({name: [str(e) for e in found] for name, found in form.errors.items()})
    return form.cleaned_data


def _with_rate(request: Request, response: HttpResponse) -> HttpResponse:
    """What is left, in the fields that most programs know (an early draft of RateLimit)."""
    if spent := request.spent:
        fields: Mapping[str, int] = {
            "RateLimit-Limit": spent.limit,
            "RateLimit-Remaining": spent.remaining,
            "RateLimit-Reset": spent.reset_seconds,
        }
        for name, value in fields.items():
            response[name] = str(value)
    return response
