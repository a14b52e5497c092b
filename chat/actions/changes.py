"""Saying something else than before, taking it back, and saying a thing with one emoji."""

from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import emojis, events, hub, markup, mentions, search
from chat.actions import threads
from chat.actions.locks import locked
from chat.actions.posting import ARCHIVED
from chat.errors import Conflict, Invalid, Refused
from chat.hub import Caller
from chat.mentions import Resolved
from chat.models import EventKind, Message, MessageVersion, Person, Reaction, Room
from chat.permissions import can_delete, can_edit, can_react

# More would be a list to read, and no answer at a glance.
MAX_EMOJI = 20


class Outdated(Conflict):
    """An edit of what has been edited meanwhile. `message` is as it is now."""

    def __init__(self, message: Message) -> None:
        super().__init__(
            _(
                "This message was edited after you had opened it. What you typed is still here: "
                "send it again, and it replaces the newer text."
            )
        )
        self.message = message


def edit_message(
    *,
    editor: Person,
    message: Message,
    body: str,
    version: int | None = None,
    confirm: bool = False,
    caller: Caller | None = None,
) -> None:
    """It says something else from now on; what it said before stays to be looked at.

    The same text again changes nothing. `version` is the one that the editor began from, where
    that is known. Raises Refused for who may not, Conflict where it was deleted meanwhile,
    Outdated where it has another version by now, Unconfirmed where it would tell very many.
    `caller` is what the editor came in with, and has to hold when it is stored, as for the verbs
    below.
    """
    _check_may_edit(editor, message)  # before anybody is asked whether they mean it
    # Before anything is locked: it takes a while.
    names = mentions.resolve(
        body,
        slug=message.room.slug,
        author_id=message.author_id,
        is_confirmed=confirm,
        told=message.mentioned,
    )
    with transaction.atomic():
        message, editor = _locked(message, editor, caller)
        _check_may_edit(editor, message)
        if message.body == body:
            return
        if version not in (None, message.version):
            raise Outdated(message)
        _rewrite(message, editor, body, names)


def delete_message(*, deleter: Person, message: Message, caller: Caller | None = None) -> None:
    """A tombstone stays where it stood; what it said is gone, every version of it.

    Raises Refused for who may not. Twice is once.
    """
    with transaction.atomic():
        message, deleter = _locked(message, deleter, caller)
        if message.is_deleted:
            return
        if not can_delete(deleter, message):
            raise Refused(_("You can't delete this message, or not any more."))
        concerned: set[int | None] = {*message.mentions.values_list("person", flat=True)}
        _empty(message)
        if message.root is not None:
            count_replies(message.root)
            concerned |= {*message.root.followings.values_list("person", flat=True)}
        _tell(message.room, concerned)
        kind = EventKind.MESSAGE_DELETED
        events.append(message.room, kind, actor=deleter, message=message)


def toggle_reaction(
    *, person: Person, message: Message, emoji: str, caller: Caller | None = None
) -> None:
    """Says it with one emoji, or takes that back.

    Raises Invalid for what is no emoji, and for one more than MAX_EMOJI different ones; Refused
    for who may not.
    """
    if (known := emojis.qualified(emoji)) is None:
        raise Invalid(_("A reaction is one emoji. Choose one."))
    with transaction.atomic():
        message, person = _locked(message, person, caller)
        if message.is_deleted:
            raise Conflict(_("This message has been deleted meanwhile."))
        if not can_react(person, message):
            raise Refused(
                ARCHIVED if message.room.is_archived else _("Join the room to react in it.")
            )
        removed, _details = message.reactions.filter(person=person, emoji=known).delete()
        if not removed:
            _react(message, person, known)
        kind = EventKind.REACTION_REMOVED if removed else EventKind.REACTION_ADDED
        events.append(message.room, kind, actor=person, message=message, detail=known)


def _check_may_edit(editor: Person, message: Message) -> None:
    if message.is_deleted:
        raise Conflict(_("This message has been deleted meanwhile."))
    if not can_edit(editor, message):
        raise Refused(_("You can't edit this message, or not any more."))


def _tell(room: Room, concerned: set[int | None]) -> None:
    """Their sidebars count what names them, or what is new in threads; None is everybody here."""
    if None in concerned:
        concerned = {*room.memberships.values_list("person", flat=True)}
    people = tuple(key for key in concerned if key is not None)
    if people:
        transaction.on_commit(partial(hub.ring, hub.Ring(people=people)))


def count_replies(root: Message) -> None:
    """What the root of a thread tells of it, anew: its answers without the deleted ones."""
    replies = root.replies.filter(deleted_at=None)
    root.reply_count, root.last_reply = replies.count(), replies.order_by("-seq").first()
    root.save(update_fields=["reply_count", "last_reply"])


def _locked(message: Message, actor: Person, caller: Caller | None) -> tuple[Message, Person]:
    """Both as they stay until the transaction ends: whoever changes a message holds its room."""
    room, actor = locked(message.room_id, actor, caller)
    message = Message.objects.select_related("root").get(pk=message.pk)
    message.room = room
    return message, actor


def _rewrite(message: Message, editor: Person, body: str, names: Resolved) -> None:
    _keep_version(message)
    has_told_here = mentions.tells_here(message)
    message.body, message.html, message.markup_version = body, names.html, markup.VERSION
    message.version, message.edited_at = message.version + 1, timezone.now()
    event = events.append(message.room, EventKind.MESSAGE_EDITED, actor=editor, message=message)
    _tell(message.room, mentions.rewrite(message, names, event.seq, has_told_here=has_told_here))
    threads.tell_named(message, names.people)
    fields = ["body", "html", "markup_version", "version", "edited_at", "mentioned"]
    message.save(update_fields=fields)
    search.index([message])


def _keep_version(message: Message) -> None:
    MessageVersion.objects.create(
        message=message,
        number=message.version,
        body=message.body,
        html=message.html,
        written_at=message.edited_at or message.created_at,
    )


def _empty(message: Message) -> None:
    for rows in (message.versions, message.mentions, message.reactions):
        rows.all().delete()
    message.body = message.html = message.mentioned = ""
    message.deleted_at = timezone.now()
    message.save(update_fields=["body", "html", "mentioned", "deleted_at"])
    search.withdraw([message.pk])


def _react(message: Message, person: Person, emoji: str) -> None:
    used = set(message.reactions.values_list("emoji", flat=True))
    if emoji not in used and len(used) >= MAX_EMOJI:
        raise Invalid(_("This message has many different reactions already. Join one of them."))
    Reaction.objects.create(message=message, person=person, emoji=emoji)
