"""Chromium tabs that hold a room open, and what their lists hold at one moment.

What somebody does in a tab takes its time on a bad line; it goes on beside the looking.
"""

import asyncio
import random
from bisect import bisect_right
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as BrowserError

from soak.checker import Log
from soak.sites import Backend
from tests.browser.conftest import ARGUMENTS
from tests.browser.windows import ALWAYS_ALLOWED, GONE
from tests.servers import chromium_path

LOAD_SECONDS = 60.0
# A tab that is between two pages has no list to look at, and does not answer.
LOOK_SECONDS = 1.0
# A list of thousands costs the browser more than the server. People reload, too.
MAX_SHOWN = 300
# The list and the cursor of one turn of the browser's loop: whatever is between them shows. A page
# that is still on its way, or whose end was lost on it, is no live one: its socket stands last.
_HELD = """() => document.querySelector('#live') && ({
  cursor: +document.querySelector('#cursor [name=after]').value,
  shown: [...document.querySelectorAll('#history > .message, #messages > .message')]
    .map(each => [+each.dataset.seq, +each.id.slice('message-'.length)]),
})"""
_KEPT = "() => [...document.querySelectorAll('[name=body]')].map(each => each.value)"
# htmx comes back after a time by chance; the server's own part is what is looked at.
_HASTY = "Math.random = () => 0.1"


@dataclass
class Tab:
    """One tab of one person. `typed` are the texts that left its composer."""

    page: Page
    slug: str
    sockets: int = 0
    loads: int = 0
    audits: int = 0
    typed: list[str] = field(default_factory=list)
    deed: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.page.on("websocket", self._count)

    def _count(self, _socket: Any) -> None:
        self.sockets += 1

    @property
    def reconnects(self) -> int:
        """Sockets beyond the one that each page opens when it is loaded."""
        return max(0, self.sockets - self.loads)

    def begin(self, deed: Coroutine[Any, Any, None]) -> None:
        """Lets the person do this, unless they are still doing something."""
        if self.deed is None or self.deed.done():
            self.deed = asyncio.create_task(_patiently(deed))
        else:
            deed.close()

    async def reload(self) -> None:
        """A new page, unless somebody's text still stands in a composer of this one."""
        if not any(await self.keeps()):
            await self.load()

    async def load(self) -> None:
        """Tries until the page is there, as somebody on a bad line does."""
        while True:
            with suppress(BrowserError):
                await self.page.goto(f"/rooms/{self.slug}/", wait_until="domcontentloaded")
                if await self.page.locator("#live").count():
                    self.loads += 1
                    return
            await asyncio.sleep(0.2)

    async def held(self) -> tuple[int, list[tuple[int, int]]] | None:
        """Its cursor, and (seq, id) of each message in its list; None between two pages."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self.page.evaluate(_HELD)
        except (BrowserError, TimeoutError):
            return None
        if found is None:
            return None
        self.audits += 1
        return found["cursor"], [tuple(each) for each in found["shown"]]

    async def say(self, text: str) -> None:
        """Types and presses Enter, where a composer is free."""
        composer = self.page.locator("[name=body]")
        if await composer.count() == 1 and not await composer.input_value():
            await composer.fill(text)
            self.typed.append(text)
            await composer.press("Enter")

    async def keeps(self) -> list[str]:
        """The texts that stand in a composer, sent or not."""
        found: list[str] = await self.page.evaluate(_KEPT)
        return found


async def _patiently(deed: Coroutine[Any, Any, None]) -> None:
    """A page that goes away under somebody's hands takes the deed with it."""
    with suppress(BrowserError):
        await deed


@dataclass
class Window:
    """All tabs, and what their consoles complained about."""

    tabs: list[Tab]
    complaints: list[str]

    async def rest(self, seconds: float) -> None:
        """Waits until nothing is being done in any tab, at most so long."""
        if deeds := [tab.deed for tab in self.tabs if tab.deed is not None]:
            await asyncio.wait(deeds, timeout=seconds)


@asynccontextmanager
async def opened(chat: Backend, urls: list[str], tabs: int, people: int) -> AsyncIterator[Window]:
    """So many tabs of so many people in the first room, one after the other."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        window = Window([], [])
        contexts = [
            await _person(browser, urls[number % len(urls)], chat.sessions[number], window)
            for number in range(people)
        ]
        for number in range(tabs):
            tab = Tab(await contexts[number % people].new_page(), "general")
            await tab.load()
            window.tabs.append(tab)
        try:
            yield window
        finally:
            await browser.close()


async def _person(browser: Browser, url: str, session: str, window: Window) -> BrowserContext:
    context = await browser.new_context(base_url=url)
    context.set_default_timeout(LOAD_SECONDS * 1000)
    await context.add_init_script(_HASTY)
    await context.add_cookies([{"name": "sessionid", "value": session, "url": url}])

    def hear(message: Any) -> None:
        allowed = [*ALWAYS_ALLOWED, *GONE]
        if message.type == "error" and not any(each in message.text for each in allowed):
            window.complaints.append(f"a console says: {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: window.complaints.append(f"a page fails: {error.error}"))
    return context


def is_slice(cursor: int, shown: list[tuple[int, int]], slug: str, log: Log) -> bool:
    """P5: the list is a piece of the log without a gap, and ends where its cursor says."""
    entries = log.by_room[slug]
    last = next(each[1] for each in log.rooms if each[0] == slug)
    if cursor > last:  # it would pass over what comes next
        return False
    until = bisect_right([seq for seq, _key in entries], cursor)
    return entries[max(0, until - len(shown)) : until] == shown and bool(shown or not until)


def some(tabs: list[Tab]) -> Tab:
    return random.choice(tabs)
