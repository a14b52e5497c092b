"""The tutorial's page as a load sees it."""

import json

from bench.peers import page


class Page(page.Page):
    path = "/ws/chat/lobby/"

    def worded(self, text: str) -> str:
        return json.dumps({"message": text})
