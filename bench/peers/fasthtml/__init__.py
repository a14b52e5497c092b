"""FastHTML's htmx chat, on uvicorn, which FastHTML's own `serve()` runs.

https://fastht.ml/docs/explains/websockets.html (its section on a chat in real time)
One room in memory: no account, no database, no bound for slow readers. It renders a message for
each reader, as the page there does; but only the new one, where that page sends the whole list
again with every message, which would grow with the run.
"""
