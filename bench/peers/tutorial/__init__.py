"""The chat of the Channels tutorial (part 3: asynchronous), with the layer in memory.

https://channels.readthedocs.io/en/stable/tutorial/part_3.html
No account, no database, no history: it passes on what comes in.
"""
