"""How segments move: volume, prices, margin and share, period by period."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.dynamics.lines.line_kinds import ALL
from segkit.formulas.price_index import fisher_indices, price_index
from segkit.formulas.sums import clean_sums

TRENDS = ("channel", "category", "region", "country", "item_class", "customer_class", "micro_segment")


def follow_segments(lines: pd.DataFrame, periods: pd.DataFrame, *, groups: Sequence[str] | None = None) -> pd.DataFrame:
    """Return ``segment_dynamics``: what every segment bought, at which prices, and earned, period by period.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` with the segment of each line in the columns that ``groups`` names.
    periods : DataFrame
        Table ``periods``, of these lines.
    groups : sequence of str, optional
        Columns whose values are the segments; not given = channel, category, region, country, item_class,
        customer_class and micro_segment, as far as the lines have them and they tell more than one apart.

    Returns
    -------
    DataFrame
        A row per segment (and one entity ``all``) and period from its first line on, silent periods included.

    Notes
    -----
    Lines are counted in the segments that their items and customers are in today: the past of a class is that of
    its members now. A class of those who did well will seem to have grown (survivorship); channels, categories,
    regions and countries have no such bias.

    price_index is Fisher's over the items sold in both of two periods, averaged over all ways through the periods
    known by then (`formulas.price_index`); an item's price is its revenue after discount / units sold. volume =
    sales / price_index. Both do not depend on the unit that items are counted in; quantity does. Both are blank where
    periods are days, which share too few items.
    """
    if lines.empty:
        return empty_table("segment_dynamics")
    if groups is None:
        groups = [name for name in TRENDS if name in lines and lines[name].nunique() > 1]
    periods = periods.sort_values("period", ignore_index=True)
    grid = _Lines.of(lines, periods)
    tables = [_follow(grid, lines, name, periods) for name in ("", *groups)]
    spec = nomenclature()["segment_dynamics"]
    types = {name: dtype for name, dtype in empty_table("segment_dynamics").dtypes.items() if name != "period"}
    table = pd.concat(tables, ignore_index=True)[list(spec.columns)].astype(types)
    return table.sort_values(list(spec.key), ignore_index=True)


@dataclass(frozen=True)
class _Lines:
    """What every group needs of the lines: the place of their period, item and customer, and which were sold."""

    period: np.ndarray
    item: np.ndarray
    customer: np.ndarray
    sold: np.ndarray
    figures: dict[str, np.ndarray]
    counts: tuple[int, int, int]
    named: np.ndarray

    @classmethod
    def of(cls, lines: pd.DataFrame, periods: pd.DataFrame) -> "_Lines":
        item, items = pd.factorize(lines["item_id"])
        customer, customers = pd.factorize(lines["customer_id"])
        sold = ((lines["quantity"] > 0) & ~lines["is_reversed"]).to_numpy(dtype=bool)
        figures = {name: lines[name].to_numpy() for name in ("quantity", "revenue", "net_margin")}
        place = periods["period"].searchsorted(lines["period"])
        named = np.asarray(customers != UNKNOWN_CUSTOMER, dtype=bool)
        return cls(place, item, customer, sold, figures, (len(periods), len(items), len(customers)), named)


def _follow(grid: _Lines, lines: pd.DataFrame, group: str, periods: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one group of segments."""
    span = len(periods)
    code, names = pd.factorize(lines[group], sort=True) if group else (np.zeros(len(lines), dtype=int), [ALL])
    cell, size = code * span + grid.period, len(names) * span
    sold = np.where(grid.sold, grid.figures["quantity"], 0.0)
    sums = {name: clean_sums(cell, grid.figures[name], size) for name in ("revenue", "net_margin")}
    table = pd.DataFrame({"quantity": clean_sums(cell, sold, size), **sums})
    table["entity"], table["entity_id"] = group or "all", np.repeat(np.asarray(names, dtype=object), span)
    for name in ("period", "complete"):
        table[name] = np.tile(periods[name].to_numpy(), len(names))
    table["margin_share"] = (table["net_margin"] / table["revenue"]).where(table["revenue"] > 0)
    whole = np.tile(np.nansum(table["revenue"].to_numpy().reshape(-1, span), axis=0), len(names))
    table["share"] = (table["revenue"] / whole).where(whole > 0)
    table["price_index"], table["volume"] = np.nan, np.nan
    if (periods["period_end"] > periods["period"]).any():
        table["price_index"], table["volume"] = _prices(
            grid, code, len(names), periods["complete"].to_numpy(dtype=bool)
        )
    table["customers"] = _distinct(cell[grid.sold], grid.customer[grid.sold], grid.counts[2], size, grid.named)
    table["items"] = _distinct(cell[grid.sold], grid.item[grid.sold], grid.counts[1], size)
    lines_there = np.bincount(cell, minlength=size).reshape(-1, span)
    return table[(lines_there.cumsum(axis=1) > 0).ravel()]


def _prices(grid: _Lines, code: np.ndarray, segments: int, complete: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the price index of every segment and period, and its sales at the prices of the base."""
    span, items = grid.counts[0], grid.counts[1]
    known = grid.sold & ~np.isnan(grid.figures["revenue"])
    key = ((code * span + grid.period) * items + grid.item)[known]
    place, cells = pd.factorize(key)
    quantity, revenue = (np.bincount(place, grid.figures[name][known], len(cells)) for name in ("quantity", "revenue"))
    order = np.argsort(cells // (items * span), kind="stable")
    cells, quantity, revenue = cells[order], quantity[order], revenue[order]
    edges = np.searchsorted(cells // (items * span), np.arange(segments + 1))
    index, sales = np.full((segments, span), np.nan), np.zeros((segments, span))
    for segment, (begin, end) in enumerate(pairwise(edges)):
        period, item = np.divmod(cells[begin:end] % (items * span), items)
        sales[segment] = np.bincount(period, revenue[begin:end], span)
        there = sales[segment] > 0
        if there.any():
            base = int(np.argmax(there & complete)) if (there & complete).any() else int(np.argmax(there))
            sold = pd.factorize(item)[0], quantity[begin:end], revenue[begin:end]
            index[segment] = price_index(fisher_indices(period, *sold, periods=span), base=base)
    unpriced = np.bincount(code[grid.sold & ~known] * span + grid.period[grid.sold & ~known], minlength=segments * span)
    volume = np.where(sales > 0, sales / index, np.where(unpriced.reshape(sales.shape) > 0, np.nan, 0.0))
    return index.ravel(), volume.ravel()


def _distinct(
    cell: np.ndarray, code: np.ndarray, count: int, size: int, counted: np.ndarray | None = None
) -> np.ndarray:
    """Return how many different codes occur in each cell."""
    pairs = pd.unique(cell * count + code)
    if counted is not None:
        pairs = pairs[counted[pairs % count]]
    return np.bincount(pairs // count, minlength=size)
