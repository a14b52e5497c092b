"""What a verb holds while it judges and writes."""

from django.utils.translation import gettext as _

from chat import events
from chat.errors import Refused, SignedOut
from chat.hub import Caller, standing
from chat.models import Person, Room


def locked(room_id: int, actor: Person, caller: Caller | None = None) -> tuple[Room, Person]:
    """Both as they are now, and as they stay until the transaction ends.

    Whoever was switched off, or has become a guest, since their request came in does nothing more.
    Nor does whoever was signed out of what they came in with (`caller`): that raises SignedOut.
    The room first: rooms before people is everybody's order.
    """
    room = events.lock(room_id)
    if caller is not None and standing.signed_out({caller}):
        raise SignedOut(_("You have been signed out."))
    row = Person.objects.select_for_update(no_key=True).filter(pk=actor.pk, is_active=True)
    if (now := row.first()) is None:
        raise Refused(_("Your account has been switched off."))
    return room, now
