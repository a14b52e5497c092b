"""FastHTML's page as a load sees it: htmx sends its form as JSON."""

import json

from bench.peers import page


class Page(page.Page):
    path = "/ws"

    def worded(self, text: str) -> str:
        return json.dumps({"msg": text, "HEADERS": {"HX-Request": "true", "HX-Trigger": "form"}})
