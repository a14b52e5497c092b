"""Threads: answers to one message, apart from the room's list; and who follows which."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from itertools import groupby

from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext as _

from chat import hub
from chat.actions.locks import locked
from chat.errors import Refused
from chat.models import Following, Mention, Message, Person
from chat.permissions import is_member


def follow_thread(*, person: Person, root: Message, follows: bool) -> None:
    """From now on its answers are news to this person, or are not. Twice is once.

    Who comes back to it finds what they have not seen there. Raises Refused for who is not in
    the room.
    """
    with transaction.atomic():
        room, person = locked(root.room_id, person)
        if not is_member(person, room):
            raise Refused(_("Join the room to follow a thread in it."))
        Following.objects.update_or_create(
            root=root,
            person=person,
            defaults={"is_following": follows},
            create_defaults={"is_following": follows, "read_seq": room.last_seq},
        )
        _ring({person.pk})


def mark_thread_read(*, person_id: int, root_id: int, seq: int) -> None:
    """They have seen its answers up to `seq`; the pointer never goes back, nor beyond the log."""
    if Following.objects.mark_read({(person_id, root_id): seq}):
        hub.ring(hub.Ring(people=(person_id,)))


def join_on(messages: Iterable[Message], roots: dict[int, Message]) -> None:
    """Each new answer knows the one before it, for good: it is shown behind that, and once."""
    for root_id, answers in _by_root(messages):
        before = _last_seq(roots[root_id])
        for answer in answers:
            answer.previous_reply_seq, before = before, answer.seq


def tell(
    messages: Collection[Message],
    roots: dict[int, Message],
    named: Mapping[int, Collection[int]],
    seen: Mapping[int, int],
) -> None:
    """Their roots count them. Who answers follows, and whoever is answered or named.

    `named` tells whom the answer of a seq names, `seen` the place up to which its author's page
    showed the thread to its end, 0 where it did not.
    """
    for root_id, answers in _by_root(messages):
        root = roots[root_id]
        Message.objects.filter(pk=root_id).update(
            reply_count=F("reply_count") + len(answers), last_reply=answers[-1]
        )
        places = {answer.author_id: answer.seq for answer in answers}
        for answer in reversed(answers):
            places |= dict.fromkeys(_told(answer, named[answer.seq]), answer.previous_reply_seq)
        _begin(root, places | {root.author_id: 0})
        # In the order in which whoever reads locks them.
        for answer in sorted(answers, key=lambda each: (each.author_id, each.seq)):
            _follow_on(root, answer, seen[answer.seq])
    # Whoever looks at the room reads it there, and would never learn of a thread's news.
    if answered := {each.root_id for each in messages if each.root_id is not None}:
        following = Following.objects.filter(root__in=answered, is_following=True)
        _ring(following.values_list("person", flat=True))


def tell_named(answer: Message, named: Collection[int]) -> None:
    """Whom an answer has come to name follows from there, as if it had named them at once."""
    if answer.root is not None:
        told = _told(answer, named)
        _begin(answer.root, dict.fromkeys(told, answer.previous_reply_seq))


def _told(answer: Message, named: Collection[int]) -> set[int]:
    """Those of them whom it has told: up to it, the thread is no news to them."""
    return {int(mark) for mark in answer.mentioned.split() if mark.isdigit()}.intersection(named)


def _begin(root: Message, places: Mapping[int, int]) -> None:
    """Who has said that they don't follow it stays so, unless they write in it themselves."""
    Following.objects.bulk_create(
        [Following(root=root, person_id=key, read_seq=seq) for key, seq in places.items()],
        ignore_conflicts=True,
    )


def _follow_on(root: Message, answer: Message, seen: int) -> None:
    """Its author follows. Their pointer passes what they say where nothing above it is new to them,
    as in the room: read means seen."""
    above = Mention.objects.filter(root=root, seq__gt=OuterRef("read_seq"), seq__lt=answer.seq)
    named = above.filter(seq__gt=seen).telling(answer.author_id)
    has_read = (
        Q() if seen >= answer.previous_reply_seq else Q(read_seq__gte=answer.previous_reply_seq)
    )
    passed = When(has_read & ~Exists(named), read_seq__lt=answer.seq, then=Value(answer.seq))
    Following.objects.filter(root=root, person=answer.author_id).update(
        is_following=True,
        read_seq=Case(passed, default=F("read_seq"), output_field=BigIntegerField()),
    )


def _ring(people: Iterable[int]) -> None:
    transaction.on_commit(partial(hub.ring, hub.Ring(people=tuple(people))))


def _by_root(messages: Iterable[Message]) -> Iterable[tuple[int, list[Message]]]:
    answers = sorted(
        (message for message in messages if message.root_id is not None),
        # The newest root first, as whoever makes the index anew locks messages.
        key=lambda message: (-(message.root_id or 0), message.seq),
    )
    for root_id, group in groupby(answers, key=lambda message: message.root_id or 0):
        yield root_id, list(group)


def _last_seq(root: Message) -> int:
    seqs = root.replies.order_by("-seq").values_list("seq", flat=True)
    return next(iter(seqs[:1]), 0)
