"""What is stored."""

from chat.models.hooks import IncomingHook
from chat.models.mentions import Following, Mention
from chat.models.messages import Event, EventKind, Message, Reaction
from chat.models.outgoing import Delivery, DeliveryState, OutgoingHook
from chat.models.people import ApiToken, Invitation, Person, Role, Scope, is_quiet
from chat.models.rooms import Level, Membership, Room, RoomKind
from chat.models.sessions import Session
from chat.models.site import Site
from chat.models.versions import MessageVersion

__all__ = [
    "ApiToken",
    "Delivery",
    "DeliveryState",
    "Event",
    "EventKind",
    "Following",
    "IncomingHook",
    "Invitation",
    "Level",
    "Membership",
    "Mention",
    "Message",
    "MessageVersion",
    "OutgoingHook",
    "Person",
    "Reaction",
    "Role",
    "Room",
    "RoomKind",
    "Scope",
    "Session",
    "Site",
    "is_quiet",
]
