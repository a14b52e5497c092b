"""Rights to listen are taken away at one process, and nothing later reaches anybody at another.

Two people write without a pause, one at each process. Everybody else reads at the last process, by
a socket and by a stream, and loses the right at the first, in one of seven ways: both have to end
within 3 s, the socket with the code that says why, and no post that was begun after the revocation
was answered may have reached either, nor may what is said over the socket after it be stored. Every
other room is quiet, so that no post brings the revocation along. With PostgreSQL, Redis is well,
killed and frozen by turns: where no ring comes through, the tick has to do it.
"""

import asyncio
import itertools
import json
import random
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from signal import SIGCONT, SIGSTOP

from soak.lines import Line, Unknown
from soak.pages import Page
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from soak.sockets import Closed, Socket, opened
from soak.streams import Ended, Stream, streamed
from tests.server.site import PASSWORD

UNIT = "races"
LONG = 10_000
BACKENDS = BOTH

CLOSED_SECONDS = 3.0
PATIENCE_SECONDS = 30.0
TIMES = 4  # each way, in one round
ROUND_POSTS = 60
WELL, KILLED, FROZEN = "well", "killed", "frozen"
_POST = re.compile(r"post (\d+) of the race")


@dataclass(frozen=True)
class Way:
    """How a right is lost, and by whom: of which kind their room is, whether they are in it."""

    deed: "Callable[[Victim], Awaitable[None]]"
    kind: str
    is_in: bool
    code: int
    has_token: bool = False


def run(size: int, report: Report) -> None:
    with backend(report.backend) as chat:
        asyncio.run(revoke(chat, size, report))


async def revoke(
    chat: Backend,
    size: int,
    report: Report,
    *,
    times: int = TIMES,
    closed_seconds: float = CLOSED_SECONDS,
) -> None:
    """Takes `size` rights away, in rounds of each way so many `times`."""
    await asyncio.to_thread(chat.start)
    ways = WAYS * times
    states = itertools.cycle((WELL, KILLED, FROZEN) if chat.redis else (WELL,))
    for number in report.rounds(size):
        if number % len(ways) == 1 or len(ways) == 1:
            await _round(chat, number, ways[: size - number + 1], next(states), report,
                         closed_seconds)  # fmt: skip
    for complaint in chat.complaints:
        report.broken(complaint)


async def _round(
    chat: Backend, number: int, ways: "list[Way]", state: str, report: Report, seconds: float
) -> None:
    wanted = [(way.kind, way.is_in, way.has_token) for way in ways]
    made = await _in_shell(chat, f"main({number}, {wanted!r})")
    race = Race(chat, json.loads(made), quiet=number % 2)
    victims = [Victim(race, way, **each) for way, each in zip(ways, race.made, strict=True)]
    async with AsyncExitStack() as stack:
        for victim in victims:
            await stack.enter_async_context(victim.listening())
        stack.enter_context(_redis(chat, state))
        async with race.writers():
            await asyncio.gather(*(victim.live() for victim in victims))
            ended = time.monotonic() + PATIENCE_SECONDS
            for victim in victims:
                await victim.has_ended(ended)
    for victim in victims:
        victim.judge(report, state, seconds)


@contextmanager
def _redis(chat: Backend, state: str) -> Iterator[None]:
    if chat.redis is None or state == WELL:
        yield
    elif state == KILLED:
        chat.redis.stop()
        try:
            yield
        finally:
            chat.redis.start()
    else:
        chat.redis.process.send_signal(SIGSTOP)
        try:
            yield
        finally:
            chat.redis.process.send_signal(SIGCONT)


async def _in_shell(chat: Backend, code: str) -> str:
    module = "from soak.victims import main, revoke"
    return await asyncio.to_thread(
        chat.site.manage, "shell", "--no-imports", "-c", f"{module}; {code}"
    )


class Race:
    """One round: posts are numbered as they are begun. Every second room is quiet, from `quiet`."""

    def __init__(self, chat: Backend, made: list[dict[str, str]], *, quiet: int) -> None:
        self.chat, self.made = chat, made
        self.quiet = {each["room"] for each in made[quiet::2]}
        self.rooms = ["general", *(each["room"] for each in made if each["room"] not in self.quiet)]
        self.here, self.there = chat.urls[0], chat.urls[-1]
        self.numbers = itertools.count(1)
        self.begun = 0
        self._moved = asyncio.Condition()

    async def reach(self, number: int) -> None:
        """Returns when so many posts have been begun."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.begun >= number)

    @asynccontextmanager
    async def writers(self) -> AsyncIterator[None]:
        """Two write in every room that is not quiet, without a pause, until the block ends."""
        pairs = zip((self.here, self.there), self.chat.sessions, strict=False)
        async with asyncio.TaskGroup() as group:
            writers = [group.create_task(self._write(*pair)) for pair in pairs]
            yield
            for writer in writers:
                writer.cancel()

    async def _write(self, url: str, session: str) -> None:
        line = Line(url, session)
        try:
            token = Page.loaded("general", (await line.get("/rooms/general/")).text).token
            for room in itertools.cycle(self.rooms):
                async with self._moved:
                    self.begun = next(self.numbers)
                    self._moved.notify_all()
                fields = {
                    "csrfmiddlewaretoken": token,
                    "nonce": secrets.token_urlsafe(16),
                    "body": f"post {self.begun} of the race",
                }
                answer = await line.post(f"/rooms/{room}/messages/", fields)
                assert answer.status == 303, answer.text[:500]
        finally:
            line.close()


@dataclass
class Listener:
    """A socket or a stream of a victim, until it ends; `code` 0 where it was lost without one."""

    connection: Socket | Stream
    heard: list[str] = field(default_factory=list)
    code: int = 0
    ended_at: float = 0.0

    async def listen(self) -> None:
        try:
            while True:
                self.heard.append(await self.connection.hear())
        except Closed as closed:
            self.code = closed.code
        except Ended:
            self.code = 1
        except Unknown:
            pass
        self.ended_at = time.monotonic()

    @property
    def posts(self) -> list[int]:
        return [int(number) for number in _POST.findall("".join(self.heard))]

    async def has_heard(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(text in each for each in self.heard):
                assert not self.ended_at, f"ended with {self.code} before it began"
                await asyncio.sleep(0.01)


class Victim:
    """Somebody who is about to lose the right to listen; `limit`: no later post may reach them."""

    def __init__(self, race: Race, way: Way, **made: str) -> None:
        self.race, self.way = race, way
        self.username, self.room = made["username"], made["room"]
        self.session, self.other_session = made["session"], made["other_session"]
        self.token = made["token"]
        self.limit, self.lost_at = 0, 0.0
        self.listeners: list[Listener] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """A socket that stands at some place of the log, and a stream; a program has no stream."""
        there, path = self.race.there, f"/ws/chat/{self.room}/"
        async with AsyncExitStack() as stack:
            opening = opened(there, path, self.session, token=self.token)
            self.socket = await stack.enter_async_context(opening)
            self._resume()
            connections: list[Socket | Stream] = [self.socket]
            if not self.token:
                page = streamed(there, f"/rooms/{self.room}/live/", self.session)
                connections.append(await stack.enter_async_context(page))
            self.listeners = [Listener(each) for each in connections]
            self.tasks = [asyncio.create_task(each.listen()) for each in self.listeners]
            try:
                await self.listeners[0].has_heard('id="rooms"')
                yield
            finally:
                for task in self.tasks:
                    task.cancel()

    async def live(self) -> None:
        """Is shut out at some moment, and goes on as if nothing had happened."""
        await self.race.reach(random.randint(1, ROUND_POSTS))
        if random.random() < 0.5:
            self._resume()
        await self.way.deed(self)
        self.lost_at, self.limit = time.monotonic(), next(self.race.numbers)
        if random.random() < 0.3:
            self._resume()
        with suppress(OSError):
            self.socket.say(f"late by {self.username}")

    def _resume(self) -> None:
        with suppress(OSError):
            self.socket.say(json.dumps({"type": "resume", "after": 0}))

    async def has_ended(self, deadline: float) -> None:
        await asyncio.wait(self.tasks, timeout=max(0.0, deadline - time.monotonic()))

    def judge(self, report: Report, state: str, seconds: float) -> None:
        way = self.way.deed.__name__
        socket, *streams = self.listeners
        report.count(way)
        late = [number for each in self.listeners for number in each.posts if number > self.limit]
        report.count("posts that leaked", len(late), at_most=0)
        report.count("wrong codes", socket.code != self.way.code, at_most=0)
        report.count("streams that stayed", sum(not each.code for each in streams), at_most=0)
        if late or socket.code != self.way.code or not all(each.code for each in streams):
            report.broken(f"{way}, Redis {state}: {socket.code}, leaked {late[:5]}")
        place = "a quiet room" if self.room in self.race.quiet else "a busy room"
        for each in self.listeners:
            if each.ended_at:
                took = max(0.0, each.ended_at - self.lost_at)
                report.seconds(f"until closed, Redis {state}, {place}", took, at_most=seconds)
        stored = self.race.chat.query(
            f"SELECT 1 FROM chat_message WHERE body = 'late by {self.username}'"
        )
        report.count("late posts that were stored", len(stored), at_most=0)


# --- The ways, each done at the first process ------------------------------------------------


async def _do(victim: Victim, session: str, path: str, page: str = "", **fields: str) -> None:
    """Sends a form of that page; it has to be accepted."""
    line = Line(victim.race.here, session)
    try:
        found = re.search(r'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"',
                          (await line.get(page or path)).text)  # fmt: skip
        assert found is not None, f"{page or path} has no form"
        answer = await line.post(path, {"csrfmiddlewaretoken": found[1], **fields})
        assert answer.status == 303, f"{path}: {answer.status} {answer.text[:500]}"
    finally:
        line.close()


async def _as_owner(victim: Victim, path: str, **fields: str) -> None:
    await _do(victim, victim.race.chat.sessions[0], path, "/rooms/general/", **fields)


async def sign_out(victim: Victim) -> None:
    await _do(victim, victim.session, "/logout/")


async def new_password(victim: Victim) -> None:
    new = secrets.token_urlsafe(12)
    await _do(victim, victim.other_session, "/password/", oldpassword=PASSWORD, password1=new,
              password2=new)  # fmt: skip


async def deactivation(victim: Victim) -> None:
    await _as_owner(victim, f"/site/people/{victim.username}/", role="member")


async def becoming_a_guest(victim: Victim) -> None:
    await _as_owner(victim, f"/site/people/{victim.username}/", role="guest", is_active="on")


async def token_revoked(victim: Victim) -> None:
    await _in_shell(victim.race.chat, f"revoke({victim.username!r})")


async def removal(victim: Victim) -> None:
    await _as_owner(victim, f"/rooms/{victim.room}/members/{victim.username}/remove/")


async def turned_private(victim: Victim) -> None:
    await _as_owner(victim, f"/rooms/{victim.room}/kind/", kind="private")


WAYS = [
    Way(sign_out, "public", False, 4401),
    Way(new_password, "private", True, 4401),
    Way(deactivation, "public", True, 4401),
    Way(becoming_a_guest, "public", False, 4403),
    Way(token_revoked, "private", True, 4401, has_token=True),
    Way(removal, "private", True, 4403),
    Way(turned_private, "public", False, 4403),
]
