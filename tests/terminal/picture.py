"""A terminal's screen as SVG, in the site's own colours by night."""

from html import escape
from itertools import groupby

from prompt_toolkit.utils import get_cwidth

from tests.terminal.vt import Vt

CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.4, 19, 16
FONT = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
GROUND, INK = "#23261c", "#e6e3d3"
COLOURS = {"31": "#e58a74", "32": "#a9c26b", "33": "#f2d024", "90": "#98998a"}


def svg(vt: Vt, title: str) -> str:
    """The shown lines; each run of cells keeps its columns, whatever font draws it."""
    width = vt.columns * CELL_WIDTH + 2 * MARGIN
    height = len(vt.shown) * LINE_HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f'<g font-family="{FONT}" font-size="14" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{GROUND}"/>',
    ]
    for row, cells in enumerate(vt.lines[-vt.rows :]):
        lines += _runs(cells, MARGIN + LINE_HEIGHT * (row + 0.75))
    if vt.row >= len(vt.lines) - vt.rows:
        x = MARGIN + vt.column * CELL_WIDTH
        y = MARGIN + LINE_HEIGHT * (vt.row - max(0, len(vt.lines) - vt.rows))
        size = f'width="{CELL_WIDTH:g}" height="{LINE_HEIGHT}"'
        lines.append(f'<rect x="{x:g}" y="{y:g}" {size} opacity=".6"/>')
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _runs(cells: list[tuple[str, str]], y: float) -> list[str]:
    column, runs = 0, []
    for style, run in groupby(cells, key=lambda cell: cell[1]):
        text = "".join(cell for cell, _ in run)
        width = get_cwidth(text)
        if text.strip():
            x, length = MARGIN + column * CELL_WIDTH, width * CELL_WIDTH
            runs.append(
                f'<text x="{x:g}" y="{y:g}" textLength="{length:g}" xml:space="preserve"'
                f"{_look(style)}>{escape(text)}</text>"
            )
        column += width
    return runs


def _look(style: str) -> str:
    codes = style.split(";")
    colours = [f' fill="{COLOURS[code]}"' for code in codes if code in COLOURS]
    return "".join(colours) + (' font-weight="bold"' if "1" in codes else "")
