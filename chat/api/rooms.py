"""Rooms: list, make, look at, change, enter, leave."""

from collections.abc import Iterable
from typing import Annotated, Literal

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.urls import reverse
from ninja import Field, Query, Router, Schema

from chat import payloads
from chat.actions import rooms as verbs
from chat.api import schemas
from chat.api.answers import PAGE, answer, checked, nothing, spend
from chat.api.callers import Request
from chat.api.operations import operation
from chat.api.people import After, Limit, Words
from chat.forms import NewRoomForm, PeopleForm, RoomForm
from chat.models import Membership, Person, Room, Scope
from chat.payloads import Payload
from chat.views.people import known_to
from chat.views.rooms import find

router = Router(tags=["Rooms"])
ROOM = "rooms/{slug:slug}/"
Mine = Annotated[bool, Query(description="Only those that you are in.")]


class NewRoom(Schema):
    name: str = Field("", description="At most 80 characters.", examples=["Tadpoles"])
    purpose: str = Field("", description="In a sentence.", examples=["For small questions"])
    kind: Literal["public", "private", "direct"] = "public"
    people: list[str] = Field(
        [],
        max_length=100,
        description="Usernames: whom a direct conversation is with; for no other kind.",
    )


class RoomChange(Schema):
    """What is not named stays as it is."""

    name: str | None = Field(None, examples=["Tadpoles"])
    purpose: str | None = Field(None, examples=["For small questions"])
    kind: Literal["public", "private"] | None = None
    is_archived: bool | None = None


@operation(router, "GET", "rooms/", scope=Scope.READ, response=schemas.Rooms)
def list_rooms(
    request: Request, q: Words = "", mine: Mine = False, after: After = 0, limit: Limit = PAGE
) -> HttpResponse:
    """The rooms that you may read, direct conversations too.

    In the order in which they were made; archived ones among them.
    """
    found = Room.objects.visible_to(request.person).filter(pk__gt=after)
    if mine:
        found = found.filter(memberships__person=request.person)
    if q:
        found = found.filter(name__icontains=q) | found.filter(purpose__icontains=q)
    listed = list(found.order_by("pk")[: limit + 1])
    rooms = described(request.person, listed[:limit])
    return answer(request, {"rooms": rooms, "has_more": len(listed) > limit})


@operation(router, "POST", "rooms/", scope=Scope.MANAGE, response=schemas.Room)
def create_room(request: Request, data: NewRoom) -> HttpResponse:
    """Makes a room, with you in it.

    Of a direct conversation there is one for the same people: asked for again, it is that one.
    """
    spend(request, "manage")
    person = request.person
    if data.kind == "direct":
        others = known_to(person).exclude(pk=person.pk)
        chosen = checked(PeopleForm({"people": data.people}, queryset=others))["people"]
        room = verbs.open_direct_room(opener=person, others=chosen)
    else:
        room = verbs.create_room(creator=person, **checked(NewRoomForm(data.dict())))
    return answer(
        request, _one(person, room), 201, Location=reverse("api-v1:get_room", args=[room.slug])
    )


@operation(router, "GET", ROOM, scope=Scope.READ, response=schemas.Room)
def get_room(request: Request, slug: str) -> HttpResponse:
    """One room."""
    return answer(request, _one(request.person, find(request.person, slug)))


@operation(router, "PATCH", ROOM, scope=Scope.MANAGE, response=schemas.Room)
def change_room(request: Request, slug: str, data: RoomChange) -> HttpResponse:
    """Renames it, says what it is for, makes it private or public, archives it or takes it back.

    All of it, or nothing.
    """
    spend(request, "manage")
    room = find(request.person, slug)
    with transaction.atomic():
        _change(request.person, room, data)
    return answer(request, _one(request.person, find(request.person, slug)))


@operation(router, "POST", f"{ROOM}join/", scope=Scope.MANAGE, response=schemas.Room, status=200)
def join_room(request: Request, slug: str) -> HttpResponse:
    """Enters a public room.

    Twice is once.
    """
    spend(request, "manage")
    room = find(request.person, slug)
    verbs.join_room(person=request.person, room=room)
    return answer(request, _one(request.person, find(request.person, slug)))


@operation(router, "POST", f"{ROOM}leave/", scope=Scope.MANAGE, status=204)
def leave_room(request: Request, slug: str) -> HttpResponse:
    """Leaves a room."""
    spend(request, "manage")
    verbs.leave_room(person=request.person, room=find(request.person, slug))
    return nothing(request)


def _change(person: Person, room: Room, data: RoomChange) -> None:
    given = data.dict(exclude_unset=True, exclude_none=True)
    if given.keys() & {"name", "purpose"}:
        form = RoomForm({"name": room.name, "purpose": room.purpose} | given)
        verbs.change_room(editor=person, room=room, **checked(form))
    if "kind" in given:
        make = verbs.make_public if data.kind == "public" else verbs.make_private
        make(editor=person, room=room)
    if "is_archived" in given:
        archive = verbs.archive_room if data.is_archived else verbs.unarchive_room
        archive(archiver=person, room=room)


def _one(person: Person, room: Room) -> Payload:
    return described(person, [room])[0]


def described(person: Person, rooms: Iterable[Room]) -> list[Payload]:
    """Rooms as this person sees them; a direct one has no name but who is in it."""
    listed = list(rooms)
    own = Exists(Membership.objects.filter(room=OuterRef("pk"), person=person))
    mine = set(Room.objects.filter(own, pk__in=[r.pk for r in listed]).values_list("pk", flat=True))
    people: dict[int, list[Payload]] = {room.pk: [] for room in listed if room.is_direct}
    rows = Membership.objects.filter(room__in=people).select_related("person").order_by("person")
    for row in rows if people else ():
        people[row.room_id].append(payloads.person(row.person))
    return [
        payloads.room(room) | {"is_member": room.pk in mine, "people": people.get(room.pk)}
        for room in listed
    ]
