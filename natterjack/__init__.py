"""Natterjack in a terminal: a small client for the chat, and for scripts that read or write in it.

It speaks the protocol of docs/protocol.md and knows nothing else of the server: no module of the
server is imported here.
"""

__version__ = "0.1.0"
