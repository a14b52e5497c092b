"""Socket.IO's chat on Node: what its own guide makes, with a room.

https://socket.io/docs/v4/tutorial/step-5
One room in memory: no account, no database, no HTML (the page makes it). Socket.IO puts a message
into words once for the room, and ws frames it once.
"""
