"""Verbs that meet in one PostgreSQL, run by `manage.py shell` (tests/server/test_locks.py)."""

import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from chat.actions.changes import edit_message, toggle_reaction
from chat.actions.messages import post_message, prepare, submit
from chat.actions.outgoing import create_hook, delete_hook
from chat.actions.people import change_person, create_invitation, join_site, set_password
from chat.actions.reading import mark_all_read, mark_read, mark_unread
from chat.actions.rooms import (
    create_room,
    invite_into_room,
    make_private,
    make_public,
    open_direct_room,
    remove_from_room,
)
from chat.actions.threads import follow_thread, mark_thread_read
from chat.models import Following, Membership, Message, Person, Role, Room, RoomKind
from chat.sessions import SessionStore
from chat.sidebar import lines_for

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def meet():
    """Somebody is switched off while the same owner's taking out of a room is being committed."""
    owner, _other, removed, switched_off = Person.objects.order_by("pk")[:4]
    change = {"editor": owner, "person": switched_off, "role": Role.MEMBER, "is_active": False}
    switching = threading.Thread(target=_in_thread, args=(lambda: change_person(**change),))
    with transaction.atomic():
        remove_from_room(remover=owner, room=Room.objects.get(slug="room-2"), person=removed)
        switching.start()
        while not _waiting():
            time.sleep(0.01)
    switching.join()
    switched_off.refresh_from_db()
    return removed.rooms.filter(slug="room-2").exists(), switched_off.is_active


def part():
    """A webhook is deleted while its bot is being changed by who deletes it; whether both go well.

    Who deletes it came later than the bot: the order of the keys is not that of the verbs.
    """
    room = Room.objects.get(slug="room-2")
    what = {"username": "echo", "name": "Echo", "url": "https://example.org/", "kinds": []}
    hook = create_hook(maker=Person.objects.first(), room=room, **what)
    until = timezone.now() + timedelta(days=1)
    role = Role.ADMINISTRATOR
    link = create_invitation(inviter=None, role=role, uses=1, expires_at=until, rooms=[room])
    late = join_site(invitation=link, username="late", name="Late", password="pond")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=hook.bot_id)
        deleting = pool.submit(_in_thread, lambda: delete_hook(deleter=late, hook=hook))
        while not _waiting():
            time.sleep(0.01)
        Person.objects.select_for_update(no_key=True).get(pk=late.pk)
    deleting.result()
    hook.bot.refresh_from_db()
    return hook.bot.is_active


def crowd(threads, deeds):
    """Everybody does everything at once; returns what was refused by the database."""
    # Without whom `part` has made: nothing says in which order these run.
    owner, *people = Person.objects.exclude(role=Role.BOT).order_by("pk")
    rooms = [_room(owner, people, f"pond {number}") for number in range(4)]
    return _refused(threads, [(_deed, owner, people, rooms)] * deeds)


def talk(threads, deeds):
    """Everybody says, names, answers, edits and reads at once; returns as `crowd`."""
    # Without whom `meet` has switched off.
    owner, *people = Person.objects.filter(is_active=True).order_by("pk")
    rooms = [_room(owner, people, f"lake {number}") for number in range(2)]
    roots = [_post(author, room) for room in rooms for author in (owner, *people)]
    return _refused(threads, [(_word, [owner, *people], roots)] * deeds)


def _room(owner, people, name):
    room = create_room(creator=owner, name=name, purpose="", kind=RoomKind.PUBLIC)
    invite_into_room(inviter=owner, room=room, people=people)
    return room


def _refused(threads, deeds):
    with ThreadPoolExecutor(threads) as pool:
        doing = [pool.submit(_in_thread, *deed) for deed in deeds]
    return [str(each.exception()) for each in doing if each.exception()]


def _word(people, roots):
    person, root = random.choice(people), random.choice(roots)
    rooms = [roots[0].room, roots[-1].room]
    text = " ".join(f"@{each.username}" for each in random.sample(people, 3)) + " @room @here"
    place = {"root": root.pk, "in_room": random.random() < 0.5}
    seqs = {"root_id": root.pk, "seq": random.randint(1, root.room.last_seq + 100)}
    deeds = (
        lambda: _post(person, root.room, text),
        lambda: _post(person, root.room, text, **place),
        lambda: _answer(person, root.room, random.sample(people, 3)),
        lambda: _edit(root, text),
        lambda: _edit(root.replies.order_by("?").first() or root, text),
        lambda: mark_read(person=person, room=root.room),
        lambda: mark_all_read(person=person),
        lambda: mark_unread(person=person, message=root),
        lambda: mark_thread_read(person_id=person.pk, **seqs),
        lambda: follow_thread(person=person, root=root, follows=random.random() < 0.5),
        lambda: _read(people, rooms),
        lambda: _read_threads(people, rooms),
        lambda: lines_for([each.pk for each in people]),
    )
    random.choice(deeds)()


def _edit(message, text):
    body = f"{text} {secrets.token_hex(4)}"
    edit_message(editor=message.author, message=message, body=body)


def _deed(owner, people, rooms):
    room, person = random.choice(rooms), random.choice(people)
    several = random.sample(people, 3)
    deeds = (
        lambda: _post(owner, room),
        lambda: _post(owner, random.choice(rooms)),
        lambda: _read([owner, *several], rooms),
        lambda: _read(several, rooms),
        lambda: _answer(owner, room, [owner, *several]),
        lambda: _read_threads([owner, *several], rooms),
        lambda: _change(owner, room),
        lambda: mark_all_read(person=owner),
        lambda: remove_from_room(remover=owner, room=room, person=person),
        lambda: invite_into_room(inviter=owner, room=room, people=several),
        lambda: change_person(editor=owner, person=person, role=Role.MEMBER, is_active=True),
        lambda: set_password(person=person, password="pond"),
        lambda: make_private(editor=owner, room=room),
        lambda: make_public(editor=owner, room=room),
        lambda: open_direct_room(opener=owner, others=several),
        _sign_out,
    )
    random.choice(deeds)()


def _post(author, room, body="Hello", **more):
    nonce = secrets.token_urlsafe(16)
    return post_message(author=author, room=room, body=body, nonce=nonce, **more)


def _answer(author, room, others):
    """Several answers in one transaction, as when they come at one moment."""
    root = room.messages.filter(root=None).first() or _post(author, room)
    nonces = [secrets.token_urlsafe(16) for _each in others]
    posts = [
        prepare(author_id=each.pk, slug=room.slug, body="Yes", nonce=nonce, root=root.pk)
        for each, nonce in zip(others, nonces, strict=True)
    ]
    submit(posts)


def _change(author, room):
    mine = room.messages.filter(author=author, deleted_at=None).order_by("?").first()
    if mine is not None:
        random.choice(
            (
                lambda: edit_message(editor=author, message=mine, body="Hello again, @room"),
                lambda: toggle_reaction(person=author, message=mine, emoji="👍"),
            )
        )()


def _read_threads(people, rooms):
    roots = Message.objects.filter(room__in=rooms, reply_count__gt=0)
    places = {(each.pk, root.pk): root.room.last_seq for each in people for root in roots}
    Following.objects.mark_read(dict(random.sample(sorted(places.items()), len(places))))


def _read(people, rooms):
    places = {(each.pk, room.pk): random.randint(1, 10**6) for each in people for room in rooms}
    Membership.objects.mark_read(dict(random.sample(sorted(places.items()), len(places))))


def _sign_out():
    session = SessionStore()
    session["_auth_user_id"] = "1"
    session.create()
    session.flush()


def _waiting():
    with connection.cursor() as cursor:
        return cursor.execute(WAITING).fetchone()[0]


def _in_thread(work, *arguments):
    try:
        with connection.cursor() as cursor:  # circles are looked for, and not long waits
            cursor.execute("SET lock_timeout = '60s'")
        work(*arguments)
    finally:
        connection.close()
