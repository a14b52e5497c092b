"""The terminal while one chats: lines go up, and the box to write in stays below them.

One application lives from the beginning to the end, so no key falls between two prompts. A new
line erases the box, goes out as plain text, and the box is drawn again under it: what is typed,
and where the cursor is, stands in the application's buffer all the while.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import to_formatted_text
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import BufferControl, HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from natterjack.errors import INTERRUPTED, TERMINATED
from natterjack.wording import Pieces
from natterjack.wrapping import wrapped

# The terminal's own sixteen colours, which fit its ground. Yellow means "new", as on the pages.
STYLE = Style.from_dict(
    {
        "time": "ansibrightblack",
        "number": "ansibrightblack",
        "name": "bold",
        "note": "ansibrightblack",
        "mention": "ansiyellow bold",
        "trouble": "ansired",
        "prompt": "ansigreen bold",
        "status": "ansibrightblack",
    }
)
MAX_BOX_LINES = 8
_ENDING_SIGNALS = ("SIGTERM", "SIGHUP")


class Screen:
    """`entered` gets what is sent with Enter, and says whether the box should keep it."""

    def __init__(
        self,
        *,
        entered: Callable[[str], bool],
        typed: Callable[[str], None],
        status: Callable[[], str],
    ) -> None:
        self._buffer = Buffer(
            multiline=True,
            accept_handler=lambda buffer: entered(buffer.text),
            on_text_changed=lambda buffer: typed(buffer.text),
        )
        self._status = status
        self._app: Application[int] = Application(
            layout=self._layout(),
            key_bindings=_keys(self.end),
            style=STYLE,
            output=_output(),
            erase_when_done=True,
            include_default_pygments_style=False,
        )

    @property
    def text(self) -> str:
        """What stands in the box."""
        return self._buffer.text

    @text.setter
    def text(self, text: str) -> None:
        self._buffer.text = text
        self._buffer.cursor_position = len(text)

    async def run(self) -> int:
        """Until `end`, the terminal's own end or a signal; the status to exit with."""
        with _ending_at_signals(lambda: self.end(TERMINATED)):
            try:
                # Its own handler of exceptions would ask to press Enter, and wait for that.
                return await self._app.run_async(set_exception_handler=False)
            except (EOFError, OSError):
                # The terminal is gone: what could be said has no reader.
                return 0

    def end(self, status: int = 0) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit(result=status)

    def show(self, *lines: Pieces) -> None:
        """Lines above the box."""
        running = self._app.is_running and not self._app.is_done
        if running:
            self._app.renderer.erase()
        columns = self._app.output.get_size().columns
        for row in (row for line in lines for row in wrapped(line, columns)):
            pieces = to_formatted_text([*row, ("", "\n")])
            print_formatted_text(self._app.output, pieces, STYLE)
        if running:
            self._app.invalidate()

    def redraw(self) -> None:
        if self._app.is_running:
            self._app.invalidate()

    def _layout(self) -> Layout:
        box = Window(
            BufferControl(self._buffer, [BeforeInput("> ", style="class:prompt")]),
            height=Dimension(min=1, max=MAX_BOX_LINES),
            wrap_lines=True,
            dont_extend_height=True,
        )
        status = Window(
            FormattedTextControl(lambda: [("class:status", self._status())]),
            height=1,
            dont_extend_height=True,
        )
        return Layout(HSplit([box, status]), focused_element=box)


def _keys(end: Callable[[int], None]) -> KeyBindings:
    keys = KeyBindings()

    # Ctrl-J is what Enter is on some terminals, and what a pipe sends.
    @keys.add("enter")
    @keys.add("c-j")
    def send(event: KeyPressEvent) -> None:
        if event.current_buffer.text.strip():
            event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_new_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-c")
    @keys.add("<sigint>")
    def interrupt(_: KeyPressEvent) -> None:
        end(INTERRUPTED)

    @keys.add("c-d", filter=Condition(lambda: not get_app().current_buffer.text))
    def leave(_: KeyPressEvent) -> None:
        end(0)

    return keys


def _output() -> Output:
    output = create_output(sys.stdout)
    if isinstance(output, Vt100_Output):
        # Where the cursor stands is asked of the terminal, and waited for at the end, only to
        # know how much room is left below; two lines need no answer.
        output.enable_cpr = False
    return output


@contextlib.contextmanager
def _ending_at_signals(end: Callable[[], None]) -> Iterator[None]:
    """Without this a signal would leave the terminal as the box needs it, and not as it was."""
    loop = asyncio.get_running_loop()
    signals = [getattr(signal, name) for name in _ENDING_SIGNALS if hasattr(signal, name)]
    with contextlib.ExitStack() as stack:
        for each in signals:
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(each, end)
                stack.callback(loop.remove_signal_handler, each)
        yield
