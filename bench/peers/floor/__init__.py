"""The least that Python can do: bare asyncio, and one prepared frame for all.

What a socket says becomes one frame, whose bytes are written to every socket as they are. No
protocol but the handshake and the header of a frame, no room, no account, no store, no rendering,
no bound for slow readers, no ping. What is above this is what a chat costs.
"""
