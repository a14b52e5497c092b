"""What people see: windows of a browser, each with a person, and what can be read in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.server.site import PASSWORD

# htmx logs it for each swap whose target this page does not have: pages differ in what they show.
# Two cores that run three browsers and three servers may be slow.
expect.set_options(timeout=15_000)
ALWAYS_ALLOWED = ["htmx:oobErrorNoTarget"]
# What a browser and htmx say when the server goes away, and while it is gone.
GONE = [
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_CONNECTION_CLOSED",
    "ERR_EMPTY_RESPONSE",
    "ERR_SOCKET_NOT_CONNECTED",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
    "WebSocket connection to",
    "[object Event]",
    "htmx:afterRequest",
    "htmx:sendError",
    "htmx:wsError",
]


@dataclass
class Windows:
    """Opens windows and, at the end, tells what went wrong in any of them."""

    browser: Browser
    url: str
    contexts: list[BrowserContext] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=lambda: list(ALWAYS_ALLOWED))

    def allow(self, *errors: str) -> None:
        """Announces errors that the test provokes, each by a part of its text."""
        self.allowed += errors

    def person(self, username: str = "", *, url: str = "", **options: Any) -> "Window":
        """A window of a new browser profile; signed in where a username is given."""
        url = url or self.url
        context = self.browser.new_context(base_url=url, **options)
        context.set_default_timeout(20_000)
        context.set_default_navigation_timeout(20_000)
        # htmx waits up to a second, two, four… before it comes back, by chance: here a short one.
        context.add_init_script("Math.random = () => 0.1")
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.contexts.append(context)
        if username:
            sign_in(context, username)
        return Window(context.new_page())

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def close(self) -> None:
        """A second call does nothing but tell the errors again."""
        while self.contexts:
            self.contexts.pop().close()
        unexpected = [
            error for error in self.errors if not any(each in error for each in self.allowed)
        ]
        assert not unexpected, "\n".join(unexpected)


class Socket:
    """A page's WebSocket, with all that it has sent and received."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.sent: list[str] = []
        self.received: list[str] = []
        socket.on("framesent", lambda frame: self.sent.append(str(frame)))
        socket.on("framereceived", lambda frame: self.received.append(str(frame)))

    @property
    def is_open(self) -> bool:
        return not self.socket.is_closed()

    @property
    def is_live(self) -> bool:
        """Whether its resume has been answered: a heartbeat ends each answer, and the whole list
        of rooms, which takes the focus of any of them along, follows."""
        parts = ('id="connection"', 'id="rooms"')
        return self.is_open and all(any(part in each for each in self.received) for part in parts)


@dataclass
class Window:
    """One tab. `sockets` are all that its page has ever opened, in order."""

    page: Page
    sockets: list[Socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("websocket", lambda socket: self.sockets.append(Socket(socket)))

    @property
    def open_sockets(self) -> list[Socket]:
        return [socket for socket in self.sockets if socket.is_open]

    @property
    def composer(self) -> Any:
        """What one types in. While something is under way or refused, there are several."""
        return self.page.locator("[name=body]")

    @property
    def stream(self) -> Frame:
        frame = self.page.locator("iframe.stream").element_handle().content_frame()
        assert frame is not None
        return frame

    def tab(self) -> "Window":
        """Another tab of the same person."""
        return Window(self.page.context.new_page())

    def go(self, path: str = "/rooms/general/") -> "Window":
        """Opens a page. Not until it is loaded: one with a stream never is."""
        self.page.goto(path, wait_until="domcontentloaded")
        return self

    def go_live(self, room: str = "general") -> "Window":
        """Opens a room and waits for its socket's resume to be answered."""
        self.go(f"/rooms/{room}/")
        self.wait_until_live()
        return self

    def wait_until_live(self) -> None:
        """Returns once the newest socket has been answered."""
        wait(self, lambda: self.sockets and self.sockets[-1].is_live)

    def say(self, text: str) -> None:
        """As soon as what was said before is stored."""
        self.wait_until_answered()
        self.composer.fill(text)
        self.composer.press("Enter")

    def wait_until_answered(self) -> None:
        """What was said may be seen before its sender is answered, who until then has two boxes."""
        # Its box is there a moment longer than it can be typed in, and the next one comes late.
        expect(self.page.locator("[name=body]:disabled")).to_have_count(0)
        expect(self.composer).to_have_count(1)

    def sends(self, text: str) -> None:
        """By the form of a page without scripts: the answer is another page, which is there."""
        self.composer.fill(text)
        with self.page.expect_navigation(wait_until="commit"):
            self.page.get_by_role("button", name="Send", exact=True).click(no_wait_after=True)

    def sees(self, *texts: str) -> None:
        """Each of these messages is there, once, in this order, with none of another between."""
        last = self.page.locator("#messages > .message").last
        expect(last.locator(".message-body")).to_have_text(texts[-1])
        shown = self.bodies()[-len(texts) :]
        assert shown == list(texts), shown

    def streams(self, *texts: str) -> None:
        """The same in the frame of somebody without JavaScript."""
        bodies = self.page.frame_locator("iframe.stream").locator(".message-body")
        expect(bodies.last).to_have_text(texts[-1])
        shown = bodies.all_inner_texts()[-len(texts) :]
        assert shown == list(texts), shown

    def bodies(self) -> list[str]:
        return self.page.locator("#messages > .message .message-body").all_inner_texts()


def sign_in(context: BrowserContext, username: str) -> None:
    """By the form, without a page."""
    form = context.request.get("/login/").text()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "login": username, "password": PASSWORD}
    answer = context.request.post("/login/", form=fields, max_redirects=0)
    assert answer.status == 303, answer.status


def wait(window: Window, condition: Callable[[], Any], seconds: float = 20) -> None:
    """Until it holds. Lets the browser's events through meanwhile."""
    for _ in range(int(seconds * 20)):
        if condition():
            return
        window.page.wait_for_timeout(50)
    raise AssertionError(f"not within {seconds} s")
