"""One operation of the API: its address, what it takes, and all that the document says of it."""

import inspect
from collections.abc import Callable
from typing import Any

from ninja import Router

from chat.api.callers import needing
from chat.api.schemas import Problem
from chat.models import Scope

View = Callable[..., Any]
READING = (400, 401, 403, 404, 422, 429)
WRITING = (*READING, 409, 413, 415)
# What a success is called by the method, where the view does not say.
_STATUS = {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    scope: Scope,
    response: Any = None,
    status: int = 0,
    may_be_silent: bool = False,
    **extra: Any,
) -> Callable[[View], View]:
    """Registers a view. The first sentence of its docstring is the operation's summary.

    `scope` is what a token has to be for; where `may_be_silent`, one that is for no more is told
    nothing, with 204. `extra` is put into the document.
    """
    methods = ["GET", "HEAD"] if method == "GET" else [method]
    problems = dict.fromkeys(READING if method == "GET" else WRITING, Problem)
    silence = {204: None} if may_be_silent else {}

    def register(view: View) -> View:
        summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n")
        name = "".join(word.capitalize() for word in view.__name__.split("_"))
        register_one = router.api_operation(
            methods,
            path,
            auth=needing(scope),
            response={(status or _STATUS[method]): response, **silence, **problems},
            operation_id=name[0].lower() + name[1:],
            summary=summary.rstrip("."),
            description=" ".join(rest.split()) or None,
            openapi_extra={"x-scope": scope.value, **extra},
        )
        return register_one(view)

    return register
