"""A room's page as a browser with htmx holds it: its list, its cursor, what frames do to them."""

import re
from dataclasses import dataclass, field

_MESSAGE = re.compile(r'<li id="message-(\d+)"[^>]* data-seq="(\d+)"')
_CURSOR = re.compile(r'name="after" value="(\d+)"')
_EPOCH = re.compile(r'name="epoch" value="([^"]*)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken"[^>]* value="([^"]+)"')
_RESET = 'hx-swap-oob="innerHTML:#messages"'


@dataclass
class Page:
    """`shown` is (seq, id) of each message in the list, in its order.

    `moments` is what every change left behind: (cursor, last seq in the list, where the list
    began). `faults` are sentences for what no list may ever do.
    """

    slug: str
    cursor: int
    epoch: str
    token: str
    shown: list[tuple[int, int]] = field(default_factory=list)
    began_at: int = 0
    moments: list[tuple[int, int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    resets: int = 0

    @classmethod
    def loaded(cls, slug: str, html: str) -> "Page":
        """What the server sent as the whole page."""
        cursor, epoch, token = (_found(each, html) for each in (_CURSOR, _EPOCH, _TOKEN))
        page = cls(slug, int(cursor), epoch, token)
        page._append(html)
        page.moments.append((page.cursor, page.last))
        return page

    @property
    def last(self) -> int:
        return self.shown[-1][0] if self.shown else 0

    @property
    def resume(self) -> dict[str, str]:
        """What htmx sends when the socket opens."""
        return {"type": "resume", "after": str(self.cursor), "epoch": self.epoch}

    def swap(self, frame: str) -> None:
        """Applies one frame, all of it in one turn."""
        if _RESET in frame:
            self.shown = []
            self.resets += 1
        self._append(frame)
        if found := _CURSOR.search(frame):
            if int(found[1]) < self.cursor and _RESET not in frame:
                self.faults.append(f"the cursor goes back, from {self.cursor} to {found[1]}")
            self.cursor = int(found[1])
            if epoch := _EPOCH.search(frame):
                self.epoch = epoch[1]
            self.moments.append((self.cursor, self.last))
        elif _MESSAGE.search(frame):
            self.faults.append("messages came without the place that they bring the page to")

    def _append(self, html: str) -> None:
        for found in _MESSAGE.finditer(html):
            key, seq = int(found[1]), int(found[2])
            if seq <= self.last:
                self.faults.append(f"entry {seq} comes behind entry {self.last}")
            self.shown.append((seq, key))


def _found(pattern: re.Pattern[str], html: str) -> str:
    found = pattern.search(html)
    assert found is not None, f"no {pattern.pattern} in {html[:500]}"
    return found[1]
