"""How each item's demand behaves: level, variability, intermittency, and where the item stands in its life."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.settings import LifeCycle, Patterns
from segkit.dynamics.demand.life_cycle import tell_life_cycle
from segkit.dynamics.demand.panel import KEY

_PATTERNS = np.array(["smooth", "erratic", "intermittent", "lumpy"])


@dataclass(frozen=True)
class ProfileRules:
    """Limits of the patterns and of the states of life."""

    patterns: Patterns = field(default_factory=Patterns)
    life_cycle: LifeCycle = field(default_factory=LifeCycle)


def profile_demand(demand: pd.DataFrame, items: pd.DataFrame, *, rules: ProfileRules | None = None) -> pd.DataFrame:
    """Return level, variability, pattern and life cycle of every item, location and demand class.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand``. Only complete periods count.
    items : DataFrame
        Table ``items``, for launch_date, end_date and replaced_by.
    rules : ProfileRules
        Limits; those of Syntetos, Boylan & Croston by default.

    Returns
    -------
    DataFrame
        ``demand_profile`` of the nomenclature. mean, sd (ddof 1) and cv over all complete periods from the first
        demand on; adi = periods / periods with demand; cv2 over the sizes (ddof 0). pattern is blank with fewer than
        ``patterns.min_demand_periods`` periods with demand. For life_cycle see `tell_life_cycle`.

    References
    ----------
    Syntetos, Boylan & Croston (2005), "On the categorization of demand patterns", JORS 56(5): limits ADI 1.32,
    CV² 0.49.
    """
    rules = rules or ProfileRules()
    complete = demand["complete"].to_numpy(dtype=bool)
    panel = demand[[name for name in (*KEY, "period", "quantity", "lines") if name in demand]]
    panel, starts = _in_order(panel if complete.all() else panel[complete].reset_index(drop=True))
    if panel.empty:
        return empty_table("demand_profile")
    figures = _describe(panel, starts)
    figures["pattern"] = _pattern(figures, rules.patterns)
    figures["life_cycle"] = tell_life_cycle(panel, figures, items, rules=rules.life_cycle)
    columns = [*KEY, "first_period", "last_period", "periods", "demand_periods", "mean_demand", "sd_demand", "cv"]
    return figures[[*columns, "adi", "cv2", "pattern", "life_cycle"]]


def total_by_item(demand: pd.DataFrame) -> pd.DataFrame:
    """Return demand summed over locations and demand classes: one row per item and period, keys ``(all)``.

    ``customers`` is the sum over the classes, so a customer of two locations counts twice; ``censored`` is true
    where any location was out of stock.
    """
    return _total(demand, ["item_id"])


def total_by_place(demand: pd.DataFrame) -> pd.DataFrame:
    """Return demand summed over demand classes: one row per item, location and period, demand_class ``(all)``."""
    return _total(demand, ["item_id", "location_id"])


def _total(demand: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    summed = ["quantity", "returned", "lines", "customers", "revenue"]
    how = dict.fromkeys(summed, "sum") | {"complete": "first", "out_of_stock_days": "max", "censored": "any"}
    total = demand.groupby([*keys, "period"], as_index=False, observed=True).agg(how)
    total = total.assign(**{name: "(all)" for name in KEY if name not in keys})
    return total.astype(dict.fromkeys(KEY, "str"))[list(demand.columns)]


def describe_demand(panel: pd.DataFrame) -> pd.DataFrame:
    """Return level, variability and intermittency of every key of a demand panel.

    Parameters
    ----------
    panel : DataFrame
        item_id, location_id, demand_class (text or numbers), period and quantity, sorted by them.

    Returns
    -------
    DataFrame
        One row per key, in the order of the panel, without pattern and life cycle.
    """
    return _describe(panel, _starts(panel))


def _describe(panel: pd.DataFrame, starts: np.ndarray) -> pd.DataFrame:
    """Return the same where the first row of every key is known."""
    quantity = panel["quantity"].to_numpy()
    n = np.diff(np.append(starts, len(panel)))
    table = panel[KEY].take(starts).reset_index(drop=True)
    total = np.add.reduceat(quantity, starts)
    hits = np.add.reduceat((quantity > 0).astype(int), starts)
    mean = total / n
    spread = np.add.reduceat((quantity - np.repeat(mean, n)) ** 2, starts)
    size = np.divide(total, hits, out=np.full(len(n), np.nan), where=hits > 0)
    around = np.where(quantity > 0, quantity - np.repeat(size, n), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(n > 1, np.sqrt(spread / (n - 1)), np.nan)
        cv = np.where(mean > 0, sd / mean, np.nan)
        adi = np.where(hits > 0, n / hits, np.nan)
        cv2 = np.where(hits > 0, np.add.reduceat(around**2, starts) / hits / size**2, np.nan)
    seen = np.where(quantity > 0, np.arange(len(panel)), -1)
    last = np.maximum.reduceat(seen, starts)
    period = panel["period"].to_numpy()
    figures = {"first_period": period[starts], "last_period": np.where(last >= 0, period[last], np.datetime64("NaT"))}
    return table.assign(
        **figures, periods=n, demand_periods=hits, mean_demand=mean, sd_demand=sd, cv=cv, adi=adi, cv2=cv2
    )


def _in_order(panel: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the panel sorted by key and period, as it is where it already is, and the first row of every key."""
    starts = _starts(panel)
    runs = pd.MultiIndex.from_frame(panel[KEY].take(starts))
    if runs.is_monotonic_increasing and runs.is_unique:
        return panel.reset_index(drop=True), starts
    panel = panel.sort_values([*KEY, "period"], ignore_index=True)
    return panel, _starts(panel)


def _starts(panel: pd.DataFrame) -> np.ndarray:
    """Return the first row of every run of one key with rising periods."""
    if panel.empty:
        return np.array([], dtype=int)
    period = panel["period"].to_numpy()
    changed = np.zeros(len(panel), dtype=bool)
    changed[0] = True
    changed[1:] = period[1:] <= period[:-1]
    for name in KEY:
        changed[1:] |= _changes(panel[name])
    return np.flatnonzero(changed)


def _changes(ids: pd.Series) -> np.ndarray:
    """Return which ids but the first differ from the one before; texts are compared without numbering them."""
    if isinstance(ids.dtype, pd.StringDtype) and ids.dtype.storage == "pyarrow":
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pa.array(ids)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        if not texts.null_count:
            return pc.not_equal(texts[1:], texts[:-1]).to_numpy(zero_copy_only=False)
    codes = pd.factorize(ids)[0]
    return codes[1:] != codes[:-1]


def _pattern(figures: pd.DataFrame, rules: Patterns) -> np.ndarray:
    rare = (figures["adi"] > rules.adi_limit).to_numpy()
    uneven = (figures["cv2"] > rules.cv2_limit).to_numpy()
    enough = (figures["demand_periods"] >= rules.min_demand_periods).to_numpy()
    return np.where(enough, _PATTERNS[2 * rare + uneven], "")
