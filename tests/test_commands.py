import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from chat.models import ApiToken, Event, Invitation, Membership, Message, Person, Role, Room

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    """What the command prints on standard output."""
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_token_prints_a_token_once_alone_and_keeps_only_its_hash(bob):
    printed = run("token", "bob", "--label", "build bot")

    token = printed.strip()
    assert printed == f"{token}\n"
    stored = ApiToken.objects.get()
    assert (stored.person, stored.label) == (bob, "build bot")
    assert stored.digest == ApiToken.hash(token)
    assert token not in str(vars(stored))


def test_token_is_for_what_it_says_as_long_as_it_says(bob, clock):
    run("token", "bob", "--label", "reader", "--scope", "read", "--scope", "post", "--days", "30")

    stored = ApiToken.objects.get()
    assert stored.scope_set == {"read", "post"}
    assert stored.expires_at == clock.now + timedelta(days=30)


@pytest.mark.parametrize("wrong", (("--days", "0"), ("--days", "99999999"), ("--scope", "all")))
def test_token_makes_none_of_what_it_cannot_understand(wrong, bob):
    with pytest.raises(CommandError):
        run("token", "bob", "--label", "x", *wrong)

    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "words", (("token", "ada", "--label", "x"), ("invite",), ("populate", "--password", "x"))
)
def test_where_no_site_is_yet_one_line_says_so(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("CommandError: There is no site here yet")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("username", ("nobody", ""))
def test_token_for_nobody_is_an_error(alice, username):
    with pytest.raises(CommandError, match="nobody called"):
        run("token", username, "--label", "x")


def test_invite_prints_a_link_that_works_alone(alice):
    link = run("invite", "--uses", "2", "--days", "3", "--role", "guest").strip()

    invitation = Invitation.objects.get()
    assert (invitation.uses, invitation.role) == (2, Role.GUEST)
    assert link.endswith(f"/join/{invitation.code}/")
    assert Client().get(f"/join/{invitation.code}/").status_code == 200


@pytest.mark.parametrize(
    "arguments", (("--uses", "0"), ("--days", "1000"), ("--role", "owner"), ("--role", "king"))
)
def test_invite_refuses_what_no_administrator_could_choose(alice, arguments):
    with pytest.raises(CommandError):
        run("invite", *arguments)
    assert not Invitation.objects.exists()


def test_invite_on_an_unclaimed_site_points_to_the_set_up():
    with pytest.raises(CommandError, match="set up"):
        run("invite")


def test_populate_makes_a_site_that_people_can_use():
    run("populate", people=5, rooms=3, messages=40, password="three frogs in a pond")

    assert Person.objects.count() == 5
    assert Person.objects.get(username="member1").is_administrator
    assert set(Room.objects.values_list("slug", flat=True)) == {"general", "room-2", "room-3"}
    assert Room.objects.lobby().slug == "general"
    assert Membership.objects.count() == 15
    assert Message.objects.count() == 40
    client = Client()
    signed_in = client.post(
        "/login/", {"login": "member5", "password": "three frogs in a pond"}, follow=True
    )
    assert signed_in.status_code == 200
    assert signed_in.request["PATH_INFO"] == "/rooms/general/"


def test_populate_leaves_every_log_without_a_gap():
    run("populate", people=3, rooms=2, messages=30, password="three frogs in a pond")

    for room in Room.objects.all():
        seqs = Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True)
        assert list(seqs) == list(range(1, room.last_seq + 1))
        last = Message.objects.filter(room=room).order_by("-seq").first()
        assert room.last_message_seq == (last.seq if last else 0)


def test_populate_refuses_a_site_that_has_people(alice):
    with pytest.raises(CommandError, match="people already"):
        run("populate", people=2, rooms=1, messages=1, password="three frogs in a pond")


@pytest.mark.parametrize("count", ("0", "-1", "many"))
def test_populate_refuses_a_count_that_is_none(count):
    with pytest.raises(CommandError):
        run("populate", "--people", count, "--password", "x")
