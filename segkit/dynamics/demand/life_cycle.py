"""Where an item stands in its life: planned, new, active, declining, dormant, phased out, superseded."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.core.settings import LifeCycle
from segkit.formulas.change_points import below_budget
from segkit.formulas.fading import falling_chance, silence_chance

FALSE_SHARE = 0.1
_LEAST_LINES = 10


def tell_life_cycle(panel: pd.DataFrame, figures: pd.DataFrame, items: pd.DataFrame, *, rules: LifeCycle) -> np.ndarray:
    """Return the state of life of every key of a demand panel: the first that holds, as a planner would ask.

    Parameters
    ----------
    panel : DataFrame
        item_id, location_id, demand_class, period, quantity and lines of complete periods, sorted by them.
    figures : DataFrame
        From `describe_demand`.
    items : DataFrame
        Table ``items``, for launch_date, end_date and replaced_by.
    rules : LifeCycle
        Limits.

    Returns
    -------
    array of str
        In the order of ``figures``.

    Notes
    -----
    Dormant and declining are told from chance, and of those called so no more than one in ten is to be a false alarm
    (Benjamini-Hochberg over all that could be). Dormant: silent for ``dormant_months`` and for longer than its own
    gaps make likely (see `silence_chance`), and not silent in the same months of the year before; who has sold in one
    period at most has no gap to go by and is dormant after twice as long. Declining: the last half year is below
    ``decline_share`` of the same half year before, and order lines fall over the years by more than chance and season
    (see `falling_chance`). Where no period has more than one line, units stand in for lines.
    """
    known = _Known.of(panel, figures)
    ends, successor, launch = (
        look_up(figures["item_id"], items, column) for column in ("end_date", "replaced_by", "launch_date")
    )
    born = pd.concat([launch, figures["first_period"]], axis=1).min(axis=1)
    tomorrow, young = known.months_back(0), (born >= known.months_back(rules.new_months)).to_numpy()
    states = {
        "superseded": successor.notna().to_numpy(),
        "phased_out": (ends < tomorrow).to_numpy(),
        "planned": (launch >= tomorrow).to_numpy() & young,
    }
    states["dormant"] = _dormant(known, ~np.logical_or.reduce(list(states.values())), rules)
    states["new"] = young & _is_born(known, launch)
    states["declining"] = _declining(known, ~np.logical_or.reduce(list(states.values())), rules)
    return np.select(list(states.values()), list(states), default="active")


@dataclass(frozen=True)
class _Known:
    """A panel row by row as numbers: which key (a row of ``figures``), and which period of the calendar."""

    panel: pd.DataFrame
    figures: pd.DataFrame
    calendar: np.ndarray
    key: np.ndarray
    at: np.ndarray

    @classmethod
    def of(cls, panel: pd.DataFrame, figures: pd.DataFrame) -> "_Known":
        calendar = np.sort(panel["period"].unique())
        key = np.repeat(np.arange(len(figures)), figures["periods"])
        return cls(panel, figures, calendar, key, np.searchsorted(calendar, panel["period"]))

    @property
    def year(self) -> int:
        """Return the periods in a year."""
        gaps = np.diff(self.calendar).astype("timedelta64[D]").astype(int)
        days = np.median(gaps) if len(gaps) else 30
        return 12 if days >= 28 else 52 if days >= 7 else 365

    def months_back(self, months: int) -> pd.Timestamp:
        """Return the day that lies so many months before the end of the last period."""
        step = {12: pd.DateOffset(months=1), 52: pd.Timedelta(days=7), 365: pd.Timedelta(days=1)}[self.year]
        return pd.Timestamp(self.calendar[-1]) + step - pd.DateOffset(months=months)

    def total(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return by key the sum of values over some of the rows."""
        return np.bincount(self.key[rows], weights=values[rows], minlength=len(self.figures))


def _is_born(known: _Known, launch: pd.Series) -> np.ndarray:
    """Return whether the birth is known: by launch date, or because no demand before the first is more than chance.

    An item with demand in one of ``adi`` periods has none in the first n periods of the data by chance (1 - 1/adi)^n.
    """
    silent = np.searchsorted(known.calendar, known.figures["first_period"])
    with np.errstate(invalid="ignore"):
        by_chance = (1 - 1 / known.figures["adi"].to_numpy()) ** silent
    return launch.notna().to_numpy() | (by_chance < 0.05)


def _dormant(known: _Known, open_: np.ndarray, rules: LifeCycle) -> np.ndarray:
    """Return which of the keys that are open have been silent for longer than chance and season explain."""
    figures, count = known.figures, len(known.calendar)
    heard = figures["last_period"].fillna(figures["first_period"])
    silent_for = [(heard < known.months_back(n * rules.dormant_months)).to_numpy() for n in (1, 2)]
    hits = figures["demand_periods"].to_numpy()
    sold = np.flatnonzero(known.panel["quantity"].to_numpy() > 0)
    first, last = np.full(len(figures), count), np.full(len(figures), -1)
    np.minimum.at(first, known.key[sold], known.at[sold])
    np.maximum.at(last, known.key[sold], known.at[sold])
    later = known.at[sold] + known.year
    same_months = np.bincount(known.key[sold[(later > last[known.key[sold]]) & (later < count)]], minlength=len(hits))
    season = (first <= last + 1 - known.year) & (count - 1 - last < known.year) & (same_months == 0)
    tested = np.flatnonzero(open_ & (hits > 1))
    chance = silence_chance(hits[tested], (last - first + 1 - hits)[tested], (count - 1 - last)[tested])
    unlikely = np.zeros(len(figures), dtype=bool)
    unlikely[tested] = below_budget(chance, FALSE_SHARE)
    return open_ & np.where(hits > 1, silent_for[0] & unlikely & ~season, silent_for[1])


def _declining(known: _Known, open_: np.ndarray, rules: LifeCycle) -> np.ndarray:
    """Return which of the keys that are open sell less than the same half year before, and by more than chance."""
    year, count = known.year, len(known.calendar)
    half = year // 2
    able = open_ & (known.figures["periods"] >= year + half).to_numpy()
    if not able.any():
        return able
    quantity = known.panel["quantity"].to_numpy()
    recent = known.total(quantity, known.at >= count - half)
    before = known.total(quantity, (known.at >= count - half - year) & (known.at < count - year))
    lines = known.panel["lines"].to_numpy(dtype="float64")
    counted = lines.max() > 1
    counts = lines if counted else _as_lines(known, quantity)
    least = 1.0 if counted else 0.0
    chance, told = falling_chance(counts, known.key, known.at, cycle=year, recent=count - half, least_spread=least)
    tested = np.flatnonzero(able & (told >= _LEAST_LINES))
    falls = np.zeros(len(able), dtype=bool)
    falls[tested] = below_budget(chance[tested], FALSE_SHARE)
    return falls & (recent < rules.decline_share * before)


def _as_lines(known: _Known, quantity: np.ndarray) -> np.ndarray:
    """Return units over the usual size of a sale (by units), so that they scatter as lines do."""
    every = np.arange(len(quantity))
    size = known.total(quantity**2, every) / np.maximum(known.total(quantity, every), 1e-300)
    return np.divide(quantity, size[known.key], out=np.zeros(len(quantity)), where=size[known.key] > 0)
