"""What notebooks call to show figures, tables and sentences: in JupyterLab, and in the pages that clients read."""

from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.report.html_tables import table_html
from segkit.report.index_facts import rows_by_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS = "segkit"


def show_figure(figure: "Figure", run_dir: str | Path | None = None) -> None:
    """Show a chart as SVG with its alt text, and keep it with the run.

    Parameters
    ----------
    figure : Figure
        From a ``plot_`` function.
    run_dir : str or Path, optional
        Folder of the run: the chart is also written to ``figures/NAME.svg`` in it. Blank writes nothing.
    """
    from segkit.report.charts.frame import figure_svg

    svg = figure_svg(figure)
    if run_dir:
        folder = Path(run_dir) / "figures"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{figure.get_gid()}.svg").write_text(svg, encoding="utf-8", newline="\n")
    _display({"image/svg+xml": svg, "text/plain": str(figure.get_label())}, "figure")


def show_table(
    frame: pd.DataFrame,
    table_name: str | None = None,
    *,
    rows: int = 20,
    currency: str = "",
    caption: str = "",
    nothing: str = "",
) -> None:
    """Show the first rows of a table, with units, thousands separators and the meaning of each column on hover.

    Parameters
    ----------
    frame : DataFrame
        Any table.
    table_name : str, optional
        Its name in the plan, where further rows and meanings are found.
    rows : int
        Rows shown.
    currency : str
        ISO 4217 code of its money columns.
    caption : str
        Line above the table.
    nothing : str
        Sentence that stands instead of a table without rows, and says why; blank = the caption says so.
    """
    said = nothing or (f"{caption}: nothing to show." if caption else "")
    if frame.empty and said:
        _display({"text/html": f"<p>{escape(said)}</p>", "text/plain": said}, "sentence")
        return
    html = table_html(frame, table_name, rows=rows, currency=currency, caption=caption)
    _display({"text/html": html, "text/plain": f"{table_name or 'table'}: {len(frame):,} rows"}, "table")


def show_row_counts(data_quality: pd.DataFrame, *, currency: str = "") -> None:
    """Show rows and value read, used and set aside, by input table.

    Parameters
    ----------
    data_quality : DataFrame
        Table ``data_quality``.
    currency : str
        ISO 4217 code of value.
    """
    show_table(rows_by_table(data_quality, currency), rows=40)


def show_headline(headlines: pd.DataFrame, step: str) -> None:
    """Show the sentences of a step: the first one large.

    Parameters
    ----------
    headlines : DataFrame
        Table ``headlines``.
    step : str
        Name of the notebook, or its number.
    """
    steps = headlines["step"].astype(str)
    sentences = (
        headlines.loc[(steps == step) | steps.str.startswith(f"{step}_"), "sentence"].dropna().astype(str).tolist()
    )
    if not sentences:
        return
    first, rest = sentences[0], sentences[1:]
    more = f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in rest)}</ul>" if rest else ""
    html = f'<div class="headline"><p class="lead"><strong>{escape(first)}</strong></p>{more}</div>'
    _display({"text/html": html, "text/plain": "\n".join(sentences)}, "headline")


def show_provenance(plan: Any) -> None:
    """Show what the figures rest on: company, as_of, sources, main settings and versions; no path, no time of day.

    Parameters
    ----------
    plan : Plan
        The open plan.
    """
    settings = plan.settings
    rows = {
        "Company": settings.company.name or Path(plan.workspace).name,
        "Knows the data up to": f"{plan.as_of:%Y-%m-%d}",
        "Sources": "; ".join(f"{name}: {_origin(source)}" for name, source in settings.sources.items()),
        "Planning period": settings.periods.unit,
        "Classes by": f"{settings.segments.measure}, over {settings.segments.window_months} months",
        "Made with": f"segkit {version('segkit')}, pandas {pd.__version__}",
    }
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items() if text)
    plain = "\n".join(f"{name}: {text}" for name, text in rows.items())
    _display({"text/html": f'<dl class="provenance">{lines}</dl>', "text/plain": plain}, "provenance")


def _origin(source: Any) -> str:
    return Path(source.file).name if source.file else "database"


def _display(bundle: dict[str, str], what: str) -> None:
    from IPython.display import display

    display(bundle, raw=True, metadata={OURS: what})  # type: ignore[no-untyped-call]
