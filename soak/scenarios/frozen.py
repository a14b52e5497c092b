"""The server stands still for a minute (SIGSTOP) and goes on; lists stay whole, ended sessions out.

Six people's sessions end while it stands still: once it goes on, their sockets are closed with 4401
within 5 s and their posts are turned away. Everybody else is at the head of the log within 5 s.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from signal import SIGCONT, SIGSTOP

from soak.checker import judge
from soak.crowd import Crowd, until
from soak.lines import Line, Unknown
from soak.pages import Page
from soak.report import Report
from soak.sites import BOTH, Backend, backend
from soak.sockets import Closed, Socket, opened

UNIT = "stops"
LONG = 5
BACKENDS = BOTH

STOPPED_SECONDS = 60.0
OUT_SECONDS = 5.0
ENDED = 6


def run(size: int, report: Report) -> None:
    with backend(report.backend, people=size * ENDED + 12) as chat:
        asyncio.run(freeze(chat, size, report, seconds=STOPPED_SECONDS))


async def freeze(chat: Backend, size: int, report: Report, *, seconds: float) -> None:
    """Stops every process for so long, `size` times; each time the sessions of some end."""
    await asyncio.to_thread(chat.start)
    crowd = Crowd(chat.urls, chat.sessions[:12], ["general", "room-2"])
    crowd.add_posters(8)
    crowd.add_readers(12)
    try:
        for number in report.rounds(size):
            await until(lambda: crowd.is_back, lambda: f"every page live ({crowd.absent})")
            leaving = chat.sessions[12 + (number - 1) * ENDED :][:ENDED]
            await _one(chat, crowd, report, leaving, seconds)
            await judge(crowd, chat, report)
    finally:
        await crowd.leave()


async def _one(
    chat: Backend, crowd: Crowd, report: Report, leaving: list[str], seconds: float
) -> None:
    async with AsyncExitStack() as stack:
        visits = [await stack.enter_async_context(_visit(chat, key)) for key in leaving]
        end = datetime.now(UTC) + timedelta(seconds=seconds / 2)
        for key in leaving:
            await asyncio.to_thread(_end_session_at, chat, key, end)
        await _stand_still(chat, seconds)
        began = time.monotonic()
        codes = await asyncio.gather(*(_code(socket) for socket, _page in visits))
    report.count("ended sessions", len(leaving))
    report.count("sockets that stayed", sum(code != 4401 for code in codes), at_most=0)
    report.seconds("until ended sessions were out", time.monotonic() - began, at_most=OUT_SECONDS)
    for (_socket, page), key in zip(visits, leaving, strict=True):
        report.count("posts of ended sessions", await _is_taken(chat, page, key), at_most=0)


async def _stand_still(chat: Backend, seconds: float) -> None:
    for site in chat.sites:
        site.process.send_signal(SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for site in chat.sites:
            site.process.send_signal(SIGCONT)


@asynccontextmanager
async def _visit(chat: Backend, key: str) -> AsyncIterator[tuple[Socket, Page]]:
    """A page of the first room with its socket."""
    line = Line(chat.site.url, key)
    page = Page.loaded("general", (await line.get("/rooms/general/")).text)
    line.close()
    async with opened(chat.site.url, "/ws/chat/general/", key) as socket:
        socket.say(json.dumps(page.resume))
        yield socket, page


def _end_session_at(chat: Backend, key: str, end: datetime) -> None:
    chat.execute(
        f"UPDATE chat_session SET expire_date = '{end:%Y-%m-%d %H:%M:%S}' "
        f"WHERE session_key = '{key}'"
    )


async def _code(socket: Socket) -> int:
    """With what the server closes it; 0 when it does not, or does not say why."""
    try:
        async with asyncio.timeout(2 * OUT_SECONDS):
            while True:
                await socket.hear()
    except Closed as closed:
        return closed.code
    except (Unknown, TimeoutError):
        return 0


async def _is_taken(chat: Backend, page: Page, key: str) -> bool:
    line = Line(chat.site.url, key)
    nonce = secrets.token_urlsafe(16)
    fields = {"csrfmiddlewaretoken": page.token, "nonce": nonce, "body": "too late"}
    answer = await line.post("/rooms/general/messages/", fields)
    line.close()
    return "#said-" in answer.headers.get("location", "")
