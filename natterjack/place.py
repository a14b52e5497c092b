"""How far a room has been seen, so that everything in it is shown once and in order. Pure."""

from dataclasses import dataclass


@dataclass
class Place:
    """A place in a room's log: `epoch` says in which log, `seq` how far."""

    epoch: str
    seq: int

    def moves_to(self, seq: int) -> bool:
        """True, and moved on, where this is new; what has been seen comes again after a return."""
        if seq <= self.seq:
            return False
        self.seq = seq
        return True
