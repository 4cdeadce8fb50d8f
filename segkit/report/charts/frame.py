"""The look that all charts share: palette, title and subtitle, quiet axes; and their SVG, the same bytes every time."""

import io
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from segkit.report.numbers import SPACE, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCENT = "#1f5f8b"
MIDDLE = "#6f9dbd"
SOFT = "#a9c6da"
PALE = "#d3e0e9"
LOSS = "#c4622d"
INK = "#1b2026"
MUTED = "#5c6670"
LINE = "#d5dbe1"
WASH = "#eef2f5"

WIDTH = 7.8
TITLE_LETTERS, NOTE_LETTERS = 78, 116  # what fits into the width, in the widest of the fonts
MOST_DOTS = 800
FONT_STACK = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"

STYLE: Any = {
    "text.parse_math": False,
    "text.color": INK,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "segkit",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.grid": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "xtick.major.pad": 5,
    "ytick.major.pad": 5,
    "hatch.linewidth": 0.7,
    "path.simplify": True,
}

Params = ParamSpec("Params")


@contextmanager
def chart_style() -> Iterator[None]:
    """Set segkit's matplotlib options for the time of the block, and no longer."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        yield


def styled(plot: Callable[Params, "Figure"]) -> Callable[Params, "Figure"]:
    """Return a plot function that draws in segkit's style and leaves matplotlib's options as they were."""

    @wraps(plot)
    def plot_in_style(*args: Params.args, **kwargs: Params.kwargs) -> "Figure":
        with chart_style():
            return plot(*args, **kwargs)

    return plot_in_style


def start_figure(name: str, title: str, subtitle: str, height: float = 3.6) -> "Figure":
    """Return an empty figure with its takeaway title and a subtitle that names the units.

    Parameters
    ----------
    name : str
        Short name, kept as ``gid``; the name of the SVG file.
    title : str
        What the reader should take away, computed from the data.
    subtitle : str
        What is shown, in which unit.
    height : float
        Height of the drawing below the titles [inches].

    Returns
    -------
    Figure
        Its ``label`` is the alt text: title and subtitle until ``describe`` adds to it.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lines = textwrap.wrap(title, TITLE_LETTERS, break_on_hyphens=False) or [""]
    notes = textwrap.wrap(subtitle, NOTE_LETTERS)
    head = 0.1 + 0.235 * len(lines) + 0.17 * len(notes) + 0.14
    total = height + head
    room = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.04, wspace=0.06, hspace=0.06, rect=(0, 0, 1, height / total))
    figure = Figure(figsize=(WIDTH, total), layout=room, facecolor="white")
    top = 0.06
    for text, size, weight, color, step in _head_lines(lines, notes):
        figure.text(0, 1 - top / total, text, size=size, weight=weight, color=color, va="top", in_layout=False)
        top += step
    figure.set_gid(name)
    figure.set_label(_sentence(title) + " " + _sentence(subtitle))
    return figure


def _head_lines(titles: Sequence[str], notes: Sequence[str]) -> Iterator[tuple[str, float, str, str, float]]:
    for number, text in enumerate(titles):
        yield text, 12.5, "bold", INK, 0.235 if number + 1 < len(titles) else 0.265
    for text in notes:
        yield text, 9, "normal", MUTED, 0.17


def describe(figure: "Figure", text: str) -> "Figure":
    """Return the figure with a further sentence in its alt text."""
    figure.set_label(f"{figure.get_label()} {_sentence(text)}".strip())
    return figure


def empty_figure(name: str, what: str) -> "Figure":
    """Return a figure that says plainly that there is nothing to show."""
    figure = start_figure(name, "No data", what, height=0.5)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.text(0, 0.5, "Nothing to draw.", color=MUTED, va="center", transform=figure.transFigure, in_layout=False)
    return figure


def only_baseline(axes: "Axes", grid: str = "") -> None:
    """Keep the bottom line alone; draw thin grid lines along ``grid`` (x or y) where it is given."""
    for side in ("left", "top", "right"):
        axes.spines[side].set_visible(False)
    if grid:
        axes.grid(True, axis=grid)  # type: ignore[arg-type]


def bar_labels(axes: "Axes", names: Sequence[Any], width: int = 30) -> None:
    """Write names beside horizontal bars, first at the top."""
    axes.set_yticks(range(len(names)), [shorten(name, width) for name in names])
    axes.tick_params(axis="y", colors=INK)
    axes.set_ylim(len(names) - 0.45, -0.55)


def format_axis(axis: Any, write: Callable[[float], str]) -> None:
    """Label an axis through a function of the value."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))


def draw_hexagons(axes: "Axes", x: Any, y: Any, *, x_log: bool = False, y_log: bool = False) -> None:
    """Draw many points as hexagons, darker where more lie, within the limits that the axes have.

    Scales are set anew, so that ticks and their labels must be set after it.
    """
    import seaborn

    limits = (*axes.get_xlim(), *axes.get_ylim())
    extent: Any = [np.log10(end) if log else end for end, log in zip(limits, (x_log, x_log, y_log, y_log), strict=True)]
    scales: Any = {"xscale": "log" if x_log else "linear", "yscale": "log" if y_log else "linear", "bins": "log"}
    shades = seaborn.blend_palette(["#d6e3ec", ACCENT, "#0d2f48"], as_cmap=True)
    axes.hexbin(
        x, y, gridsize=(40, 17), mincnt=1, linewidths=0.3, edgecolors="white", cmap=shades, extent=extent, **scales
    )
    axes.set(xlim=limits[:2], ylim=limits[2:])


def figure_svg(figure: "Figure") -> str:
    """Return the figure as one SVG element to stand in a page, the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        From a ``plot_`` function: ``gid`` is its name, ``label`` its alt text.

    Returns
    -------
    str
        ``<svg role="img" aria-label=…>``: text stays text, ids start with the figure's name, no date, no script.

    Examples
    --------
    >>> figure_svg(empty_figure("stock", "Stock by item"))[:49]
    '<svg xmlns="http://www.w3.org/2000/svg" class="ch'
    """
    from matplotlib.text import Text

    drawn = io.StringIO()
    with chart_style():
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        figure.savefig(drawn, format="svg", dpi=144, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _page_svg(drawn.getvalue(), figure.get_gid() or "figure", str(figure.get_label()))


def _page_svg(svg: str, name: str, alt: str) -> str:
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    box = re.search(r'viewBox="([^"]+)"', svg)
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    prefix = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(href="#|url\(#)([^")]+)', rf"\g<1>{prefix}-\g<2>", body)
    body = re.sub(r"font-family: [^;\"]*;? ?| transform=\"rotate\(-0 [^\"]*\"|text-anchor: start; ?", "", body)
    body = re.sub(r"<defs>\s*</defs>|<g>\s*</g>", "", body)
    body = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), body)
    body = re.sub(r"\s*\n\s*", "\n", body).strip()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" aria-label="{_attribute(alt)}" viewBox="{box[1] if box else "0 0 600 300"}" '
        f'font-family="{FONT_STACK}" stroke-linejoin="round" stroke-linecap="butt">'
    )
    return f"{head}\n{body}"


def _attribute(text: str) -> str:
    for sign, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, code)
    return " ".join(text.replace(SPACE, " ").split())


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?" else f"{text}."
