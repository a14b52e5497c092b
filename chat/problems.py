"""What went wrong, for programs: problem details as RFC 9457 says, under `/api/`
and at the addresses of incoming webhooks.

`code` is the word that sockets use for the same (docs/api.md); `errors` are sentences by field.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from chat.errors import Invalid, Refused, TooMany

API = "/api/"
HOOKS = "/hooks/"
CONTENT_TYPE = "application/problem+json"
CODES = {
    400: "bad_request",
    401: "signed_out",
    403: "forbidden",
    404: "not_found",
    405: "not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported",
    422: "invalid",
    429: "too_many",
    500: "broken",
    503: "unavailable",
}


class BadFields(Invalid):
    """What was sent can't be used; `errors` are sentences by the field that they are about."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        listed = {name: [str(each) for each in found] for name, found in errors.items()}
        super().__init__(next((found[0] for found in listed.values() if found), ""))
        self.errors = listed


def is_for_programs(request: HttpRequest) -> bool:
    """Whether who asks reads JSON and no pages; the API's own description is a page."""
    path = request.path
    return path.startswith((API, HOOKS)) and not path.startswith(f"{API}docs/")


def problem(
    status: int,
    detail: object,
    *,
    code: str = "",
    errors: Mapping[str, list[str]] | None = None,
) -> HttpResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code or CODES.get(status, "bad_request"),
    }
    if errors:
        body["errors"] = errors
    # In ASCII: what is told back may hold half a character.
    response = HttpResponse(json.dumps(body), CONTENT_TYPE, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def refused(error: Refused) -> HttpResponse:
    """The same for what a verb, a form or a limit has refused."""
    errors = error.errors if isinstance(error, BadFields) else None
    response = problem(error.status, error.sentence, code=error.code, errors=errors)
    if isinstance(error, TooMany):
        response["Retry-After"] = response["RateLimit-Reset"] = str(error.retry_after)
        if error.limit:
            response["RateLimit-Limit"], response["RateLimit-Remaining"] = str(error.limit), "0"
    return response
