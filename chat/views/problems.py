"""What went wrong, for programs: RFC 9457."""

from http import HTTPStatus

from django.http import JsonResponse

from chat.errors import Refused

_CODES = {401: "signed_out", 403: "forbidden", 404: "not_found", 409: "conflict", 429: "too_many"}


def problem(status: int, detail: str, *, code: str = "") -> JsonResponse:
    """`code` is what programs may decide by; by itself it follows from the status."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code or _CODES.get(status, "invalid"),
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


def refused(error: Refused) -> JsonResponse:
    response = problem(error.status, str(error.sentence), code=getattr(error, "code", ""))
    if retry_after := getattr(error, "retry_after", None):
        response["Retry-After"] = str(retry_after)
    return response
