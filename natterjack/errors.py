"""How a command ends when it does not do what it was asked to."""

REFUSED = 1
MISUSED = 2
INTERRUPTED = 130
# As a program ends that writes into a pipe which nobody reads any more, and at SIGTERM.
UNREAD = 141
TERMINATED = 143

UNKNOWN = "The site sent what this program does not understand; one of the two may be too old."
UNREADABLE = "This token may not read: one is needed that has the scope `read`."


class Refused(Exception):
    """The site said no, or can't be had at all: one sentence says which, and nothing helps it."""


class Misused(Exception):
    """The words of the command are off, which only the command itself could tell."""


class Lost(Exception):
    """The line to the site is lost, or was never there; it is worth trying again."""


class Unread(Exception):
    """Nobody reads what we write any more."""
