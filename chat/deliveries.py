"""Sends to hooks what waits for them: at least once, in order while all goes well.

A worker claims a hook for a while and sends what is due, one after the other; who is killed has
claimed it for `LEASE` at most, and what was under way is sent again, under the same id. What fails
comes again, ever later, for five days; those behind it do not wait for it, until `REST_AFTER` have
failed in a row: then the hook rests, and one of them tries whether it is well again.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Flag
from threading import Semaphore, Thread
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import dialer, outgoing, payloads, replies, signatures
from chat.actions.outgoing import give_up
from chat.database import is_outage
from chat.models import Delivery, DeliveryState, OutgoingHook, Person, Room
from chat.models.messages import complete
from chat.prepared import Prepared

logger = logging.getLogger(__name__)

# Then given up: after five days, all in all. Each is up to a fifth longer, so that what failed
# together does not come back together.
DELAYS_SECONDS = (5, 60, 300, 1800, 7200, 21_600, 43_200, 86_400, 86_400, 86_400, 86_400)
DISABLED_AFTER = timedelta(days=5)
REST_AFTER = 3
MAX_RETRY_AFTER_SECONDS = 86_400
LEASE = timedelta(seconds=60)
LOOK_SECONDS = 1.0
OUTAGE_SECONDS = 5.0
AT_ONCE = 8
# Then others get the thread: a hook with much to tell or a slow receiver keeps nobody waiting.
IN_A_ROW = 50
TURN_SECONDS = 10.0
KEPT = timedelta(days=30)
LAST_SECONDS = 1.5
GONE = 410
USER_AGENT = "Natterjack"

_chance = secrets.SystemRandom()


def send_until(ending: Flag) -> None:
    """Sends what becomes due until `ending` is set; looks each second, and when the bell rings."""
    free = Semaphore(AT_ONCE)
    threads: list[Thread] = []
    is_out = False
    while not ending.is_set():
        seconds = LOOK_SECONDS
        try:
            threads = [each for each in threads if each.is_alive()]
            threads += _start_all(free, ending)
            is_out = False
        except Exception as error:
            seconds = OUTAGE_SECONDS
            connection.close()
            if not (is_out and is_outage(error)):  # one line an outage
                logger.error("send_deliveries failed: %s", " ".join(str(error).split()))
            is_out = is_outage(error)
        _wait(ending, seconds)
    for each in threads:
        each.join(LAST_SECONDS / len(threads))
    connection.close()


def forget_old() -> None:
    """Deletes what was settled a month ago."""
    settled = Delivery.objects.exclude(state=DeliveryState.WAITING)
    settled.filter(created_at__lt=timezone.now() - KEPT).delete()


def due_hooks() -> list[int]:
    """The hooks for which something is due and nobody sends, by key; the longest waiting first."""
    return [key for (key,) in _due_hooks(timezone.now())]


# Asked every second, on sites without any hook too.
@Prepared
def _due_hooks(now: Any) -> QuerySet[Any, Any]:
    waiting = Delivery.objects.filter(
        hook=OuterRef("pk"), state=DeliveryState.WAITING, next_attempt_at__lte=now
    )
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    rested = Q(rest_until=None) | Q(rest_until__lte=now)
    hooks = OutgoingHook.objects.filter(free, rested, Exists(waiting), disabled_at=None)
    first = hooks.order_by(F("claimed_until").asc(nulls_first=True))
    return first.values_list("pk")[: 2 * AT_ONCE]


def claim(hook_id: int) -> str:
    """A token with which one sends for the hook; "" where another one does."""
    now, token = timezone.now(), secrets.token_hex(16)
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    claimed = OutgoingHook.objects.filter(free, pk=hook_id)
    return token if claimed.update(claimed_by=token, claimed_until=now + LEASE) else ""


def send_due(hook_id: int, token: str, ending: Flag | None = None) -> None:
    """Sends what is due for a claimed hook, in order, and lets go of it."""
    sent, until = 0, time.monotonic() + TURN_SECONDS
    while sent < IN_A_ROW and time.monotonic() < until:
        if (ending and ending.is_set()) or not (delivery := _next(hook_id, token)):
            break
        body = body_of(delivery)
        # Asked behind the reading: whatever was written after a removal, the removal is known too.
        if not _is_vouched_for(delivery.hook):
            because = _("Whoever answered for it may not read this room any more.")
            give_up(hook=delivery.hook, because=because)
            break
        _settle(delivery, token, *_send(delivery, body))
        sent += 1
    else:
        outgoing.bell.set()  # there may be more
    held = OutgoingHook.objects.filter(pk=hook_id, claimed_by=token)
    held.update(claimed_by="", claimed_until=timezone.now())


def _start_all(free: Semaphore, ending: Flag) -> list[Thread]:
    started = []
    for hook_id in due_hooks():
        if not free.acquire(blocking=False):
            break
        if not (token := claim(hook_id)):
            free.release()
            continue
        thread = Thread(target=_in_thread, args=[hook_id, token, ending, free.release], daemon=True)
        thread.start()
        started.append(thread)
    return started


def _in_thread(hook_id: int, token: str, ending: Flag, release: Callable[[], None]) -> None:
    try:
        send_due(hook_id, token, ending)
    except Exception as error:
        # Its claim ends by itself, and another one goes on.
        logger.error("A delivery failed: %s", " ".join(str(error).split()))
    finally:
        connection.close()
        release()


def _wait(ending: Flag, seconds: float) -> None:
    # One thing can be waited for: whoever ends us rings too.
    if outgoing.bell.wait(0 if ending.is_set() else seconds):
        outgoing.bell.clear()


def _next(hook_id: int, token: str) -> Delivery | None:
    """The first that is due, while the claim holds and is made anew."""
    now = timezone.now()
    held = OutgoingHook.objects.filter(pk=hook_id, claimed_by=token, disabled_at=None)
    if not held.update(claimed_until=now + LEASE):
        return None
    hook = held.select_related("room", "bot").get()
    if hook.rest_until and hook.rest_until > now:
        return None
    waiting = hook.deliveries.filter(state=DeliveryState.WAITING, next_attempt_at__lte=now)
    delivery = waiting.select_related("event__message").order_by("pk").first()
    if delivery is not None:
        delivery.hook = hook
    return delivery


def _is_vouched_for(hook: OutgoingHook) -> bool:
    """Whether who answers for it can still read what it tells."""
    if hook.made_by_id is None:
        return False
    maker = Person.objects.filter(pk=hook.made_by_id, is_active=True).first()
    if maker is None:
        return False
    return Room.objects.visible_to(maker).filter(pk=hook.room_id).exists()


def body_of(delivery: Delivery) -> bytes:
    """What is sent: the event with its message as that is now."""
    event, room = delivery.event, delivery.hook.room
    if event is None:
        at, data = delivery.created_at, {"room": payloads.room(room)}
    else:
        event.room = room
        if event.message is not None:
            (event.message,) = complete([event.message])
            event.message.room = room
        at, (data,) = event.at, payloads.events([event])
    whole = {"type": delivery.kind, "timestamp": payloads.moment(at), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _send(delivery: Delivery, body: bytes) -> tuple[dialer.Answer | None, str]:
    """The answer, or why there is none."""
    hook, now = delivery.hook, timezone.now()
    signed = signatures.headers(
        body,
        webhook_id=delivery.webhook_id,
        timestamp=int(now.timestamp()),
        secrets=hook.secrets_at(now),
    )
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    headers |= {"User-Agent": USER_AGENT, "Connection": "close"} | signed
    try:
        return dialer.post(hook.url, body, headers), ""
    except (dialer.Unsafe, dialer.Unreachable) as error:
        return None, str(error)


def _settle(delivery: Delivery, token: str, answer: dialer.Answer | None, error: str) -> None:
    """Writes down how it went, and what comes next."""
    is_taken = answer is not None and 200 <= answer.status < 300
    if answer is not None and not is_taken:
        error = _refused(answer.status)
    if answer is not None and is_taken and delivery.hook.posts_answers:
        # Before it counts as delivered: who dies between the two says it once all the same.
        error = replies.post(delivery, answer)
    with transaction.atomic():
        held = OutgoingHook.objects.select_for_update(no_key=True)
        hook = held.filter(pk=delivery.hook_id, claimed_by=token).first()
        if hook is None:
            return  # it took longer than the claim: another one has sent it meanwhile
        now = timezone.now()
        _write_down(delivery, answer, error, now)
        if is_taken:
            _went_well(hook, delivery, now)
        else:
            _went_wrong(hook, delivery, answer, now)
        hook.save(update_fields=["failures", "failing_since", "rest_until"])
        delivery.save(
            update_fields=[
                *("state", "attempts", "next_attempt_at", "last_attempt_at"),
                *("status", "answer", "latency_ms", "error"),
            ]
        )
    if answer is not None and answer.status == GONE:
        give_up(hook=hook, because=_("Its address answered 410: gone for good."))
    elif hook.failing_since and now - hook.failing_since >= DISABLED_AFTER:
        give_up(hook=hook, because=_("Nothing has been delivered for five days."))


def _write_down(
    delivery: Delivery, answer: dialer.Answer | None, error: str, now: datetime
) -> None:
    delivery.attempts += 1
    delivery.last_attempt_at, delivery.error = now, error[:300]
    delivery.status = answer.status if answer else None
    delivery.latency_ms = answer.latency_ms if answer else None
    delivery.answer = replies.in_short(answer) if answer else ""


def _went_well(hook: OutgoingHook, delivery: Delivery, now: datetime) -> None:
    delivery.state, delivery.next_attempt_at = DeliveryState.DELIVERED, None
    if hook.failures >= REST_AFTER:
        # It is well again: what had to wait comes now, in its order.
        waiting = hook.deliveries.filter(state=DeliveryState.WAITING).exclude(pk=delivery.pk)
        waiting.update(next_attempt_at=now)
    hook.failures, hook.failing_since, hook.rest_until = 0, None, None


def _went_wrong(
    hook: OutgoingHook, delivery: Delivery, answer: dialer.Answer | None, now: datetime
) -> None:
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    wanted = _retry_after(answer)
    is_last = delivery.attempts > len(DELAYS_SECONDS)
    if is_last or (answer is not None and answer.status == GONE):
        delivery.state, delivery.next_attempt_at = DeliveryState.FAILED, None
    else:
        delivery.next_attempt_at = now + max(_delay(delivery.attempts), wanted)
    if hook.failures >= REST_AFTER:
        hook.rest_until = now + max(_delay(hook.failures - REST_AFTER + 1), wanted)


def _delay(attempts: int) -> timedelta:
    seconds = DELAYS_SECONDS[min(attempts, len(DELAYS_SECONDS)) - 1]
    return timedelta(seconds=seconds * _chance.uniform(1, 1.2))


def _retry_after(answer: dialer.Answer | None) -> timedelta:
    """What it asks for itself, in seconds and up to a day; a date is no number."""
    asked = answer.headers.get("Retry-After", "") if answer else ""
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= 9
    return timedelta(seconds=min(int(asked), MAX_RETRY_AFTER_SECONDS) if is_number else 0)


def _refused(status: int) -> str:
    if 300 <= status < 400:
        return _("It answered %(status)d: redirects are not followed.") % {"status": status}
    return _("It answered %(status)d.") % {"status": status}
