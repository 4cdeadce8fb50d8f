"""Items between which stock and service are traded: a table read into arrays, with all that is wrong told at once."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.formulas.stock_choices import Choice, CurveItems

KEYS = ["item_id", "location_id"]
WEIGHTS = ("margin", "revenue", "lines", "demand")
_QUANTILE = re.compile(r"q\d+(\.\d+)?")
_ABOVE = ("holding_cost", "order_quantity")
_NOT_BELOW = ("unit_cost", "demand", "stock_target", "cycle_stock", "mean", "sd")
_GRID = np.concatenate([np.linspace(0.01, 0.9, 40), 1 - np.geomspace(0.09, 1e-4, 24)])
_FAR_ENOUGH = 99.0  # percent
_SHAPES = (1e-3, 1e6)
NONE = "(none)"


@dataclass(frozen=True)
class ExchangeItems:
    """Items in the order of their keys.

    ``frame``: the table; ``items``: what a stock costs and leaves short; ``weights`` by name, each (items,);
    ``weight``: the one that counts.
    """

    frame: pd.DataFrame
    items: CurveItems
    weights: dict[str, np.ndarray]
    weight: str

    @property
    def score(self) -> np.ndarray:
        """Return the cost criterion, weight / (h·Q): how much an item deserves stock, (items,)."""
        return self.items.weight / (self.items.holding * self.items.lot)

    @property
    def now(self) -> Choice | None:
        """Return what the present stock targets cost and leave short, if the table has them."""
        if "stock_target" not in self.frame:
            return None
        return self.items.hold(self.frame["stock_target"].to_numpy(dtype=float))

    def stock_values(self, choice: Choice) -> np.ndarray:
        """Return the average stock of each item at cost: what is left before an arrival, and cycle stock on top."""
        left = choice.cost / self.items.holding
        on_top = self.frame["cycle_stock"].to_numpy(dtype=float) if "cycle_stock" in self.frame else self.items.lot / 2
        return self.frame["unit_cost"].to_numpy(dtype=float) * (left + on_top)

    def fill_rate(self, choice: Choice, weight: str) -> float:
        """Return the fill_rate (P2) of all items under a weight; missing where nothing weighs."""
        whole = self.weights[weight].sum()
        return float(1.0 - (self.weights[weight] * choice.short).sum() / whole) if whole > 0 else float("nan")

    def labels(self, column: str) -> pd.Series:
        """Return the classes of a column as text."""
        return self.frame[column].astype("object").where(self.frame[column].notna(), NONE).astype(str)


def read_exchange_items(table: pd.DataFrame, *, weight: str, classes: list[str]) -> ExchangeItems:
    """Return the items of a table.

    Parameters
    ----------
    table : DataFrame
        As `segkit.inventory.exchange.price_segmentation` takes it.
    weight : str
        Column by which service is weighted.
    classes : list of str
        Columns that must be there.

    Returns
    -------
    ExchangeItems
        Loss makers weigh nothing.

    Raises
    ------
    DataError
        Where columns are missing, or figures are missing or out of range: all problems at once.
    """
    quantiles = sorted((name for name in table if _QUANTILE.fullmatch(str(name))), key=lambda name: float(name[1:]))
    needed = [*KEYS, "unit_cost", "holding_cost", "demand", "order_quantity", weight, *classes]
    lacking = [name for name in dict.fromkeys(needed) if name not in table]
    problems = [f"{name} is not there{nearest_name(name, list(map(str, table)))}" for name in lacking]
    if not quantiles and not {"mean", "sd"} <= set(table):
        problems.append("neither quantiles of demand (q50, q95, ...) nor mean and sd are there")
    elif quantiles and float(quantiles[-1][1:]) < _FAR_ENOUGH:
        problems.append(
            f"quantiles end at {quantiles[-1]}: what lies above cannot be seen, give some up to q99 or more"
        )
    if problems:
        raise DataError(list_problems("items cannot be traded against each other", problems))
    spread = quantiles or ["mean", "sd"]
    told = [name for name in (*WEIGHTS, weight) if name in table]
    figures = list(dict.fromkeys([*_ABOVE, *(n for n in _NOT_BELOW[:4] if n in table), *spread, *told]))
    frame = table.sort_values(KEYS, ignore_index=True)
    for name in figures:
        frame[name] = pd.to_numeric(frame[name], errors="coerce").astype(float)
    _require_figures(frame, figures, quantiles, weight)
    curves = (
        np.ascontiguousarray(frame[quantiles], dtype=float) if quantiles else _gamma_curves(frame["mean"], frame["sd"])
    )
    grid = np.array([float(name[1:]) / 100 for name in quantiles]) if quantiles else _GRID
    weights = {name: frame[name].fillna(0.0).clip(lower=0.0).to_numpy() for name in dict.fromkeys(told)}
    holding, lot = (frame[name].to_numpy() for name in _ABOVE)
    return ExchangeItems(frame, CurveItems(weights[weight], holding, lot, curves, grid), weights, weight)


def _require_figures(frame: pd.DataFrame, figures: list[str], quantiles: list[str], weight: str) -> None:
    """Raise where a figure is missing or out of range, or a key repeats."""
    problems = []
    for name in figures:
        cells = frame[name]
        if name in WEIGHTS and name != weight and name != "demand":
            continue
        wrong = ~np.isfinite(cells)
        if name in _ABOVE:
            wrong |= cells <= 0
        elif name in _NOT_BELOW or name in quantiles:
            wrong |= cells < 0
        if wrong.any():
            first = ", ".join(frame.loc[wrong, KEYS].astype(str).iloc[0])
            what = "not above 0" if name in _ABOVE else "below 0" if name != weight else "not known"
            problems.append(f"{name} is missing or {what} {in_rows(int(wrong.sum()))}, first: {first}")
    falling = (frame[quantiles].diff(axis=1) < -1e-9).any(axis=1)
    if falling.any():
        first = ", ".join(frame.loc[falling, KEYS].astype(str).iloc[0])
        problems.append(f"quantiles fall {in_rows(int(falling.sum()))}, first: {first}")
    if repeated := int(frame.duplicated(KEYS).sum()):
        problems.append(f"item_id and location_id repeat {in_rows(repeated)}")
    if len(frame) and not (frame[weight] > 0).any():
        problems.append(f"{weight} is above 0 in no row, so no service can be weighed by it")
    if problems:
        fixes = ["Leave out what cannot be stocked, or weigh service by another column."]
        raise DataError(list_problems("items cannot be traded against each other", problems, fixes))


def _gamma_curves(mean: pd.Series, sd: pd.Series) -> np.ndarray:
    """Return quantiles of gamma distributions with these moments, (items, probabilities)."""
    centre, spread = mean.to_numpy(), sd.to_numpy()
    shape = np.clip(np.divide(centre, spread, out=np.full(len(centre), 1e3), where=spread > 0) ** 2, *_SHAPES)
    return gammaincinv(shape[:, None], _GRID) * (centre / shape)[:, None]
