"""One seeded fault, and putting it into a checkout and taking it out again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class DoesNotApply(Exception):
    """The source has changed: the mutant's `old` is not in its file exactly once."""


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `path`, which breaks `promise`; `test` has to notice.

    `promise` is one of P1 … P16 and the like of docs/reliability.md, `fault` the mistake in a
    sentence. `variables` are for the test's environment.
    """

    name: str
    promise: str
    fault: str
    path: str
    old: str
    new: str
    test: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def mutated(self, text: str) -> str:
        """The file's text with the fault. Raises DoesNotApply."""
        count = text.count(self.old)
        if count != 1:
            raise DoesNotApply(f"{self.name}: {self.path} holds its text {count} times")
        return text.replace(self.old, self.new)

    @contextmanager
    def put_into(self, checkout: Path) -> Iterator[None]:
        file = checkout / self.path
        sound = file.read_text()
        file.write_text(self.mutated(sound))
        try:
            yield
        finally:
            file.write_text(sound)
