"""A socket of the floor: text goes in, and out to all."""

from bench.peers import page


class Page(page.Page):
    path = "/"

    def worded(self, text: str) -> str:
        return text
