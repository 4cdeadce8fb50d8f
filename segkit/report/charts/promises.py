"""Charts of promised dates: whether they were kept as often as they say, and what on time, in full can mean."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.forecasts import segment_word
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MUTED,
    SOFT,
    WASH,
    bar_labels,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import MINUS, percent, plain_number, plural, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SEGMENTS = 12
DARK = 0.55
TOLERANCE = 0.015
REACHES = 2
FEWEST_LINES = 30  # a group with fewer is drawn, not named
_BASES = {"requested": "date asked for", "promised": "date promised"}


@styled
def plot_promise_reliability(promise_reliability: pd.DataFrame, entity: str = "all") -> "Figure":
    """Draw how often promised dates were kept, by segment and reliability.

    Parameters
    ----------
    promise_reliability : DataFrame
        Table ``promise_reliability``: `check_promises` by entity and entity_id.
    entity : str
        What the segments are, for example mode; all = everything together.

    Returns
    -------
    Figure
        One panel per reliability, segments with most lines first: the share kept with its interval beside the level.
    """
    name, word = f"promise_reliability_{entity}", segment_word(entity)
    rows = promise_reliability[(promise_reliability["entity"] == entity) & promise_reliability["frequency"].notna()]
    if rows.empty:
        return empty_figure(name, f"No promised date by {word} was judged.")
    reach = (rows["frequency"] - rows["frequency_low"]).combine(rows["frequency_high"] - rows["frequency"], max)
    rows = rows.assign(off=rows["deviation"].abs() > np.maximum(TOLERANCE, REACHES * reach.fillna(1.0)))
    sizes = rows.groupby("entity_id")["lines"].max()
    order = sizes.sort_index().sort_values(ascending=False, kind="stable").index
    shown, levels = list(order[:MOST_SEGMENTS]), sorted(rows["promised_reliability"].unique())
    figure = start_figure(name, _title(rows, word), _note(len(order), word), height=0.75 + 0.27 * len(shown))
    panels = figure.subplots(1, len(levels), sharey=True, squeeze=False).ravel()
    seen = rows[rows["entity_id"].isin(shown)]
    floor = max(0.0, float(seen["frequency_low"].fillna(seen["frequency"]).min()) - 0.03)
    for axes, level in zip(panels, levels, strict=True):
        one = rows[rows["promised_reliability"] == level].set_index("entity_id").reindex(shown)
        _draw_level(axes, one, level, floor)
    heads = ["everything" if entity == "all" else shorten(one, 20) for one in shown]
    bar_labels(panels[0], [f"{head} · {plain_number(int(sizes[one]))}" for head, one in zip(heads, shown, strict=True)])
    told = rows[rows["entity_id"].isin(shown)].sort_values(["entity_id", "promised_reliability"])
    return describe(figure, "; ".join(_words(row) for row in told.itertuples()))


@styled
def plot_otif(otif: pd.DataFrame) -> "Figure":
    """Draw what on time, in full comes to under every definition.

    Parameters
    ----------
    otif : DataFrame
        Table ``otif``, or rows of one group from `measure_otif`.

    Returns
    -------
    Figure
        A heat map: windows down, date and unit of counting across; each cell the share on time, in full.
    """
    rows = otif[otif["entity"] == "all"] if "entity" in otif else otif
    rows = rows[rows["otif"].notna()]
    if rows.empty:
        return empty_figure("otif", "No order line was due.")
    bases = [one for one in _BASES if one in set(rows["measured_against"])]
    counted = [one for one in ("case", "line", "order") if one in set(rows["counted_by"])]
    columns = [(basis, unit) for basis in bases for unit in counted]
    grid = rows.pivot_table(index="window", columns=["measured_against", "counted_by"], values="otif", observed=True)
    strictness = grid.mean(axis=1).sort_index().sort_values(kind="stable")
    grid = grid.reindex(index=strictness.index, columns=pd.MultiIndex.from_tuples(columns))
    figure = start_figure("otif", _otif_title(rows), _otif_note(rows), height=0.75 + 0.42 * len(grid))
    _draw_grid(figure.subplots(), grid, columns)
    return describe(figure, "; ".join(_otif_words(row) for row in _in_order(rows).itertuples()))


def _title(rows: pd.DataFrame, word: str) -> str:
    enough = (rows["lines"] >= FEWEST_LINES).to_numpy()
    if not enough.any():
        return (
            f"Too few lines were promised to tell whether dates are kept: {plain_number(rows['lines'].max())} at most"
        )
    rows, small = rows[enough], rows["entity_id"].nunique() > rows["entity_id"][enough].nunique()
    far = rows.assign(gap=(rows["frequency"] - rows["promised_reliability"]).abs())
    far = far.sort_values(
        ["off", "gap", "entity_id", "promised_reliability"], ascending=[False, False, True, True]
    ).iloc[0]
    level = percent(far["promised_reliability"])
    where = f"{percent(far['frequency'], 1)} of the dates promised at {level} were kept (ties by lot)"
    segments = rows.groupby("entity_id")["off"].any()
    if len(segments) == 1:
        return f"Promised dates {'are not' if segments.any() else 'are'} kept as often as they say: {where}"
    kept = int((~segments).sum())
    of = "all" if kept == len(segments) else plain_number(kept)
    of_many = f" of {FEWEST_LINES} lines or more" if small else ""
    head = (
        f"Promised dates are kept as often as they say in {of} of {plain_number(len(segments))} {plural(word)}{of_many}"
    )
    return f"{head}; farthest off is {shorten(far['entity_id'], 24)}, where {where}"


def _note(count: int, word: str) -> str:
    rest = f"; the {MOST_SEGMENTS} largest of {plain_number(count)} {plural(word)}" if count > MOST_SEGMENTS else ""
    return (
        "Share of lines there by the promised day, ties on whole days drawn by lot (randomised); line: 90 % interval "
        f"over months, red: farther off than twice that; number beside the name: lines judged{rest}"
    )


def _draw_level(axes: "Axes", rows: pd.DataFrame, level: float, floor: float) -> None:
    places = np.arange(len(rows))
    color = np.where(rows["off"].fillna(False).astype(bool), LOSS, ACCENT)
    axes.axvline(level, color=MUTED, linewidth=0.9)
    axes.hlines(places, rows["frequency_low"], rows["frequency_high"], color=color, linewidth=1.8, alpha=0.6)
    axes.scatter(rows["frequency"], places, s=26, color=color, linewidth=0, zorder=3)
    only_baseline(axes)
    axes.set_xlim(min(floor, level - 0.05), 1.005)
    axes.locator_params(axis="x", nbins=4)
    format_axis(axes.xaxis, percent)
    axes.set_title(f"promised at {percent(level)}", loc="left", size=8.5, color=INK, pad=4)


def _words(row: object) -> str:
    level, frequency = percent(row.promised_reliability), percent(row.frequency, 1)  # type: ignore[attr-defined]
    return f"{row.entity_id} at {level}: {frequency}"  # type: ignore[attr-defined]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["measured_against", "counted_by", "window"], kind="stable")


def _otif_title(rows: pd.DataFrame) -> str:
    ranked = rows.sort_values(["otif", "measured_against", "counted_by", "window"], kind="stable")
    low, high = ranked.iloc[0], ranked.iloc[-1]
    if len(rows) == 1:
        return f"On time, in full is {percent(low['otif'])} ({_meant(low)})"
    return (
        f"On time, in full is anything from {percent(low['otif'])} ({_meant(low)}) to {percent(high['otif'])} "
        f"({_meant(high)})"
    )


def _meant(row: pd.Series) -> str:
    return f"{plural(row['counted_by'])}, {_BASES[row['measured_against']]}, {row['window']}"


def _otif_note(rows: pd.DataFrame) -> str:
    lines = rows[rows["counted_by"] == "line"]
    count = plain_number(float(lines["due"].max())) if len(lines) else ""
    judged = f"; up to {count} order lines were due" if count else ""
    full = "" if not rows["definition"].str.contains("counts as full").any() else "; what is delivered counts as full"
    return f"Share of cases, order lines or orders due that came within the window (days early/late){full}{judged}"


def _draw_grid(axes: "Axes", grid: pd.DataFrame, columns: list[tuple[str, str]]) -> None:
    import seaborn

    shades = seaborn.blend_palette([WASH, SOFT, ACCENT], as_cmap=True)
    seaborn.heatmap(grid, cbar=False, linewidths=3, linecolor="white", ax=axes, cmap=shades, vmin=0, vmax=1)
    for row, column in np.ndindex(grid.shape):
        share = float(grid.to_numpy()[row, column])
        color = "white" if share > DARK else INK
        axes.text(column + 0.5, row + 0.5, percent(share), ha="center", va="center", size=10, color=color)
    axes.set(xlabel="", ylabel="")
    axes.xaxis.tick_top()
    heads = [f"{_BASES[basis]}\nby {unit}" for basis, unit in columns]
    axes.set_xticks(np.arange(len(columns)) + 0.5, heads)
    axes.set_yticks(np.arange(len(grid)) + 0.5, [str(one).replace("-", MINUS) for one in grid.index])
    axes.tick_params(axis="both", labelsize=9, colors=INK, rotation=0)


def _otif_words(row: object) -> str:
    share = percent(row.otif)  # type: ignore[attr-defined]
    return f"{row.measured_against}, {row.counted_by}, {row.window}: {share}"  # type: ignore[attr-defined]
