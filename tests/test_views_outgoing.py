"""The pages of a room's outgoing webhooks."""

import pytest

from chat.actions.messages import post_message
from chat.actions.outgoing import create_hook, disable_hook, send_ping
from chat.actions.rooms import create_room
from chat.models import Delivery, OutgoingHook, Person, RoomKind
from project.environment import Rate
from tests.visits import errors, value_of

pytestmark = pytest.mark.django_db
URL = "https://receiver.example/hook"
PAGE = "/rooms/pond/hooks/outgoing/"
TYPED = {
    "name": "Echo",
    "username": "echo",
    "url": URL,
    "kinds": ["message.posted", "room.changed"],
    "posts_answers": "on",
}


@pytest.fixture
def alices(alice, pond, sign_in):
    return sign_in(alice)


@pytest.fixture
def hook(alice, pond):
    return create_hook(
        maker=alice, room=pond, username="echo", name="Echo", url=URL, kinds=["message.posted"]
    )


def text(answer):
    return answer.content.decode()


def test_the_room_s_webhooks_lead_to_them_for_who_may_change_it(alices, bobs, pond):
    assert f'href="{PAGE}"' in text(alices.get("/rooms/pond/hooks/"))
    assert f'href="{PAGE}"' not in text(bobs.get("/rooms/pond/hooks/"))
    assert bobs.get(PAGE).status_code == 403


def test_a_secret_is_shown_once(alices):
    made = alices.post(PAGE, TYPED)

    hook = OutgoingHook.objects.get()
    assert value_of(made.content, "hook-secret") == hook.secret
    assert hook.asked_kinds == ["message.posted", "room.changed"]
    assert (hook.posts_answers, hook.only_mentions) == (True, False)
    for page in (PAGE, f"{PAGE}{hook.pk}/", f"{PAGE}{hook.pk}/log/"):
        assert hook.secret not in text(alices.get(page))

    renewed = alices.post(f"{PAGE}{hook.pk}/secret/")

    hook.refresh_from_db()
    assert value_of(renewed.content, "hook-secret") == hook.secret
    assert "one of before" in text(renewed)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    (
        ("url", "https://127.0.0.1/", "WEBHOOK_ALLOW"),
        ("url", "http://receiver.example/", "Use https"),
        ("url", "receiver", "no web address"),
        ("url", "https://a\0b.example/", "Null characters"),
        ("url", "", "required"),
        ("kinds", ["everything"], "valid choice"),
        ("kinds", [], "required"),
        ("username", "bob", "taken"),
        ("username", "", "required"),
        ("name", "\u200b", "can be seen"),
    ),
)
def test_what_is_no_good_is_refused_at_its_field_and_kept(field, value, sentence, alices):
    answer = alices.post(PAGE, TYPED | {field: value})

    assert answer.status_code == 422
    assert sentence in errors(answer)[field][0]
    assert field == "name" or 'value="Echo"' in text(answer)
    assert not OutgoingHook.objects.exists()
    assert not Person.objects.filter(username="echo").exists()


def test_one_too_many_is_a_sentence_above_the_form(alices, hook, monkeypatch):
    monkeypatch.setattr("chat.actions.outgoing.MAX_HOOKS", 1)

    answer = alices.post(PAGE, TYPED | {"username": "other"})

    assert answer.status_code == 422
    assert "as many outgoing webhooks as it can have" in text(answer)


def test_a_hook_is_changed(alices, hook):
    typed = {"url": f"{URL}/new", "kinds": ["room.archived"], "only_mentions": "on"}

    answer = alices.post(f"{PAGE}{hook.pk}/", typed, follow=True)

    hook.refresh_from_db()
    assert "Saved." in text(answer)
    assert (hook.url, hook.kinds) == (f"{URL}/new", "room.archived")
    assert (hook.only_mentions, hook.posts_answers) == (True, False)
    assert alices.post(f"{PAGE}{hook.pk}/", typed | {"url": "no"}).status_code == 422


def test_the_log_tells_what_became_of_each(alice, alices, pond, hook):
    message = post_message(author=alice, room=pond, body="Hi", nonce="nonce-1234")
    send_ping(sender=alice, hook=hook)
    delivery = Delivery.objects.get(event__message=message)
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=2, status=503, latency_ms=417, error="It answered 503.", answer="<b>Busy",
        last_attempt_at=delivery.created_at,
    )  # fmt: skip

    shown = text(alices.get(f"{PAGE}{hook.pk}/log/"))

    for word in ("ping", "message.posted", "503", "417", "2 attempts", "&lt;b&gt;Busy"):
        assert word in shown
    assert f'href="/messages/{message.pk}/"' in shown
    assert delivery.webhook_id in shown


def test_a_long_log_comes_in_pages_and_asks_as_often(
    alice, alices, pond, hook, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr("chat.views.outgoing.LOG_SIZE", 10)
    log = f"{PAGE}{hook.pk}/log/"
    alices.get(log)
    for number in range(12):
        post_message(author=alice, room=pond, body="Hi", nonce=f"nonce-{number:04}")

    # Session, person, room, hook, how many, these; the frame around them asks three things.
    with django_assert_num_queries(9):
        shown = text(alices.get(log))
    assert shown.count("msg_") >= 10
    assert "Page 1 of 2" in shown
    assert alices.get(f"{log}?page=nothing").status_code == 200


def test_what_is_switched_off_says_why_and_can_be_switched_on(alice, alices, hook):
    disable_hook(switcher=alice, hook=hook)

    shown = text(alices.get(f"{PAGE}{hook.pk}/"))
    assert "Alice has switched it off." in shown
    assert alices.post(f"{PAGE}{hook.pk}/ping/").status_code == 422
    alices.post(f"{PAGE}{hook.pk}/switch/", {"to": "on"})

    hook.refresh_from_db()
    assert hook.is_enabled


def test_nobody_is_made_to_send_without_end(alices, hook, settings, clock):
    settings.LIMIT_POSTS = Rate(2, 60)
    send_ping(sender=hook.made_by, hook=hook)
    delivery = Delivery.objects.get()
    ping, again = f"{PAGE}{hook.pk}/ping/", f"{PAGE}{hook.pk}/log/{delivery.pk}/again/"

    assert [alices.post(each).status_code for each in (ping, again)] == [303, 303]
    other = TYPED | {"username": "other"}
    for address, typed in ((ping, {}), (again, {}), (PAGE, other), ("/rooms/pond/hooks/", other)):
        answer = alices.post(address, typed)
        assert answer.status_code == 429
        assert answer["Retry-After"]
    assert Delivery.objects.count() == 2
    assert OutgoingHook.objects.get() == hook


def test_a_hook_of_another_room_is_not_there(alice, alices, hook):
    create_room(creator=alice, name="Garden", purpose="", kind=RoomKind.PUBLIC)

    for page in ("", "log/"):
        assert alices.get(f"/rooms/garden/hooks/outgoing/{hook.pk}/{page}").status_code == 404
    for number in (2**63, 2**70):
        assert alices.get(f"{PAGE}{number}/").status_code == 404


def test_what_people_wrote_stays_text(alice, pond, alices):
    create_hook(
        maker=alice,
        room=pond,
        username="evil",
        name="<script>alert(1)</script>",
        url=URL,
        kinds=["room.changed"],
    )

    for page in (PAGE, f"{PAGE}{OutgoingHook.objects.get().pk}/"):
        assert "<script>alert" not in text(alices.get(page))
