"""One file a scenario; the package's docstring says what is in it."""

import importlib
import pkgutil
from types import ModuleType


def names() -> list[str]:
    return [each.name for each in pkgutil.iter_modules(__path__)]


def load(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def backends(scenario: ModuleType) -> tuple[str, ...]:
    """The backends that a scenario runs on; one empty name for a scenario that has none."""
    return getattr(scenario, "BACKENDS", ("",))
