"""The API: its parts, and how what went wrong is told."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from chat.api import events, members, messages, people, reading, rooms
from chat.api.bodies import ObjectParser
from chat.errors import Refused, WrongScope
from chat.problems import BadFields, problem, refused

api = NinjaAPI(
    title="Natterjack",
    version="1",
    description="Chat for programs: the same rooms, people and rules as the pages.",
    urls_namespace="api-v1",
    parser=ObjectParser(),
    docs_url=None,
    openapi_url=None,
)
for part in (people, rooms, members, messages, events, reading):
    api.add_router("", part.router)


@api.exception_handler(Refused)
def on_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    response = refused(error)
    if error.status == 401 and "Authorization" in request.headers:
        response["WWW-Authenticate"] += ', error="invalid_token"'
    if isinstance(error, WrongScope):
        lacking = f'error="insufficient_scope", scope="{error.scope}"'
        response["WWW-Authenticate"] = f'Bearer realm="api", {lacking}'
    return response


@api.exception_handler(Http404)
def on_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, _("There is nothing here, or it is not for you."))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    # What the parser refuses comes wrapped in one of these.
    if isinstance(error.__cause__, Refused):
        return on_refused(request, error.__cause__)
    return problem(error.status_code, error.message)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What came is of another type than it should be; nothing of it is told back."""
    errors: dict[str, list[str]] = {}
    for each in error.errors:
        source, *path = each["loc"]
        names = path[1:] if source == "body" else path
        name = ".".join(map(str, names)) or str(source)
        errors.setdefault(name, []).append(f"{each['msg']}.")
    return refused(BadFields(errors))
