"""People who post and people who read, through whatever happens to the server.

A poster goes on with the same nonce until it has an answer; a reader comes back with the cursor
of its own list, as pages do. Where several processes serve, whoever loses one tries any of them.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from soak.errors import Unable
from soak.history import History, Send
from soak.lines import Answer, Line, Unknown, Unreachable
from soak.pages import Page
from soak.sockets import Closed, Socket, opened

RETURN_SECONDS = 0.1
REPEATED, DOUBLED, FORGOTTEN, RELOADED = 0.03, 0.02, 0.02, 0.05
HEARD_SECONDS = 3.0
MAX_FRAMES = 4
PATIENCE_SECONDS = 30.0


class Crowd:
    """Everybody at work, as tasks of one loop. `flow` is cleared to hold the posters back.

    Each waits `pause_seconds` between one message and the next.
    """

    def __init__(
        self, urls: list[str], sessions: list[str], rooms: list[str], *, pause_seconds: float = 0.0
    ) -> None:
        self.urls, self.sessions, self.rooms = urls, sessions, rooms
        self.pause_seconds = pause_seconds
        self.history = History()
        self.tag = secrets.token_hex(4)  # bodies are told apart by it, over several crowds too
        self.posters: list[Poster] = []
        self.readers: list[Reader] = []
        self.flow = asyncio.Event()
        self.flow.set()
        self._tasks: list[asyncio.Task[None]] = []

    def add_posters(self, count: int) -> None:
        for number in range(count):
            poster = Poster(self, number)
            self.posters.append(poster)
            self._begin(poster.run())

    def add_readers(self, count: int, *, posting: int = 0) -> None:
        """The first `posting` of them post over their sockets as well."""
        for number in range(count):
            is_posting = number < posting
            reader = PostingReader(self, 1000 + number) if is_posting else Reader(self, number)
            self.readers.append(reader)
            self._begin(reader.run())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def check_alive(self) -> None:
        """Raises what ended a client: the load has to be what it is said to be."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    @asynccontextmanager
    async def paused(self) -> Any:
        """Nobody sends, and everything that was sent is answered (or given up)."""
        self.flow.clear()
        try:
            while any(each.is_busy for each in [*self.posters, *self.readers]):
                self.check_alive()
                await asyncio.sleep(0.01)
            yield
        finally:
            self.flow.set()

    async def go_ahead(self) -> None:
        """Returns when nobody is held back. Who is held again before they wake goes on waiting."""
        while not self.flow.is_set():
            await self.flow.wait()

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for poster in self.posters:
            poster.hang_up()

    @property
    def is_back(self) -> bool:
        """Whether every reader is live again."""
        return all(reader.is_live for reader in self.readers)

    @property
    def absent(self) -> str:
        """Why those that are not live are not."""
        away = (reader for reader in self.readers if not reader.is_live)
        return "; ".join(f"{reader.number}: {reader.why_lost}" for reader in away)


class Poster:
    """Writes one message after the other with the room's form, over kept connections.

    Every other one posts as htmx does, whose answer names no message.
    """

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd, self.number = crowd, number
        self.author = number % len(crowd.sessions)
        self.session = crowd.sessions[self.author]
        self.is_htmx = number % 2 == 1
        self.is_busy = False
        self._lines: dict[str, Line] = {}
        self._url = random.choice(crowd.urls)
        self._token = ""
        self._count = 0

    async def run(self) -> None:
        while True:
            await self.crowd.go_ahead()
            self.is_busy = True
            await self._send_one()
            self.is_busy = False
            await asyncio.sleep(self.crowd.pause_seconds)

    async def _send_one(self) -> None:
        self._count += 1
        room = random.choice(self.crowd.rooms)
        body = f"client {self.crowd.tag}-{self.number}, message {self._count}"
        nonce = secrets.token_urlsafe(16)
        send = self.crowd.history.invoke(self.number, self.author, room, nonce, body)
        if random.random() < DOUBLED:
            await asyncio.gather(self._deliver(send), self._deliver(send, is_second=True))
        else:
            await self._deliver(send)
        if send.answered_at is not None and random.random() < REPEATED:
            await self._deliver(send)

    async def _deliver(self, send: Send, *, is_second: bool = False) -> None:
        """Until it is answered; now and then somebody gives up after the first unknown end."""
        while True:
            try:
                await self._attempt(send, is_second)
            except Unknown as unknown:
                if not isinstance(unknown, Unreachable):
                    self.crowd.history.is_unknown(send)
                    if random.random() < FORGOTTEN:
                        return
                self._url = random.choice(self.crowd.urls)
                await asyncio.sleep(RETURN_SECONDS)
            else:
                return

    async def _attempt(self, send: Send, is_second: bool) -> None:
        line = self._line(self._url, is_second)
        if not self._token:
            answer = await line.get(f"/rooms/{send.room}/")
            if answer.status != 200:
                raise Unknown(f"the room's page was answered with {answer.status}")
            self._token = Page.loaded(send.room, answer.text).token
        fields = {"csrfmiddlewaretoken": self._token, "nonce": send.nonce, "body": send.body}
        send.attempts += 1
        path = f"/rooms/{send.room}/messages/"
        answer = await line.post(path, fields, is_htmx=self.is_htmx)
        if answer.status >= 500:
            raise Unknown(f"{answer.status}")
        if answer.status not in (200, 303):
            self.crowd.history.refuse(send, refusal(answer))
            return
        self.crowd.history.answer(send, named(answer.headers.get("location", "")))

    def _line(self, url: str, is_second: bool) -> Line:
        key = f"{url} {is_second}"
        if key not in self._lines:
            self._lines[key] = Line(url, self.session)
        return self._lines[key]

    def hang_up(self) -> None:
        for line in self._lines.values():
            line.close()


def refusal(answer: Answer) -> str:
    return f"{answer.status} {' '.join(answer.text.split())[:100]}"


def named(location: str) -> int | None:
    """The message that a redirect leads to."""
    _path, _, key = location.partition("#said-")
    return int(key) if key else None


class Reader:
    """Holds one room's page open. `pages` are those that it has loaded, the newest last."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd, self.number = crowd, number
        self.author = number % len(crowd.sessions)
        self.session = crowd.sessions[self.author]
        self.slug = crowd.rooms[number % len(crowd.rooms)]
        self.pages: list[Page] = []
        self.is_live = self.is_busy = False
        self.returns = 0
        self.why_lost = "it has never been there"
        self.lost_at = time.monotonic()
        self.came_back_after: list[float] = []

    @property
    def page(self) -> Page:
        return self.pages[-1]

    async def run(self) -> None:
        while True:
            try:
                await self._hold()
            except Unknown as reason:
                self.why_lost = str(reason)
            self._lose()
            await asyncio.sleep(RETURN_SECONDS * random.uniform(0.5, 1.5))

    def _lose(self) -> None:
        if self.is_live:
            self.is_live = False
            self.lost_at = time.monotonic()

    async def _hold(self) -> None:
        url = random.choice(self.crowd.urls)
        if not self.pages or random.random() < RELOADED:
            self.pages.append(await self._load(url))
        async with opened(url, f"/ws/chat/{self.slug}/", self.session) as socket:
            socket.say(json.dumps(self.page.resume))
            try:
                await self._listen(socket)
            except Closed as closed:
                if closed.code >= 4000:
                    self.page.faults.append(f"the socket was closed with {closed.code}")
                raise Unknown(f"closed with {closed.code}") from None

    async def _load(self, url: str) -> Page:
        line = Line(url, self.session)
        try:
            answer = await line.get(f"/rooms/{self.slug}/")
        finally:
            line.close()
        if answer.status != 200:
            raise Unknown(f"the page was answered with {answer.status}")
        self._hears(answer.text)
        return Page.loaded(self.slug, answer.text)

    async def _listen(self, socket: Socket) -> None:
        while True:
            text = await socket.hear()
            self.page.swap(text)
            self._hears(text)
            # The heartbeat ends the answer to a resume: what was missed came before it.
            if not self.is_live and 'id="connection"' in text:
                self.is_live = True
                self.returns += 1
                self.came_back_after.append(time.monotonic() - self.lost_at)

    def _hears(self, text: str) -> None:
        """What a page does with a frame beyond showing it."""


class PostingReader(Reader):
    """Posts frames over its socket. Its own message in its list is the acknowledgement."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        super().__init__(crowd, number)
        self._send: Send | None = None
        self._count = 0

    async def _listen(self, socket: Socket) -> None:
        posting = asyncio.create_task(self._post_on(socket))
        try:
            await super()._listen(socket)
        finally:
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)

    async def _post_on(self, socket: Socket) -> None:
        while True:
            if self._send is None:
                await self.crowd.go_ahead()
                self._send, self.is_busy = self._next(), True
            send = self._send
            send.attempts += 1
            if send.attempts > MAX_FRAMES:
                await self._post_by_form(send)
                continue
            if send.attempts > 1:
                self.crowd.history.is_unknown(send)
            frame = {"type": "post", "body": send.body, "nonce": send.nonce}
            socket.say(json.dumps(frame))
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARD_SECONDS):
                    while self._send is send:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)

    def _next(self) -> Send:
        self._count += 1
        # In brackets: message 1 is not message 12.
        body = f"[socket {self.crowd.tag}-{self.number}, message {self._count}]"
        nonce = secrets.token_urlsafe(16)
        return self.crowd.history.invoke(self.number, self.author, self.slug, nonce, body)

    async def _post_by_form(self, send: Send) -> None:
        """A list that was replaced by the newest page no longer shows it: the form tells."""
        form = Line(random.choice(self.crowd.urls), self.session)
        fields = {"csrfmiddlewaretoken": self.page.token, "nonce": send.nonce, "body": send.body}
        try:
            answer = await form.post(f"/rooms/{send.room}/messages/", fields)
        except Unknown:
            await asyncio.sleep(RETURN_SECONDS)
            return
        finally:
            form.close()
        if answer.status == 303:
            self._is_answered(send, named(answer.headers["location"]))
        elif answer.status < 500:
            self.crowd.history.refuse(send, refusal(answer))

    def _hears(self, text: str) -> None:
        if self._send is not None and self._send.body in text:
            self._is_answered(self._send, None)

    def _is_answered(self, send: Send, message: int | None) -> None:
        self.crowd.history.answer(send, message)
        self._send, self.is_busy = None, False


async def until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    """Raises Unable, which says what has not come, after 30 s."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Unable(f"not within {PATIENCE_SECONDS:g} s: {what()}")
        await asyncio.sleep(0.005)
