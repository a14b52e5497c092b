"""A terminal's screen, as far as the client draws on it: what somebody would see.

Cells keep their style, so that a picture can be drawn of it (picture.py).
"""

import re
from dataclasses import dataclass, field

from prompt_toolkit.utils import get_cwidth

_SEQUENCE = re.compile(r"\x1b\[([?>]?)([0-9;]*)([ -/]*[@-~])|\x1b[()][0-9A-B]|\x1b[=>78cM]")


@dataclass
class Vt:
    rows: int = 24
    columns: int = 80
    lines: list[list[tuple[str, str]]] = field(default_factory=lambda: [[]])
    style: str = ""
    row: int = 0
    column: int = 0
    modes: set[str] = field(default_factory=set)
    # What is no part of what this knows: a test asserts that there is nothing.
    strange: list[str] = field(default_factory=list)
    _rest: str = ""

    @property
    def text(self) -> list[str]:
        """The lines from the first one ever to the last, without what is blank at their ends."""
        return ["".join(cell for cell, _ in line).rstrip() for line in self.lines]

    @property
    def shown(self) -> list[str]:
        return self.text[-self.rows :]

    def feed(self, content: str) -> None:
        content, self._rest = self._rest + content, ""
        at = 0
        while at < len(content):
            if content[at] != "\x1b":
                self._put(content[at])
                at += 1
                continue
            found = _SEQUENCE.match(content, at)
            if found is None:
                if len(content) - at < 16:
                    self._rest = content[at:]
                    return
                self.strange.append(content[at : at + 16])
                at += 1
                continue
            self._obey(*found.groups(default=""))
            at = found.end()

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._go(self.row + 1)
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif ord(character) < 32 or 0x7F <= ord(character) < 0xA0:
            self.strange.append(character)
        elif (width := get_cwidth(character)) == 0:
            self._join(character)
        else:
            if self.column + width > self.columns:
                if "7" in self.modes:
                    return
                self.column = 0
                self._go(self.row + 1)
            line = self.lines[self.row]
            line.extend([(" ", "")] * (self.column + width - len(line)))
            line[self.column] = (character, self.style)
            if width == 2:
                line[self.column + 1] = ("", self.style)
            self.column += width

    def _join(self, mark: str) -> None:
        line = self.lines[self.row]
        if self.column and len(line) >= self.column:
            cell, style = line[self.column - 1]
            line[self.column - 1] = (cell + mark, style)

    def _go(self, row: int) -> None:
        self.row = max(0, row, len(self.lines) - self.rows)
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _obey(self, private: str, numbers: str, final: str) -> None:
        count = max(1, int(numbers)) if numbers.isdigit() else 1
        if private == "?" and final in "hl":
            # Autowrap is on from the start: its being off is what is kept.
            is_on = (final == "h") != (numbers == "7")
            (self.modes.add if is_on else self.modes.discard)(numbers)
        elif final == "m":
            self.style = numbers
        elif final == "A":
            self._go(self.row - count)
        elif final == "B":
            self._go(self.row + count)
        elif final == "C":
            self.column += count
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "J":
            del self.lines[self.row][self.column :]
            del self.lines[self.row + 1 :]
        elif final == "K":
            del self.lines[self.row][self.column :]
        elif final not in {"", " q"}:
            self.strange.append(f"{private}{numbers}{final}")
