"""This process's readers, and the only door to them.

The database is the truth, the channel layer a doorbell: rings may be lost, doubled, late or
out of order, for the hub always reads from where it stands to where the log ends, and a tick
finds what no ring announced.
"""

from chat.hub.bells import WITHDRAWN, Ring, ring
from chat.hub.hub import Hub, current, store_last_reads
from chat.hub.presence import note
from chat.hub.readers import Caller, Reader, RoomReader, SocketReader, StreamReader
from chat.hub.rosters import Place, Roster, place_in, places_of

__all__ = [
    "WITHDRAWN",
    "Caller",
    "Hub",
    "Place",
    "Reader",
    "Ring",
    "RoomReader",
    "Roster",
    "SocketReader",
    "StreamReader",
    "current",
    "note",
    "place_in",
    "places_of",
    "ring",
    "store_last_reads",
]
