"""All that a process keeps of what it has rendered."""

import sys

from chat.kept import Kept


def everything_kept():
    """Wherever it stands in our modules, each once."""
    found = {
        id(value): value
        for name, module in list(sys.modules.items())
        if name.startswith("chat.")
        for value in vars(module).values()
        if isinstance(value, Kept)
    }
    return list(found.values())
