"""What is stored."""

from chat.models.mentions import Following, Mention
from chat.models.messages import Event, EventKind, Message
from chat.models.people import ApiToken, Invitation, Person, Role
from chat.models.reactions import MessageVersion, Reaction
from chat.models.rooms import Level, Membership, Room, RoomKind
from chat.models.sessions import Session
from chat.models.site import Site

__all__ = [
    "ApiToken",
    "Event",
    "EventKind",
    "Following",
    "Invitation",
    "Level",
    "Membership",
    "Mention",
    "Message",
    "MessageVersion",
    "Person",
    "Reaction",
    "Role",
    "Room",
    "RoomKind",
    "Session",
    "Site",
]
