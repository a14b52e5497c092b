"""Nothing that was committed after a revocation reaches whom it shut out, whatever the race.

Rights are taken away in every way there is, while two people write, and while those who lose
them come, resume, resume again and write. `python -m soak revocations` does it for hours, to
real servers.
"""

import asyncio
import itertools
import random
import re
import secrets

import pytest

from chat.actions.messages import post_message
from chat.actions.people import change_person, create_token, revoke_token, set_password
from chat.actions.rooms import create_room, invite_into_room, make_private, remove_from_room
from chat.database import in_database
from chat.models import ApiToken, Message, Role, RoomKind
from tests.sockets import cookie_headers, token_headers
from tests.visits import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4
POSTS = 60
TIMES = 4
REACH_SECONDS = 60  # everybody waits from the beginning


def sign_out(race, victim):
    victim.browser.logout()


def change_password(race, victim):
    set_password(person=victim.person, password=PASSWORD + "s")


def deactivate(race, victim):
    change_person(editor=race.alice, person=victim.person, role=Role.MEMBER, is_active=False)


def demote(race, victim):
    change_person(editor=race.alice, person=victim.person, role=Role.GUEST, is_active=True)


def revoke(race, victim):
    revoke_token(person=victim.person, token=ApiToken.objects.get(person=victim.person))


def remove(race, victim):
    remove_from_room(remover=race.alice, room=race.closed, person=victim.person)


def close(race, victim):
    make_private(editor=race.alice, room=race.open)


# What is done, in which room the victim is, whether as a member, and how the socket ends.
WAYS = (
    (sign_out, "other", False, 4401),
    (change_password, "closed", True, 4401),
    (deactivate, "open", True, 4401),
    (demote, "other", False, 4403),
    (revoke, "closed", True, 4401),
    (remove, "closed", True, 4403),
    (close, "open", False, 4403),
)


class Victim:
    """Somebody who is about to lose the right to listen; `limit`: the first post that is later."""

    def __init__(self, race, person, browser, way, rooms):
        self.deed, where, is_member, self.code = way
        self.race, self.person, self.browser, self.limit = race, person, browser, None
        self.room = rooms[where]
        if is_member:
            invite_into_room(inviter=race.alice, room=self.room, people=[person])
        if self.deed is revoke:
            self.headers = token_headers(create_token(person=person, label="a program"))
        else:
            self.headers = cookie_headers(browser)

    async def come(self, connect, chance):
        """Half of them are live when it begins."""
        path = f"/ws/chat/{self.room.slug}/"
        live = chance.choice((None, 0))
        self.socket = await connect(path=path, headers=self.headers, resume=live)

    async def live(self, chance):
        """Is shut out at some moment, and goes on as if nothing had happened."""
        resuming = asyncio.create_task(self._resume(chance.randint(1, POSTS)))
        await self.race.reach(chance.randint(1, POSTS))
        await in_database(self.deed, self.race, self)
        self.limit = next(self.race.numbers)
        if chance.random() < 0.3:  # the others only listen on
            await self._say(type="resume", after=1)
        await self._say(f"late by {self.person.username}")
        await resuming

    async def _resume(self, number):
        await self.race.reach(number)
        await self._say(type="resume", after=0)

    async def _say(self, *texts, **frame):
        if not self.socket.future.done():
            await self.socket.say(*texts, **frame)

    @property
    def heard(self):
        return [int(number) for number in re.findall(r"post (\d+)", "".join(self.socket.heard))]


class Race:
    """One round: two people write, and each of the others loses a right."""

    def __init__(self, alice, bob, make, number):
        self.alice, self.bob, self.numbers = alice, bob, itertools.count(1)
        self.begun, self.is_over = 0, False
        kinds = {"open": RoomKind.PUBLIC, "closed": RoomKind.PRIVATE, "other": RoomKind.PUBLIC}
        rooms = {
            name: create_room(creator=alice, name=f"{name} {number}", purpose="", kind=kind)
            for name, kind in kinds.items()
        }
        for room in rooms.values():
            invite_into_room(inviter=alice, room=room, people=[bob])
        self.open, self.closed, self.rooms = rooms["open"], rooms["closed"], list(rooms.values())
        self.victims = [Victim(self, *make(), way, rooms) for way in WAYS * TIMES]

    async def run(self, connect, chance):
        for victim in self.victims:
            await victim.come(connect, chance)
        writers = [asyncio.create_task(self._write(each)) for each in (self.alice, self.bob)]
        await asyncio.gather(*(each.live(chance) for each in self.victims))
        self.is_over = True
        await asyncio.gather(*writers)
        for room in self.rooms:
            await self._post(self.alice, room)

    async def _write(self, person):
        for room in itertools.cycle(self.rooms):
            if self.is_over:
                return
            await self._post(person, room)

    async def reach(self, number):
        """When about so many posts are stored, or on their way."""
        async with asyncio.timeout(REACH_SECONDS):
            while self.begun < number:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def _post(self, person, room):
        self.begun = next(self.numbers)
        await in_database(
            post_message, author=person, room=room, body=f"post {self.begun}",
            nonce=secrets.token_urlsafe(16),
        )  # fmt: skip


@pytest.fixture
def make(invite, sign_in):
    names = itertools.count(1)

    def make():
        person = invite(f"victim{next(names)}")
        return person, sign_in(person)

    return make


async def _nothing(_hub):
    return None


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_nothing_later_than_a_revocation_reaches_whom_it_shut_out(
    seed, alice, bob, make, connect, monkeypatch
):
    if seed % 4:  # then no ring and no tick closes them: what is sent next has to
        monkeypatch.setattr("chat.hub.hub.Hub._check_standing", _nothing)
    chance = random.Random(seed)
    race = await in_database(Race, alice, bob, make, seed)

    await race.run(connect, chance)

    for victim in race.victims:
        what = victim.deed.__name__
        assert (what, await victim.socket.closed()) == (what, victim.code)
        leaked = [number for number in victim.heard if number > victim.limit]
        assert (what, leaked) == (what, [])
        late = Message.objects.filter(body=f"late by {victim.person.username}")
        assert (what, await in_database(late.exists)) == (what, False)
