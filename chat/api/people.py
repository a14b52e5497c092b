"""Oneself, and everybody whom one may know of."""

from typing import Annotated

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router

from chat import fragments, payloads
from chat.api import schemas
from chat.api.answers import MAX_PAGE, PAGE, answer
from chat.api.callers import Request
from chat.api.operations import operation
from chat.models import Person, Scope, Site
from chat.payloads import Payload
from chat.views.people import ever_known_to, known_to

router = Router(tags=["People"])
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="The id of the last one before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many.")]
Words = Annotated[str, Query(max_length=80, description="A part of the name.")]


@operation(router, "GET", "me", scope=Scope.READ, response=schemas.Me)
def get_me(request: Request) -> HttpResponse:
    """Who you are here, and what your token is for."""
    person = request.person
    own = {
        "language": person.language,
        "time_zone": person.time_zone,
        "scopes": sorted(scope for scope in Scope if request.caller.may(scope)),
        "site": {"name": Site.load().name},
        "epoch": fragments.epoch(),
    }
    return answer(request, profile(person) | own)


@operation(router, "GET", "people", scope=Scope.READ, response=schemas.People)
def list_people(
    request: Request, q: Words = "", after: After = 0, limit: Limit = PAGE
) -> HttpResponse:
    """The people of this site.

    Guests see those in their rooms. In the order in which they came.
    """
    found = known_to(request.person).filter(pk__gt=after)
    if q:
        found = found.filter(name__icontains=q) | found.filter(username__icontains=q)
    listed = list(found.order_by("pk")[: limit + 1])
    people = [profile(each) for each in listed[:limit]]
    return answer(request, {"people": people, "has_more": len(listed) > limit})


@operation(router, "GET", "people/{str:username}", scope=Scope.READ, response=schemas.Profile)
def get_person(request: Request, username: str) -> HttpResponse:
    """One of them.

    Who is gone is still known, and not active.
    """
    return answer(
        request, profile(get_object_or_404(ever_known_to(request.person), username=username))
    )


def profile(person: Person) -> Payload:
    return payloads.person(person) | {"role": person.role, "is_active": person.is_active}
