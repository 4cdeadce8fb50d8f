"""From a history to what is known of its demand: season and calendar, level, method, class."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.formulas.panel_kernels import without_factors
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.analogues import FEW, lend
from segkit.inventory.pooled.codes import dense_codes
from segkit.inventory.pooled.contest import NONE, PATTERNS, Pooling, demand_patterns, hold_contest, list_methods
from segkit.inventory.pooled.credible import put_right
from segkit.inventory.pooled.factors import Factors, find_factors, no_factors
from segkit.inventory.pooled.panel import KEYS, DemandPanel
from segkit.inventory.pooled.scatter import Cases, Levels, best_classes, past_cases, watch_habits
from segkit.inventory.pooled.shifts import follow_shifts
from segkit.inventory.pooled.trends import follow_trends

_CLASSES = 200
_TURNS = 2  # stockouts hide the season, by which demand is recovered
_THIN = 0.25  # factor below which a period tells too little of the level
_TOGETHER = 0.8  # groups per series, above which hardly any has a companion
_LAUNCHED = "analogue: launches"
_TRENDED = ", on its trend"
_CHANGED = ", since its change"
_ALL_CHANGED = ", all moved"
_MOVED = 0.05  # log of the movement of all levels, above which the method says so
_LEAST = 1e-9


@dataclass(frozen=True)
class FittedDemand:
    """What was found in a history.

    ``levels`` after every period and factors; ``method`` of each series in words; ``pattern`` and ``classes`` (those
    that scatter alike) as codes; ``contest`` the table of methods; ``told`` what season and calendar rest on;
    ``demand`` as expected where it was sold in part, by which levels are found; that of ``levels`` is drawn there;
    ``cases`` earlier forecasts of the next period.
    """

    levels: Levels
    method: np.ndarray
    pattern: np.ndarray
    classes: np.ndarray
    contest: pd.DataFrame
    told: tuple[str, ...]
    demand: DemandPanel
    cases: Cases


def fit_demand(
    panel: DemandPanel,
    attributes: pd.DataFrame | None,
    calendar: pd.DataFrame | None,
    *,
    ahead: int,
    seed: int,
    rules: Pooling | None = None,
    further: int = 0,
) -> FittedDemand:
    """Return season, calendar, level and class of every series.

    Parameters
    ----------
    panel : DemandPanel
        Demand.
    attributes : DataFrame, optional
        item_id, location_id and columns by which series may be grouped.
    calendar : DataFrame, optional
        As `find_factors` takes it.
    ahead : int
        Periods ahead that are wanted, and by which methods are judged.
    seed : int
        As `past_cases` takes it.
    rules : Pooling, optional
        How series lend each other strength; blank = in every way.
    further : int
        Periods beyond those of which season and calendar are told as well; nothing is judged by them.

    Returns
    -------
    FittedDemand
    """
    rules = rules or Pooling()
    groups = series_groups(panel, attributes)
    places = {name: code for name, code in groups.items() if name != "item_id"}
    find = find_factors if rules.factors else no_factors
    expected, drawn, factors = panel, panel, find(panel, places, calendar, ahead=ahead + further)
    if panel.partly.any():
        from segkit.inventory.pooled.uncensoring import uncensor

        for _ in range(_TURNS):
            expected, drawn = uncensor(panel, factors, seed=seed)
            factors = find(expected, places, calendar, ahead=ahead + further)
    panel = drawn
    bare = _without(expected, factors)
    patterns = demand_patterns(bare)
    methods = list_methods(_movers(groups) if rules.moves else {}, rules)
    judged = max(min(ahead, panel.values.shape[1] // 4), 1)
    contest = hold_contest(bare, patterns, methods, ahead=judged)
    table, method = np.zeros_like(panel.values), np.full(len(panel.values), NONE, dtype=object)
    for place in np.unique(contest.winner[np.unique(patterns[patterns > 0])]):
        mine = (contest.winner[patterns] == place) & (patterns > 0)
        moved = methods[place].group is not None
        rows = np.arange(len(mine)) if moved else np.flatnonzero(mine)
        found = methods[place].levels(bare, patterns, rows, ahead=judged)
        table[mine] = found[mine[rows]]
        method[mine] = methods[place].name
    table, launched = put_right(panel, bare, factors, table, seed=seed)
    if launched > 0:
        method[patterns == 0] = _LAUNCHED
    shifted = follow_shifts(panel, bare, factors, table, seed=seed)
    trended = follow_trends(panel, bare, factors, shifted.table, patterns, seed=seed, shifted=shifted)
    table = trended.table
    if abs(np.log(max(shifted.together[-1], _LEAST))) > _MOVED:
        method = np.where(patterns > 0, method + _ALL_CHANGED, method)
    if shifted.changed is not None:
        method = np.where(shifted.changed[:, -1], method + _CHANGED, method)
    if trended.growth is not None:
        method = np.where(trended.growth[:, -1] != 0, method + _TRENDED, method)
    lent = lend(panel, factors, table, method, groups)
    levels = Levels(
        panel, lent.table, factors, pattern=patterns, doubt=lent.doubt + shifted.doubt, growth=trended.growth
    )
    choices = _scatter_choices(patterns, places)
    cases = past_cases(levels, 1, 1, seed=seed)
    levels = replace(levels, habit=watch_habits(levels, cases, patterns, shifted.changed))
    cases = cases.watched(levels)
    classes = choices[best_classes(cases, choices)]
    return FittedDemand(levels, lent.method, patterns, classes, contest.table, factors.told, expected, cases)


def _scatter_choices(patterns: np.ndarray, places: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the ways to class those that scatter alike: by demand pattern, and by that within each grouping.

    The pattern is the last digit of the class, so that a series that had another one then has a class near by.
    """
    choices = {"pattern": patterns}
    for name, code in places.items():
        if 0 < code.max(initial=0) < _CLASSES / len(PATTERNS):
            choices[name] = code * len(PATTERNS) + patterns
    return choices


def series_groups(panel: DemandPanel, attributes: pd.DataFrame | None) -> dict[str, np.ndarray]:
    """Return the ways in which series can be grouped: a code per series; all together first.

    Raises
    ------
    DataError
        Where attributes name no item, or one series twice.
    """
    columns = group_columns(panel, attributes)
    names = [name for name in columns if name not in KEYS]
    groups = {"all": np.zeros(len(panel.keys), dtype=int)}
    groups |= {name: pd.factorize(column, sort=True)[0] for name, column in columns.items()}
    for name in names:
        both = groups["location_id"] * (groups[name].max(initial=0) + 1) + groups[name]
        groups[f"{name} and location_id"] = dense_codes(both)[1]
    return _distinct(groups)


def group_columns(panel: DemandPanel, attributes: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Return the columns by which series can be grouped, a value per series: the keys, then the attributes.

    Raises
    ------
    DataError
        Where attributes name no item, or one series twice.
    """
    keys = panel.keys
    columns = {name: keys[name] for name in KEYS if name in keys}
    if attributes is None or not len(attributes.columns):
        return columns
    attributes = attributes.rename(columns=str)
    by = [name for name in KEYS if name in attributes and name in keys]
    _check_attributes(attributes, by)
    names = [name for name in attributes.columns if name not in KEYS]
    joined = keys.merge(attributes[[*by, *names]].astype(dict.fromkeys(by, "str")), on=by, how="left")
    return columns | {name: joined[name].astype("str").fillna("") for name in names}


def _check_attributes(attributes: pd.DataFrame, by: list[str]) -> None:
    fixes = ["Give one row per item, or per item and location."]
    if "item_id" not in by:
        raise DataError(list_problems("attributes cannot be used", ["item_id is not there"], fixes))
    again = attributes.duplicated(by)
    if again.any():
        first = ", ".join(attributes.loc[again, by].astype(str).iloc[0])
        problem = f"{' and '.join(by)} repeat {in_rows(int(again.sum()))}, first: {first}"
        raise DataError(list_problems("attributes cannot be used", [problem], fixes))


def _distinct(groups: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return groupings without those that part the series as an earlier one does."""
    kept: dict[str, np.ndarray] = {}
    for name, code in groups.items():
        size = code.max(initial=-1) + 1
        alike = (
            size == other.max(initial=-1) + 1 and len(np.unique(code * size + other)) == size for other in kept.values()
        )
        if not kept or not any(alike):
            kept[name] = code
    return kept


def _movers(groups: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return how series may move together: an item in all its locations; by attributes, where it has one only."""
    several = {name: code for name, code in groups.items() if code.max(initial=-1) + 1 <= _TOGETHER * len(code)}
    if "item_id" in several:
        return {"item_id": several["item_id"]}
    return {name: code for name, code in several.items() if name not in ("all", *KEYS)}


def _without(panel: DemandPanel, factors: Factors) -> Panel:
    """Return demand without season and calendar; periods in which there is hardly any say nothing of the level."""
    if not factors.told:
        return Panel(np.ascontiguousarray(panel.values), panel.observed, panel.start)
    known = panel.values, panel.observed, panel.start
    values, observed = without_factors(*known, factors.table, factors.group, _THIN, FEW)
    return Panel(values, observed, panel.start)
