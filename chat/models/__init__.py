"""What is stored."""

from chat.models.messages import Event, EventKind, Message
from chat.models.people import ApiToken, Invitation, Person, Role
from chat.models.rooms import Membership, Room, RoomKind
from chat.models.sessions import Session
from chat.models.site import Site

__all__ = [
    "ApiToken",
    "Event",
    "EventKind",
    "Invitation",
    "Membership",
    "Message",
    "Person",
    "Role",
    "Room",
    "RoomKind",
    "Session",
    "Site",
]
