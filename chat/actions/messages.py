"""Saying something."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db import connection

from chat import mentions
from chat.actions.posting import Post, store
from chat.group_commit import GroupCommit
from chat.hub import Caller
from chat.models import Message, Person, Room

_posts = GroupCommit(store)


def post_message(*, author: Person, room: Room, body: str, nonce: str, **more: Any) -> Message:
    """The stored message: durable when this returns, and shown to everybody who may see it.

    A second call with the same nonce returns the first one's message, edited or deleted as it may
    be by then. Raises Conflict when that nonce already stands for another text or place, Refused
    for who is not in the room, Invalid for an answer to what is not there, or not any more,
    Unconfirmed for what tells very many without `confirm`.
    `more` is what `prepare` takes. A `caller` has to hold when it is stored: else SignedOut.
    """
    post = prepare(author_id=author.pk, slug=room.slug, body=body, nonce=nonce, **more)
    submit([post])
    return post.stored.result()


def prepare(
    *,
    author_id: int,
    slug: str,
    body: str,
    nonce: str,
    confirm: bool = False,
    caller: Caller | None = None,
    reply_to: int | None = None,
    root: int | None = None,
    in_room: bool = True,
    seen: int = 0,
    tells_all: bool = True,
) -> Post:
    """What can be done before anything is locked, which is the slow part: the Markdown, and who
    and what the names in it stand for. Raises Unconfirmed. Without `tells_all` it can't tell a
    whole room."""
    names = mentions.resolve(
        body, slug=slug, author_id=author_id, is_confirmed=confirm, tells_all=tells_all
    )
    return Post(author_id, slug, body, names, nonce, caller, reply_to, root, in_room, seen)


def submit(posts: Iterable[Post]) -> None:
    """The same for several, in their order, without waiting for others who write.

    What `post_message` promises of each holds when its `stored` is settled. A room that there is
    not refuses as one that the author is not in.
    """
    # With PostgreSQL each room has a lock of its own, and one that is stuck holds up no other.
    has_locks = connection.features.has_select_for_update
    for line, group in groupby(posts, lambda post: post.slug if has_locks else None):
        _posts.submit([*group], line)
