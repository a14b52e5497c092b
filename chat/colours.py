"""Colours for fenced code: CSS classes by Pygments, within a bound of time. Pure.

Pygments' expressions take quadratic time on long lines, and far worse on runs of empty ones
(10,000 newlines in a Java fence: minutes). So only these languages are coloured, only code
that is shaped like code, and only within a budget of processor time.
"""

import re
from collections.abc import Iterator
from time import thread_time

import pygments
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType

# Lexers that are left out on purpose, because one single match of theirs can take seconds:
# make, terraform.
_NAMES = """
    bash c clojure console cpp csharp css dart diff docker elixir erlang go graphql haskell
    html ini java javascript js json jsx julia kotlin lua markdown nginx objective-c ocaml
    perl php powershell protobuf py pycon pytb python python3 r rb rs ruby rust scala scss sh
    shell sql swift toml ts tsx typescript xml yaml yml zig
"""
LANGUAGES = frozenset(_NAMES.split())
CLASSES = frozenset(STANDARD_TYPES.values()) - {""}
BUDGET_SECONDS = 0.08

_UNLIKE_CODE = re.compile(r"[^\n]{201}|\n(?:[^\S\n]*\n){4}")
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
_TypeAndText = tuple[_TokenType, str]


class _OutOfTime(Exception):
    pass


class Colours:
    """The colours of one message: all its fences share one budget of time."""

    def __init__(self) -> None:
        self._seconds_left = BUDGET_SECONDS

    def paint(self, code: str, language: str) -> str | None:
        """HTML of the code: spans with a class of `CLASSES`; None when it stays uncoloured.

        That is so in a language outside `LANGUAGES`, with a line of over 200 characters, with
        more than three empty lines in a row, and when the budget is spent.
        """
        if language not in LANGUAGES or _UNLIKE_CODE.search(code):
            return None
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
        try:
            return pygments.format(self._within_budget(lexer.get_tokens(code)), _FORMATTER)
        except _OutOfTime:
            return None

    def _within_budget(self, tokens: Iterator[_TypeAndText]) -> Iterator[_TypeAndText]:
        # The thread's own processor time, so that a busy site colours what an idle one does.
        start = thread_time()
        try:
            for token in tokens:
                if thread_time() - start > self._seconds_left:
                    raise _OutOfTime
                yield token
        finally:
            self._seconds_left -= thread_time() - start
