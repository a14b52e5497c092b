"""Action Cable's page as a load sees it: it subscribes to the channel, and performs `speak`.

https://docs.anycable.io/misc/action_cable_protocol
"""

import json

from bench.errors import Invalid
from bench.peers import page

_CHANNEL = json.dumps({"channel": "ChatChannel"})


class Page(page.Page):
    path = "/cable"
    protocol = "actioncable-v1-json"

    def greet(self) -> None:
        """The server says welcome first."""

    def worded(self, text: str) -> str:
        data = json.dumps({"action": "speak", "message": text})
        return json.dumps({"command": "message", "identifier": _CHANNEL, "data": data})

    def take(self, frame: bytes) -> None:
        if b'"message":{' in frame:
            super().take(frame)
        elif b'"type":"welcome"' in frame:
            self.send(json.dumps({"command": "subscribe", "identifier": _CHANNEL}))
        elif b'"type":"confirm_subscription"' in frame:
            self.on_ready()
        elif b'"type":"ping"' not in frame:
            raise Invalid(f"Action Cable said {frame[:80]!r}")
