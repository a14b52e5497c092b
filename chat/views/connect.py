"""How a program takes part in a room: lines to copy, for this room of this site."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from chat.models import Person
from chat.permissions import can_change_room, is_member
from chat.views.answers import Request
from chat.views.decorators import for_people
from chat.views.rooms import find
from chat.views.site import absolute


@require_GET
@for_people
def connect(request: Request, person: Person, slug: str) -> HttpResponse:
    room = find(person, slug)
    address = absolute(request, f"/ws/chat/{room.slug}/")
    context = {
        "room": room,
        "label": room.label_for(person),
        "can_change": can_change_room(person, room),
        "is_member": is_member(person, room),
        "socket": f"ws{address.removeprefix('http')}",
        "api": absolute(request, f"/api/v1/rooms/{room.slug}/"),
        "home": absolute(request, reverse("home")),
    }
    return render(request, "chat/connect.html", context)
