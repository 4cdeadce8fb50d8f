"""Why net margin changed between two spans of time: volume, mix, price, FX, cost, cost-to-serve, returns, new and lost.

Every cell (an item bought by a customer) leaves quantity x (price x FX rate - unit cost - unit cost-to-serve). Quantity
is volume x mix: the volume of all cells together, each unit weighed with its item's price over both spans (so that it
does not matter whether an item is counted in pieces or in dozens), and the cell's part in it. The change of each
product is split fairly over its factors (`formulas.shapley`): no residual, no order. Volume and mix are parts of one
factor, so what they are taken within has no say in the other effects: those add up over groups.

FX is the exchange rates of selling prices, each told from prices within its own currency: who is billed in another
currency at the same price has neither effect. Costs are counted in the plan's currency, whatever they were recorded
in: what a rate does to a cost is in the effect of cost (a price and a cost in the same foreign currency move against
each other, one in FX, one in cost).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.masters import are_among, column_or_missing
from segkit.formulas.shapley import owen_effects

CELL = ("item_id", "customer_id")
SUMS = ["quantity", "revenue", "local_revenue", "cost", "service", "returned"]
CURRENCY = "currency"
EFFECTS = ["volume", "mix", "price", "fx", "cost", "service", "returns", "new", "lost"]
STATUSES = ("", "new_customer", "lost_customer", "new_item", "lost_item")


def sum_cells(lines: pd.DataFrame, *, by: Sequence[str] = CELL, measure: str = "net_margin") -> pd.DataFrame:
    """Return what a bridge needs of order lines, added up by cell.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``; without fx_rate every rate is 1, without currency all lines are in one.
    by : sequence of str
        Columns that make a cell: item_id, customer_id and any more (period, channel, ...).
    measure : str
        ``net_margin``, ``gross_margin`` or ``revenue``: what the bridge is to explain.

    Returns
    -------
    DataFrame
        A row per cell and currency of its lines: the columns of ``by`` and currency, then quantity [units], revenue,
        cost, service [currency] and local_revenue [the line's currency] of what was sold, and returned: the measure of
        goods taken back, of lines that cancel each other and of lines without quantity. A line whose measure is not
        known counts nothing.

    Notes
    -----
    Cells add up: rows of several periods may be put together, and `bridge_cells` adds equal keys itself.
    """
    known = lines[lines[measure].notna().to_numpy()]
    sold = (known["quantity"] > 0).to_numpy() & ~known["is_reversed"].to_numpy(dtype=bool)
    revenue = known["revenue"].to_numpy()
    rate = column_or_missing(known, "fx_rate").fillna(1.0).to_numpy()
    gross = known["gross_margin"].to_numpy() if measure != "revenue" else revenue
    left = known[measure].to_numpy()
    figures = dict(
        zip(
            SUMS[:-1],
            (known["quantity"].to_numpy(), revenue, revenue / rate, revenue - gross, gross - left),
            strict=True,
        )
    )
    known = known if CURRENCY in known else known.assign(currency="")
    code, keys = _number(known, (*by, CURRENCY))
    for name, values in figures.items():
        keys[name] = _added(code[sold], values[sold], len(keys))
    return keys.assign(returned=_added(code[~sold], left[~sold], len(keys)))


def bridge_cells(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    by: Sequence[str] = CELL,
    within: str = "",
    known: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Return by cell why the measure changed from one span to another.

    Parameters
    ----------
    before, after : DataFrame
        `sum_cells` of the two spans, over the same measure.
    by : sequence of str
        Columns that make a cell; item_id and customer_id are among them.
    within : str
        One of ``by``: volume and mix are those within each of its values; blank = within the whole company.
    known : tuple of two DataFrames, optional
        Cells of the windows up to the end of each span, by which it is judged who is new and who is lost; windows as
        long as each other that do not overlap judge both alike. Not given = the spans themselves.

    Returns
    -------
    DataFrame
        The columns of ``by``, status (new_customer, lost_customer, new_item, lost_item or blank), start,
        volume_effect, mix_effect, price_effect, fx_effect, cost_effect, service_effect, returns_effect, new_effect,
        lost_effect, end [currency]. In every row start + effects = end.

    Notes
    -----
    New is what nothing was sold of (or to) in the window of the earlier span, lost what nothing was sold of in the
    window of the later one; customers come before items, and the unknown customer is never new nor lost. A cell of
    others that was sold in one span only has no price of its own to compare: the customers of an item of whom this is
    so are one cell, the price and cost of which move (not where volume and mix are within each customer: there its
    change is volume and mix).
    """
    cells = align_cells(before, after, by=by, known=known)
    effects = cell_effects(cells, within=within)
    table = cells.keys.assign(
        status=pd.Series(np.array(STATUSES, dtype=object)[cells.status], dtype="str"), start=cells.ends()[0]
    )
    for name in EFFECTS:
        table[f"{name}_effect"] = effects[name]
    return table.assign(end=cells.ends()[1])


@dataclass(frozen=True)
class Cells:
    """The cells of two spans side by side: their keys, what was sold in each span, and who is new or lost.

    ``sums`` holds an array of shape (2, cells) per figure of `sum_cells`: the earlier span, the later one;
    local_revenue is told at the rates that each cell had on average over both spans, so that currencies add up.
    """

    keys: pd.DataFrame
    sums: dict[str, np.ndarray]
    status: np.ndarray

    def sold_margin(self) -> np.ndarray:
        """Return what sales left, by span and cell."""
        return self.sums["revenue"] - self.sums["cost"] - self.sums["service"]

    def ends(self) -> np.ndarray:
        """Return what sales left and returns took, by span and cell."""
        return self.sold_margin() + self.sums["returned"]


def align_cells(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    by: Sequence[str] = CELL,
    known: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> Cells:
    """Return the cells of two spans side by side.

    Parameters
    ----------
    before, after, by, known
        As `bridge_cells` takes them.

    Returns
    -------
    Cells
        In the order of their keys.
    """
    both = pd.concat([before, after], ignore_index=True)
    code, keys = _number(both, by)
    side = np.arange(len(both)) >= len(before)
    figures = {name: both[name].to_numpy() for name in SUMS} | {"local_revenue": _at_mean_rates(both, code)}
    place, size = code + len(keys) * side, 2 * len(keys)
    sums = {name: _added(place, values, size).reshape(2, -1) for name, values in figures.items()}
    return Cells(keys, sums, _status(keys, sums["quantity"] > 0, known or (before, after), (before, after)))


def cell_effects(cells: Cells, *, within: str = "") -> dict[str, np.ndarray]:
    """Return the effects of `bridge_cells`, one array over the cells each.

    Parameters
    ----------
    cells : Cells
        From `align_cells`.
    within : str
        Column of the keys within whose values volume and mix are taken; blank = within the whole company.

    Returns
    -------
    dict of arrays
        volume, mix, price, fx, cost, service, returns, new, lost [currency].
    """
    margin, returned = cells.sold_margin(), cells.sums["returned"]
    effects = _split(cells, within)
    effects["returns"] = returned[1] - returned[0]
    for word in ("new", "lost"):
        hit = np.isin(cells.status, [place for place, name in enumerate(STATUSES) if name.startswith(word)])
        effects[word] = np.where(hit, margin[1] - margin[0], 0.0)
    return effects


def _number(rows: pd.DataFrame, by: Sequence[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the cell of every row, and the cells in the order of their keys."""
    code, levels = np.zeros(len(rows), dtype="int64"), []
    for name in by:
        part, ids = pd.factorize(rows[name], sort=True)
        code = code * max(len(ids), 1) + part
        levels.append(ids)
    cell, found = pd.factorize(code, sort=True)
    parts = np.unravel_index(found, [max(len(ids), 1) for ids in levels])
    keys = {name: pd.Series(ids).take(part) for name, ids, part in zip(by, levels, parts, strict=True)}
    table = pd.DataFrame({name: column.reset_index(drop=True) for name, column in keys.items()})
    return cell, table.astype({name: rows[name].dtype for name in by})


def _at_mean_rates(rows: pd.DataFrame, code: np.ndarray) -> np.ndarray:
    """Return local revenue at the mean rate of its currency in its cell: what it would be, had no rate moved."""
    currency, names = pd.factorize(rows[CURRENCY], use_na_sentinel=False)
    pair, found = pd.factorize(code * max(len(names), 1) + currency)
    revenue, local = (_added(pair, rows[name].to_numpy(), len(found)) for name in ("revenue", "local_revenue"))
    return rows["local_revenue"].to_numpy() * _ratio(revenue, local)[pair]


def _status(
    keys: pd.DataFrame, sold: np.ndarray, known: tuple[pd.DataFrame, ...], spans: tuple[pd.DataFrame, ...]
) -> np.ndarray:
    """Return of every cell the place in STATUSES: whether its customer, else its item, is new or lost."""
    status = np.zeros(len(keys), dtype=np.int8)
    for name, new, lost in (("item_id", 3, 4), ("customer_id", 1, 2)):
        there = [
            _is_sold(keys[name], window) | _is_sold(keys[name], span) for window, span in zip(known, spans, strict=True)
        ]
        named = (keys[name] != UNKNOWN_CUSTOMER).to_numpy()
        status[named & ~there[0] & sold[1]] = new
        status[named & ~there[1] & sold[0]] = lost
    return status


def _is_sold(ids: pd.Series, cells: pd.DataFrame) -> np.ndarray:
    """Return which ids are among those of which something was sold."""
    sold, others = (cells["quantity"] > 0).to_numpy(), cells[str(ids.name)]
    alike = isinstance(ids.dtype, pd.CategoricalDtype) and isinstance(others.dtype, pd.CategoricalDtype)
    if not alike or ids.cat.categories is not others.cat.categories:
        return are_among(ids, others[sold])
    found = np.zeros(len(ids.cat.categories), dtype=bool)  # codes of the same categories tell without looking up
    found[others.cat.codes.to_numpy()[sold]] = True
    return found[ids.cat.codes.to_numpy()]


def _split(cells: Cells, within: str) -> dict[str, np.ndarray]:
    """Return the effects of volume, mix, price, FX, cost and cost-to-serve, in the cells that stay."""
    stays = cells.status == 0
    worth = (cells.sums["quantity"] * _weights(cells))[:, stays]
    pool = _pools(cells, stays, within)
    size = pool.max(initial=-1) + 1
    first = np.zeros(size, dtype=int)
    first[pool[::-1]] = np.arange(len(pool))[::-1]
    own = cells.keys[within][stays].iloc[first] if within else np.zeros(size, dtype=int)
    sums = {name: _by_pool(values[:, stays], pool, size) for name, values in cells.sums.items()}
    found = _split_pools(_by_pool(worth, pool, size), sums, pd.factorize(own)[0])
    return _share_out(found, cells, stays, pool, worth)


def _pools(cells: Cells, stays: np.ndarray, within: str) -> np.ndarray:
    """Return the pool of every cell that stays: those of one item that were sold in one span only are one pool.

    Customers who buy an item once have no price of their own to compare; together they show how its price moved.
    """
    one_sided = np.diff(cells.sums["quantity"][:, stays] > 0, axis=0)[0]
    keys = [name for name in cells.keys if name != "customer_id"]
    if within == "customer_id" or not one_sided.any():
        return np.arange(int(stays.sum()))
    code = _number(cells.keys[stays][keys], keys)[0]
    return pd.factorize(np.where(one_sided, code, code.max(initial=0) + 1 + np.arange(len(code))))[0]


def _by_pool(values: np.ndarray, pool: np.ndarray, size: int) -> np.ndarray:
    return np.stack([_added(pool, one, size) for one in values])


def _split_pools(volume: np.ndarray, sums: dict[str, np.ndarray], group: np.ndarray) -> dict[str, np.ndarray]:
    """Return the effects pool by pool; volume and mix are taken within each group."""
    total = np.stack([_added(group, one, len(group))[group] for one in volume])
    part = _known_or_other(_ratio(volume, total), total > 0)
    revenue = sums["revenue"]
    local = np.where(sums["local_revenue"] == 0, revenue, sums["local_revenue"])
    rate = _known_or_other(_ratio(revenue, local), local != 0)
    priced = {"price": local, "cost": sums["cost"], "service": sums["service"]}
    per_volume = {name: _known_or_other(_ratio(money, volume), volume > 0) for name, money in priced.items()}
    factors = {"volume": total, "mix": part, "price": per_volume["price"], "fx": rate}
    effects = {name: np.zeros(len(group)) for name in EFFECTS}
    _add_effects(effects, factors, 1.0)
    for name in ("cost", "service"):
        _add_effects(effects, {"volume": total, "mix": part, name: per_volume[name]}, -1.0)
    return effects


def _share_out(
    found: dict[str, np.ndarray], cells: Cells, stays: np.ndarray, pool: np.ndarray, worth: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the effects cell by cell: those of a pool by volume; what of its change is left in a cell is mix."""
    size = len(found["mix"])
    both = worth.sum(axis=0)
    share = _ratio(both, _added(pool, both, size)[pool])
    alone = np.bincount(pool, minlength=size)[pool] == 1
    effects = {name: np.zeros(len(stays)) for name in EFFECTS}
    for name in EFFECTS:
        effects[name][stays] = np.where(alone, found[name][pool], found[name][pool] * share)
    margin = cells.sold_margin()[:, stays]
    others = sum(effects[name][stays] for name in EFFECTS if name != "mix")
    effects["mix"][stays] = np.where(alone, found["mix"][pool], margin[1] - margin[0] - others)
    return effects


def _add_effects(effects: dict[str, np.ndarray], factors: dict[str, np.ndarray], sign: float) -> None:
    """Add the effects of one product; a factor that is 1 everywhere, or a product that is 0, needs no work."""
    if any(not factor.any() for factor in factors.values()):
        return
    real = {name: factor for name, factor in factors.items() if name != "fx" or (factor != 1).any()}
    found = owen_effects([factor[0] for factor in real.values()], [factor[1] for factor in real.values()], parts=2)
    for name, effect in zip(real, found, strict=True):
        effects[name] += sign * effect


def _weights(cells: Cells) -> np.ndarray:
    """Return the price of a unit of each cell's item over both spans; of what is given away, its cost."""
    sums = cells.sums
    item, ids = pd.factorize(cells.keys["item_id"])

    def by_item(values: np.ndarray) -> np.ndarray:
        return _added(item, values.sum(axis=0), len(ids))

    revenue = by_item(np.abs(sums["revenue"]))
    worth = np.where(revenue > 0, revenue, by_item(np.abs(sums["cost"]) + np.abs(sums["service"])))
    return _ratio(worth, by_item(sums["quantity"]))[item]


def _added(code: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return the sums of values by code; numpy would count in whole numbers where there are none."""
    return np.bincount(code, weights=values, minlength=size).astype("float64")


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below != 0)


def _known_or_other(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the value of each span, or of the other one where it is known there only."""
    return np.where(known, values, values[::-1])
