"""The API's description as OpenAPI 3.1: what ninja knows, and what it can't say by itself.

It is the same for everybody and on every site, and holds nothing of this one: who has no token yet
may read it, as programs that make clients of it do.
"""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from chat.api.application import api
from chat.api.bodies import JSON
from chat.api.callers import Request
from chat.api.events import EVENT_STREAM
from chat.problems import CONTENT_TYPE

PREFIX = "/api/v1/"
Tree = dict[str, Any]
_INTEGER = {"schema": {"type": "integer"}}
_RATE = {
    "RateLimit-Limit": {"description": "So many in a window."} | _INTEGER,
    "RateLimit-Remaining": {"description": "What is left of them."} | _INTEGER,
    "RateLimit-Reset": {"description": "Seconds until the window ends."} | _INTEGER,
}
_HEADERS: dict[str, Tree] = {
    "201": {"Location": {"description": "Its address.", "schema": {"type": "string"}}},
    "401": {"WWW-Authenticate": {"schema": {"type": "string"}}},
    "429": {"Retry-After": {"description": "Seconds."} | _INTEGER} | _RATE,
}
_SPENDING = ("POST", "PATCH", "DELETE")
_DESCRIPTION = """\
Chat for programs: the same rooms, people and rules as the pages.

Send `Authorization: Bearer <token>`; a page of this site may use its session instead, and then
needs its token in `X-CSRFToken` for whatever changes something. What goes wrong is told as problem
details (RFC 9457). What may come to an answer later is added, never renamed.
"""


@require_safe
def openapi(_request: Request) -> HttpResponse:
    return HttpResponse(text(), JSON)


@lru_cache
def text() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1)


@lru_cache
def document() -> Tree:
    found: Tree = json.loads(json.dumps(api.get_openapi_schema(path_prefix=PREFIX)))
    found["info"] = {
        "title": "Natterjack",
        "version": "1",
        "description": _DESCRIPTION,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    found["servers"] = [{"url": settings.SITE_URL or "/"}]
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of yours."},
        "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
    }
    for operations in found["paths"].values():
        operations.pop("head", None)  # as GET
        for method, operation in operations.items():
            _complete(operation, method.upper())
    return found


def _complete(operation: Tree, method: str) -> None:
    scope = operation.pop("x-scope")
    operation["security"] = [{"token": [scope]}, {"session": []}]
    first, _, rest = operation.get("description", "").partition("\n")
    operation["description"] = " ".join(rest.split() or [first])
    responses = operation["responses"]
    problem = responses["400"]["content"].pop(JSON)
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = {CONTENT_TYPE: problem}
        headers = _HEADERS.get(status, {})
        if int(status) < 300 and method in _SPENDING:
            headers = headers | _RATE
        if headers:
            response["headers"] = headers
    responses["default"] = {"description": "Any other problem", "content": {CONTENT_TYPE: problem}}
    if operation["operationId"] == "listEvents":
        stream = {
            "schema": {"type": "string"},
            "example": "id: 41\nevent: message.posted\ndata: {…}",
        }
        responses["200"]["content"][EVENT_STREAM] = stream
