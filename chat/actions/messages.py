"""Saying something."""

from concurrent.futures import Future

from django.db import connection

from chat import markup
from chat.actions.posting import Post, store
from chat.group_commit import GroupCommit
from chat.hub import Caller
from chat.models import Message, Person, Room

_posts = GroupCommit(store)


def post_message(
    *, author: Person, room: Room, body: str, nonce: str, caller: Caller | None = None
) -> Message:
    """The stored message: durable when this returns, and shown to everybody who may see it.

    A second call with the same nonce returns the first one's message. Raises Conflict when
    that nonce already stands for another text or room, Refused for who is not in the room.
    `caller` is what the author came in with, and has to hold when it is stored: else SignedOut.
    """
    return submit_message(
        author_id=author.pk, slug=room.slug, body=body, nonce=nonce, caller=caller
    ).result()


def submit_message(
    *, author_id: int, slug: str, body: str, nonce: str, caller: Caller | None = None
) -> Future[Message]:
    """The same without waiting for others who write: what it promises holds when it is done.

    A room that there is not refuses as one that the author is not in.
    """
    html = markup.render(body).html  # before the lock: it is the slow part
    post = Post(author_id, slug, body, html, nonce, caller)
    # With PostgreSQL each room has a lock of its own, and one that is stuck holds up no other.
    _posts.submit(post, line=slug if connection.features.has_select_for_update else None)
    return post.stored
