"""Who may call a view at all."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from chat import hub
from chat.errors import Refused
from chat.models import Person
from chat.permissions import can_administer_site
from chat.views import errors
from chat.views.answers import Request

_P = ParamSpec("_P")
PersonView = Callable[Concatenate[Request, Person, _P], HttpResponseBase]
View = Callable[..., HttpResponseBase]


def for_pages(view: PersonView[_P]) -> View:
    """As `for_people`, for what pages ask for by themselves: that is no deed of anybody's."""

    @wraps(view)
    def wrapped(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, Person):
            return view(request, request.user, *args, **kwargs)
        if request.htmx or request.method == "POST":
            return errors.signed_out(request)
        return redirect_to_login(request.get_full_path())

    return wrapped


def for_people(view: PersonView[_P]) -> View:
    """Calls the view with the signed-in person; others are sent to sign in, their text kept."""

    @wraps(view)
    @for_pages
    def wrapped(request: Request, person: Person, *args: Any, **kwargs: Any) -> HttpResponseBase:
        hub.note(person.pk)
        return view(request, person, *args, **kwargs)

    return wrapped


def for_administrators(view: PersonView[_P]) -> View:
    @wraps(view)
    @for_people
    def wrapped(request: Request, person: Person, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not can_administer_site(person):
            raise Refused(_("This page is for administrators."))
        return view(request, person, *args, **kwargs)

    return wrapped
