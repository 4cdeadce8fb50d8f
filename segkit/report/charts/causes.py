"""Charts of why loss makers lose: the causes of the worst of them side by side, and of all of them together."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.dynamics.causes.cause_names import CAUSES, LOW_PRICED
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    LOSS,
    MUTED,
    SOFT,
    WASH,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, plural, short_money, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 15
_ID_WIDTH, _NAME_WIDTH = 18, 26  # characters
_DARK = 0.75  # share of a row's shortfall above which the text is white
_SLIGHT = 0.005  # of all shortfall: a cause that takes less in every row has no column


@styled
def plot_loss_causes(
    margin_causes: pd.DataFrame,
    entity: str = "customer",
    *,
    names: "pd.Series | pd.DataFrame | None" = None,
    currency: str = "",
) -> "Figure":
    """Draw what the worst loss makers lose by, cause by cause.

    Parameters
    ----------
    margin_causes : DataFrame
        Table ``margin_causes``.
    entity : str
        ``customer`` or ``item``.
    names : Series or DataFrame, optional
        What to call them: names by id, or a table with customer_id and name, or item_id and description. Where a name
        is not known the id is shown.
    currency : str
        ISO 4217 code of the money.

    Returns
    -------
    Figure
        A heat map, worst first: colour is the share of the row's shortfall against normal, the text is money.
    """
    name = f"loss_causes_{entity}"
    losing = _losing(margin_causes, entity)
    if losing.empty:
        return empty_figure(name, f"No {entity} loses money.")
    worst = losing.head(MOST_ROWS)
    taken = worst[list(CAUSES)].clip(upper=0).abs()
    columns = [cause for cause in CAUSES if taken[cause].sum() > _SLIGHT * taken.sum().sum()]
    unit = f" [{currency}]" if currency else ""
    share = percent(worst["net_margin"].sum() / losing["net_margin"].sum(), 0)
    some = f"The {len(worst)} worst of {plain_number(len(losing))} ({share} of the loss): e"
    which = some if len(losing) > len(worst) else "E"
    note = (
        f"{which}ffect of each cause on the net margin{unit}, against peers that earn; the darker, the more of its loss"
    )
    figure = start_figure(name, _main_title(losing, entity, currency), note, height=0.5 + 0.31 * len(worst))
    labels = _labels(worst["entity_id"], names, entity)
    _draw_causes(figure.subplots(), worst.assign(label=labels), columns, entity)
    told = [f"{row.entity_id}: {row.main_cause}" for row in worst.itertuples() if row.main_cause]
    return describe(figure, "main causes of " + "; ".join(told)) if told else figure


@styled
def plot_cause_totals(margin_causes: pd.DataFrame, entity: str = "customer", *, currency: str = "") -> "Figure":
    """Draw the way of all loss makers together from the margin that is normal to the one they leave.

    Parameters
    ----------
    margin_causes : DataFrame
        Table ``margin_causes``.
    entity : str
        ``customer`` or ``item``.
    currency : str
        ISO 4217 code of the money.

    Returns
    -------
    Figure
        Bars from above to below: what their sales would leave on the terms of peers, what each cause takes or gives.
    """
    name = f"cause_totals_{entity}"
    losing = _losing(margin_causes, entity)
    if losing.empty:
        return empty_figure(name, f"No {entity} loses money.")
    effects = losing[list(CAUSES)].sum()
    kept = effects[effects.abs() > _SLIGHT * effects.abs().sum()].sort_values(kind="stable")
    rest = float(effects.sum() - kept.sum())
    steps = [(_word(cause, entity), float(amount)) for cause, amount in kept.items()]
    steps += [("other causes", rest)] if len(kept) < (effects != 0).sum() else []
    unit = f" [{currency}]" if currency else ""
    note = f"Net margin{unit} of all {entity}s that lose money: on the terms of peers, and how it comes to what it is"
    figure = start_figure(name, _totals_title(losing, effects, entity, currency), note, height=0.9 + 0.32 * len(steps))
    _draw_steps(figure.subplots(), float(losing["normal_margin"].sum()), steps)
    return describe(figure, "; ".join(f"{word}: {short_money(amount, currency)}" for word, amount in steps))


def _labels(ids: pd.Series, names: "pd.Series | pd.DataFrame | None", entity: str) -> list[str]:
    """Return names where they are known, shortened, else ids; a name that two ids have is followed by the id."""
    if isinstance(names, pd.DataFrame):
        names = names.set_index(f"{entity}_id")["name" if entity == "customer" else "description"]
    if names is None or names.empty:
        return [shorten(name, _ID_WIDTH) for name in ids]
    names = names.dropna().astype("str")
    known = ids.map(names[(names.str.strip() != "") & ~names.index.duplicated()])
    twice = known.duplicated(keep=False) & known.notna()
    return [
        shorten(name, _ID_WIDTH)
        if pd.isna(label)
        else f"{shorten(label, _NAME_WIDTH - len(name) - 1)} {name}"
        if same
        else shorten(label, _NAME_WIDTH)
        for name, label, same in zip(ids, known, twice, strict=True)
    ]


def _losing(margin_causes: pd.DataFrame, entity: str) -> pd.DataFrame:
    """Return the loss makers, worst first; of equal ones the first by id."""
    rows = margin_causes[((margin_causes["entity"] == entity) & (margin_causes["net_margin"] < 0)).to_numpy(dtype=bool)]
    return rows.sort_values(["net_margin", "entity_id"], kind="stable", ignore_index=True)


def _word(cause: str, entity: str) -> str:
    return LOW_PRICED if entity == "item" and cause == "mix_effect" else CAUSES[cause]


def _main_title(losing: pd.DataFrame, entity: str, currency: str) -> str:
    lost = short_money(-losing["net_margin"].sum(), currency)
    counts = losing.loc[losing["main_cause"] != "", "main_cause"].value_counts().sort_index(kind="stable")
    one = len(losing) == 1
    who = f"{plain_number(len(losing))} {entity if one else plural(entity)} lose{'s' * one} {lost}"
    if counts.empty:
        return who
    first = counts.index[counts == counts.max()].tolist()
    words = ", ".join(first[:-1]) + f" and {first[-1]}" if len(first) > 1 else first[0]
    if counts.max() == len(losing):
        return f"{who}, {'' if one else 'all '}mainly by {words}"
    return f"{who}, {plain_number(counts.max())} {'each' if len(first) > 1 else 'of them'} mainly by {words}"


def _totals_title(losing: pd.DataFrame, effects: pd.Series, entity: str, currency: str) -> str:
    missed = float(losing["normal_margin"].sum() - losing["net_margin"].sum())
    taken = -effects[effects < 0].sort_values(kind="stable")
    one = len(losing) == 1
    who = f"The {entity} that loses money misses" if one else f"{plural(entity).capitalize()} that lose money miss"
    title = f"{who} {short_money(missed, currency)} of a normal margin"
    if taken.empty:
        return title
    shares = taken.head(3) / taken.sum()
    parts = [f"{percent(share, 0)} by {_word(str(cause), entity)}" for cause, share in shares.items()]
    return f"{title}: {', '.join(parts)}"


def _draw_causes(axes: "Axes", worst: pd.DataFrame, columns: list[str], entity: str) -> None:
    import seaborn

    effects = worst[columns].to_numpy(dtype=float)
    shortfall = np.maximum(-np.minimum(worst[list(CAUSES)].to_numpy(dtype=float), 0).sum(axis=1), 1e-12)
    shares = effects / shortfall[:, None]
    losses = seaborn.blend_palette([WASH, "#e8b898", LOSS], as_cmap=True)
    seaborn.heatmap(
        -np.minimum(shares, 0), cbar=False, linewidths=2, linecolor="white", ax=axes, cmap=losses, vmin=0, vmax=1
    )
    for row, column in np.ndindex(effects.shape):
        _write_effect(axes, (row, column), effects[row, column], shares[row, column])
    margins, edge = worst["net_margin"].to_numpy(dtype=float), 1.15 * len(columns)
    for row, margin in enumerate(margins):
        axes.text(edge, row + 0.5, short_number(margin), ha="right", va="center", size=9, color=LOSS)
    axes.set_xlim(0, edge)
    axes.text(edge, -0.2, "net margin", ha="right", va="bottom", size=8.5, color=INK)
    heads = [_word(cause, entity).replace(" against ", "\nagainst ") for cause in columns]
    axes.set_xticks(np.arange(len(columns)) + 0.5, heads)
    axes.set_yticks(np.arange(len(worst)) + 0.5, worst["label"].tolist())
    axes.set(xlabel="", ylabel="")
    axes.xaxis.tick_top()
    axes.tick_params(axis="both", labelsize=8.5, colors=INK, rotation=0)


def _write_effect(axes: "Axes", place: tuple[int, int], effect: float, share: float) -> None:
    row, column = place
    slight = abs(share) < 0.01
    color = LINE if slight else "white" if share < -_DARK else INK if share < 0 else ACCENT
    text = "·" if slight else ("+" if effect > 0 else "") + short_number(effect, 2)
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", size=8.5, color=color)


def _draw_steps(axes: "Axes", normal: float, steps: list[tuple[str, float]]) -> None:
    names = ["normal margin", *(word for word, _ in steps), "net margin"]
    sizes = np.array([normal, *(amount for _, amount in steps)])
    ends = sizes.cumsum()
    starts = np.concatenate([[0.0], ends[:-1]])
    bar_labels(axes, names)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    colors = [ACCENT, *(LOSS if amount < 0 else SOFT for _, amount in steps), LOSS]
    axes.barh(range(len(names)), [*sizes, ends[-1]], left=[*starts, 0.0], color=colors, height=0.6)
    low, high = min(ends.min(), 0.0), max(ends.max(), starts.max(), 0.0)
    span = (high - low) or 1.0
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_xlim(low - 0.02 * span, high + 0.16 * span)
    axes.set_xticks([])
    for place, (start, size) in enumerate(zip([*starts, 0.0], [*sizes, ends[-1]], strict=True)):
        edge = max(start, start + size, 0.0) + 0.012 * span
        axes.text(edge, place, short_number(size), va="center", size=9, color=LOSS if size < 0 else INK)
