"""Python's collector of garbage, as suits a process that serves many."""

import gc


def settle() -> None:
    """Called when all that stays has been made.

    What there is by now stays to the end: full collections, one in some 70 pages, need not look
    through it each time. Everybody waited 50 ms for each. And 700 new objects, after which Python
    looks through the young ones, are a few messages to a full room.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
