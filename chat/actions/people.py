"""People come in, change and go."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import events
from chat.actions.rooms import enter_first_rooms, enter_lobby, take_out_of_room
from chat.errors import Invalid, Refused
from chat.models import ApiToken, Invitation, Person, Role, Room, Scope, Site
from chat.permissions import (
    can_administer_site,
    can_change_role,
    can_manage_tokens,
)

MAX_TOKENS = 100


def claim_site(*, key: str, site_name: str, username: str, name: str, password: str) -> Person:
    """The owner of a site that nobody had claimed: names it, makes the lobby.

    Raises Refused when the key is not the set-up link's or somebody was quicker.
    """
    owner = _newcomer(username=username, name=name, password=password, role=Role.OWNER)
    with transaction.atomic():
        Site.load()
        # The row's lock makes the second of two claims at once see the first one's owner.
        site = Site.objects.select_for_update().get(id=1)
        if not site.opens_setup(key):
            raise Refused(_("This site is already set up."))
        site.name = site_name
        site.save(update_fields=["name"])
        store_person(owner)
        Room.objects.get_or_create(
            is_lobby=True, defaults={"slug": "general", "name": "general", "created_by": owner}
        )
        enter_lobby(person=owner)
    return owner


def join_site(*, invitation: Invitation, username: str, name: str, password: str) -> Person:
    """A new person, in the lobby and in the rooms that the invitation names.

    Raises Refused when the invitation is used up, over or revoked, Invalid when the username
    is taken or looks like one that is.
    """
    person = _newcomer(username=username, name=name, password=password, role=invitation.role)
    with transaction.atomic():
        _use_up(invitation)
        store_person(person)
        enter_first_rooms(
            person=person, rooms=invitation.rooms.all(), inviter=invitation.created_by
        )
    return person


def make_bot(*, creator: Person, username: str, name: str) -> Person:
    """A program's own account, in the lobby. It has no password and comes with a token alone.

    Raises Refused for who does not administer the site, Invalid when the username is taken or
    looks like one that is.
    """
    if not can_administer_site(creator):
        raise Refused(_("Only administrators can make bots."))
    bot = new_bot(username=username, name=name)
    with transaction.atomic():
        store_person(bot)
        enter_first_rooms(person=bot, rooms=Room.objects.none(), inviter=creator)
    return bot


def create_invitation(
    *, inviter: Person | None, role: str, uses: int, expires_at: datetime, rooms: list[Room]
) -> Invitation:
    """A join link. `inviter` None: made on the command line, by whoever runs the server."""
    if inviter is not None and not can_administer_site(inviter):
        raise Refused(_("Only administrators can invite people to this site."))
    with transaction.atomic():
        invitation = Invitation.objects.create(
            created_by=inviter, role=role, uses=uses, expires_at=expires_at
        )
        invitation.rooms.set(rooms)
    return invitation


def revoke_invitation(*, revoker: Person, invitation: Invitation) -> None:
    if not can_administer_site(revoker):
        raise Refused(_("Only administrators can revoke invitations."))
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())


def change_site(*, editor: Person, **values: object) -> None:
    """`values` are the site's own: name, welcome, edit_minutes, has_presence, has_typing. What is
    not named stays as it is."""
    if not can_administer_site(editor):
        raise Refused(_("Only administrators can change the site."))
    Site.objects.filter(id=1).update(**values)


def change_person(*, editor: Person, person: Person, role: str, is_active: bool) -> None:
    """Changes a role, or lets somebody in or out of the site. Nobody does it to themselves."""
    with transaction.atomic():
        # Rooms before people, as whoever posts: else the two could wait for each other.
        events.lock(Room.objects.lobby().pk)
        editor, person = _locked(editor, person)
        if not can_change_role(editor, person):
            raise Refused(_("You can't change this person."))
        if person.is_bot != (role == Role.BOT):
            raise Refused(_("A bot stays a bot, and nobody else becomes one."))
        if role == Role.OWNER and editor.role != Role.OWNER:
            raise Refused(_("Only an owner can make another one."))
        person.role, person.is_active = role, is_active
        if not person.is_guest:
            enter_lobby(person=person)
        person.save(update_fields=["role", "is_active"])
        events.withdraw()


def set_password(*, person: Person, password: str, session: SessionBase | None = None) -> None:
    """Signs this person out everywhere but in `session`, in which they have set it themselves."""
    person.set_password(password)  # before the transaction: it takes a while
    with transaction.atomic():
        if session is not None:
            # Now and not with the answer: until then it would be one that doesn't know it. And
            # first: who signs out of it locks it before the count of revocations, too.
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.save()
        person.save(update_fields=["password"])
        events.withdraw()


def check_may_reset(actor: Person, person: Person) -> None:
    """Raises Refused unless `actor` may make this person a link for a new password."""
    if person.is_bot or not can_change_role(actor, person):
        raise Refused(_("You can't make a link for this person."))


def create_token(
    *,
    person: Person,
    label: str,
    scopes: Iterable[str] = tuple(Scope),
    expires_at: datetime | None = None,
    creator: Person | None = None,
) -> str:
    """The token itself, which is stored nowhere: this is the only moment to see it.

    It lets a program in as `person`, until `expires_at`. `creator` None: made on the command line,
    by whoever runs the server. Raises Invalid without a scope, Refused for somebody else's
    and for a webhook's bot.
    """
    chosen = " ".join(scope for scope in Scope if scope in set(scopes))
    if not chosen:
        raise Invalid(_("Choose at least one thing that the token is for."))
    if creator is not None and not can_manage_tokens(creator, person):
        raise Refused(_("You can't make a token for this person."))
    if ApiToken.objects.filter(person=person, revoked_at=None).count() >= MAX_TOKENS:
        raise Refused(_("There are too many tokens already. Please revoke some of them first."))
    token = f"nj_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        person=person,
        label=label,
        digest=ApiToken.hash(token),
        scopes=chosen,
        expires_at=expires_at,
    )
    return token


def revoke_token(*, person: Person, token: ApiToken) -> None:
    """`person` ends one of their own tokens, or of a bot's; a second call changes nothing."""
    if not can_manage_tokens(person, token.person):
        raise Refused(_("You can't revoke this token."))
    with transaction.atomic():
        held = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
        if held.update(revoked_at=timezone.now()):
            events.withdraw()


def new_bot(*, username: str, name: str) -> Person:
    """Not stored yet; signs in by no password."""
    bot = Person(username=username, name=name, role=Role.BOT)
    bot.set_unusable_password()
    return bot


def store_person(person: Person) -> None:
    """Raises Invalid when the username is taken or looks like one that is."""
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise Invalid(_("This username is taken, or looks like one that is.")) from None


def lock_with_bot(room_id: int, actor: Person, bot: Person) -> None:
    """For verbs that end a webhook, first of all: the room, and both in everybody's order."""
    events.lock(room_id)
    _locked(actor, bot)


def retire_bot(*, room: Room, bot: Person, actor: Person) -> None:
    """Behind `lock_with_bot`: it leaves the room and does nothing more; what it said stays."""
    bot.is_active = False
    bot.save(update_fields=["is_active"])
    take_out_of_room(room=room, person=bot, actor=actor)
    events.withdraw()


def _use_up(invitation: Invitation) -> None:
    # The row first: of two last uses at once, the second then sees what the first has counted.
    Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not Invitation.objects.usable().filter(pk=invitation.pk).update(used=F("used") + 1):
        raise Refused(_("This invitation can't be used any more. Please ask for a new one."))


def _locked(editor: Person, person: Person) -> tuple[Person, Person]:
    """Both as they are now, and as they stay until the transaction ends.

    Two owners who demote each other at the same moment would otherwise leave none. No key is
    changed: on PostgreSQL whoever writes what refers to them checks that at their commit, when
    they hold the count of revocations, for which this one is about to wait.
    """
    both = Person.objects.filter(pk__in=[editor.pk, person.pk]).order_by("pk")
    rows = {row.pk: row for row in both.select_for_update(no_key=True)}
    return rows[editor.pk], rows[person.pk]


def _newcomer(*, username: str, name: str, password: str, role: str) -> Person:
    """Somebody not stored yet. Hashing takes a while and keeps no lock waiting."""
    person = Person(username=username, name=name, role=role)
    person.set_password(password)
    return person
