"""Who is in a room."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from chat import permissions
from chat.actions import rooms as verbs
from chat.api import schemas
from chat.api.answers import PAGE, answer, checked, nothing, spend
from chat.api.callers import Request
from chat.api.operations import operation
from chat.api.people import After, Limit, profile
from chat.api.rooms import ROOM
from chat.forms import PeopleForm
from chat.models import Person, Scope
from chat.views.rooms import find

router = Router(tags=["Members"])
MEMBERS = f"{ROOM}members/"


class NewMembers(Schema):
    people: list[str] = Field(max_length=100, description="Usernames.", examples=[["bob"]])


@operation(router, "GET", MEMBERS, scope=Scope.READ, response=schemas.Members)
def list_members(
    request: Request, slug: str, after: After = 0, limit: Limit = PAGE
) -> HttpResponse:
    """The people in a room."""
    found = find(request.person, slug).members.filter(pk__gt=after).order_by("pk")
    listed = list(found[: limit + 1])
    members = [profile(each) for each in listed[:limit]]
    return answer(request, {"members": members, "has_more": len(listed) > limit})


@operation(router, "POST", MEMBERS, scope=Scope.MANAGE, status=204)
def add_members(request: Request, slug: str, data: NewMembers) -> HttpResponse:
    """Puts people into a room.

    Who is already in it stays.
    """
    spend(request, "manage")
    room = find(request.person, slug)
    people: list[Person] = []
    if permissions.can_invite_into(request.person, room):
        # Who may let nobody in is not told either which names there are.
        everybody = Person.objects.filter(is_active=True)
        people = list(checked(PeopleForm({"people": data.people}, queryset=everybody))["people"])
    verbs.invite_into_room(inviter=request.person, room=room, people=people)
    return nothing(request)


@operation(router, "DELETE", f"{MEMBERS}{{str:username}}/", scope=Scope.MANAGE)
def remove_member(request: Request, slug: str, username: str) -> HttpResponse:
    """Takes somebody out of a room."""
    spend(request, "manage")
    room = find(request.person, slug)
    member = get_object_or_404(room.members, username=username)
    verbs.remove_from_room(remover=request.person, room=room, person=member)
    return nothing(request)
