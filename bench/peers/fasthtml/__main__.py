"""`PORT=… python -m bench.peers.fasthtml`"""

import os
from collections.abc import Awaitable, Callable

import uvicorn
from fasthtml.common import Div, FastHTML, Form, Input, Li, Ul
from starlette.websockets import WebSocket

Send = Callable[[Ul], Awaitable[None]]

# Without a key it would write one into the folder in which it is started.
app = FastHTML(exts="ws", secret_key="only for measuring")
users: dict[str, Send] = {}


@app.get("/")
def home() -> Div:
    typing = Form(Input(id="msg"), id="form", ws_send=True)
    return Div(Ul(id="messages"), typing, hx_ext="ws", ws_connect="/ws")


# FastHTML knows `send` by its name alone: with an annotation it would look for a form's field.
async def on_connect(ws: WebSocket, send) -> None:  # noqa: ANN001
    users[str(id(ws))] = send


async def on_disconnect(ws: WebSocket) -> None:
    users.pop(str(id(ws)), None)


@app.ws("/ws", conn=on_connect, disconn=on_disconnect)
async def say(msg: str) -> None:
    for send in list(users.values()):
        await send(Ul(Li(msg), id="messages", hx_swap_oob="beforeend"))


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
