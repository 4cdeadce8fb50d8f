"""Value classes: by share of value, share of rows, fixed limits or natural breaks.

All share one rule: what crosses a limit belongs to the upper class, exact ties share the class, values below zero are
loss makers in class L, zeros are in the last class, and what is not known has no class.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError
from segkit.core.settings import Segments
from segkit.formulas.natural_breaks import natural_breaks

LOSS = "L"
_EXACT = 1e-12  # values and shares that differ by less (relative) differ by the order of summing only
_NOTHING = 1e-15  # of all value: what is left where sums cancel out


@dataclass(frozen=True)
class AbcRule:
    """Where value classes end: cumulative shares, and one label more than there are shares."""

    shares: tuple[float, ...] = (0.8, 0.95)
    labels: tuple[str, ...] = ("A", "B", "C")


@dataclass(frozen=True)
class AbcLimits:
    """Where value classes end: falling values of the measure, and one label more than there are limits."""

    limits: tuple[float, ...]
    labels: tuple[str, ...] = ("A", "B", "C")


def classify_abc(values: pd.DataFrame, *, measure: str, rule: AbcRule | None = None, within: str = "") -> pd.DataFrame:
    """Class rows by their share of value.

    Parameters
    ----------
    values : DataFrame
        One row per thing to class, with ``measure`` and, if given, ``within``.
    measure : str
        Column that is the value.
    rule : AbcRule
        Class limits, as cumulative share of the sum of the positive values.
    within : str
        Column of groups that are classed each for itself; blank = all together.

    Returns
    -------
    DataFrame
        ``values`` in the same order with measure, measure_value, rank, share, cumulative_share and abc.

    Notes
    -----
    What crosses a limit belongs to the upper class. Exact ties share rank, cumulative_share and class, so the order
    of the rows does not matter. Values below zero get the class L of their own and shrink cumulative_share at the
    end; zeros are in the last class; missing values have no class.

    Examples
    --------
    >>> frame = pd.DataFrame({"item_id": list("abc"), "net_margin": [85.0, 10.0, 5.0]})
    >>> classify_abc(frame, measure="net_margin")["abc"].tolist()
    ['A', 'B', 'C']
    """
    rule = rule or AbcRule()
    sorted_values = _Sorted.of(values, measure, within)
    labels = _labels(sorted_values.cumulative_before(), np.array(rule.shares), rule.labels)
    return sorted_values.table(values, measure, np.where(sorted_values.value > 0, labels, rule.labels[-1]))


def classify_abc_by_count(
    values: pd.DataFrame, *, measure: str, rule: AbcRule | None = None, within: str = ""
) -> pd.DataFrame:
    """Class rows by their share of the number of rows, best first.

    Parameters
    ----------
    values : DataFrame
        One row per thing to class.
    measure : str
        Column that ranks them.
    rule : AbcRule
        Class limits, as cumulative share of the number of rows; sizes are rounded half to even. Usual are 20 % and
        50 %: ``AbcRule((0.2, 0.5))``.
    within : str
        Column of groups that are classed each for itself.

    Returns
    -------
    DataFrame
        As `classify_abc`. Ties at a limit all go to the upper class, so a class can be larger than its share; what
        is worth nothing is in the last class, so it can be smaller.

    Examples
    --------
    >>> frame = pd.DataFrame({"net_margin": [4.0, 3.0, 2.0, 1.0]})
    >>> classify_abc_by_count(frame, measure="net_margin", rule=AbcRule((0.25, 0.5)))["abc"].tolist()
    ['A', 'B', 'C', 'C']
    """
    rule = rule or AbcRule()
    sorted_values = _Sorted.of(values, measure, within)
    sizes = np.diff(np.array((0.0, *rule.shares)))
    ends = np.cumsum(np.rint(np.round(np.outer(sorted_values.group_sizes(), sizes), 9)), axis=1)
    place = sorted_values.tie_rank() - 1
    passed = (place[:, None] >= ends[sorted_values.group]).sum(axis=1)
    labels = np.array(rule.labels, dtype=object)[passed]
    return sorted_values.table(values, measure, np.where(sorted_values.value > 0, labels, rule.labels[-1]))


def classify_abc_by_limits(values: pd.DataFrame, *, measure: str, rule: AbcLimits, within: str = "") -> pd.DataFrame:
    """Class rows by fixed limits of the measure.

    Parameters
    ----------
    values : DataFrame
        One row per thing to class.
    measure : str
        Column that is the value.
    rule : AbcLimits
        Least value of each class but the last, in the measure's unit, falling and above zero.
    within : str
        Column of groups in which ranks and shares are counted; the limits are the same in all.

    Returns
    -------
    DataFrame
        As `classify_abc`. A value at a limit is in the upper class.

    Raises
    ------
    SettingsError
        The limits do not fall, are not above zero, or are not one fewer than the labels.

    Examples
    --------
    >>> frame = pd.DataFrame({"net_margin": [900.0, 100.0, 99.0, -5.0]})
    >>> classify_abc_by_limits(frame, measure="net_margin", rule=AbcLimits((500, 100)))["abc"].tolist()
    ['A', 'B', 'C', 'L']
    """
    limits = np.array(rule.limits, dtype=float)
    if len(rule.labels) != len(limits) + 1 or not (limits > 0).all() or not (np.diff(limits) < 0).all():
        raise SettingsError(
            f"limits {list(rule.limits)} for classes {', '.join(rule.labels)}: they must fall, be above zero, and be "
            "one fewer than the classes"
        )
    sorted_values = _Sorted.of(values, measure, within)
    passed = (sorted_values.value[:, None] < limits * (1 - _EXACT)).sum(axis=1)
    labels = np.array(rule.labels, dtype=object)[passed]
    return sorted_values.table(values, measure, np.where(sorted_values.value > 0, labels, rule.labels[-1]))


def classify_abc_by_breaks(
    values: pd.DataFrame, *, measure: str, labels: tuple[str, ...] = ("A", "B", "C"), within: str = ""
) -> pd.DataFrame:
    """Class rows by natural breaks: classes whose values lie as close to their class means as can be.

    Parameters
    ----------
    values : DataFrame
        One row per thing to class.
    measure : str
        Column that is the value.
    labels : tuple of str
        Names of the classes, highest first.
    within : str
        Column of groups that are classed each for itself.

    Returns
    -------
    DataFrame
        As `classify_abc`. With fewer different values above zero than labels the last labels stay unused.

    Notes
    -----
    Squares are counted in the measure, so a few giants make the first class: the classes say which figures are of one
    size, not which make up most of the value. The split is the exact optimum (k-means in one dimension), see
    `segkit.formulas.natural_breaks`.

    Examples
    --------
    >>> frame = pd.DataFrame({"net_margin": [100.0, 98.0, 40.0, 38.0, 2.0, 1.0]})
    >>> classify_abc_by_breaks(frame, measure="net_margin")["abc"].tolist()
    ['A', 'A', 'B', 'B', 'C', 'C']
    """
    sorted_values = _Sorted.of(values, measure, within)
    heads = np.unique(sorted_values.tie_start[sorted_values.value > 0])
    counts = np.diff(np.append(np.unique(sorted_values.tie_start), len(values)))
    counts = counts[np.isin(np.unique(sorted_values.tie_start), heads)]
    upper = np.zeros(len(values), dtype=int)
    for group in np.unique(sorted_values.group[heads]):
        own = sorted_values.group[heads] == group
        breaks = natural_breaks(sorted_values.value[heads[own]], counts[own], len(labels))
        upper[heads[own]] = np.searchsorted(breaks, np.arange(own.sum()), side="right")
    named = np.array(labels, dtype=object)[upper[sorted_values.tie_start]]
    return sorted_values.table(values, measure, np.where(sorted_values.value > 0, named, labels[-1]))


def classify_by_settings(
    values: pd.DataFrame, *, measure: str, rules: Segments, within: str = "", limits: list[float] | None = None
) -> pd.DataFrame:
    """Class rows as ``segments.abc_by`` says.

    Parameters
    ----------
    values : DataFrame
        One row per thing to class.
    measure : str
        Column that is the value.
    rules : Segments
        abc_by, abc_shares (abc_item_shares where classes are shares of the number of rows), abc_labels.
    within : str
        Column of groups that are classed each for itself.
    limits : list of float, optional
        Least value of each class but the last, where classes are made by limits; blank = by share of value.

    Returns
    -------
    DataFrame
        As `classify_abc`.
    """
    labels = tuple(rules.abc_labels)
    if rules.abc_by == "item_share":
        counts = AbcRule(tuple(rules.abc_item_shares), labels)
        return classify_abc_by_count(values, measure=measure, rule=counts, within=within)
    if rules.abc_by == "breaks":
        return classify_abc_by_breaks(values, measure=measure, labels=labels, within=within)
    if rules.abc_by == "limits" and limits:
        return classify_abc_by_limits(values, measure=measure, rule=AbcLimits(tuple(limits), labels), within=within)
    return classify_abc(values, measure=measure, rule=AbcRule(tuple(rules.abc_shares), labels), within=within)


@dataclass(frozen=True)
class _Sorted:
    """Values from high to low within each group, and the way back."""

    order: np.ndarray
    group: np.ndarray
    value: np.ndarray
    tie_start: np.ndarray

    @classmethod
    def of(cls, values: pd.DataFrame, measure: str, within: str) -> "_Sorted":
        group = pd.factorize(values[within], use_na_sentinel=False)[0] if within else np.zeros(len(values), dtype=int)
        value = values[measure].to_numpy(dtype=float, copy=True)
        size = np.bincount(group, weights=np.abs(np.nan_to_num(value)))[group]
        value[np.abs(value) < size * _NOTHING] = 0.0
        order = np.lexsort((-value, group))
        group, value = group[order], value[order]
        new = np.ones(len(value), dtype=bool)
        new[1:] = (group[1:] != group[:-1]) | ~(value[:-1] - value[1:] <= np.abs(value[:-1]) * _EXACT)
        return cls(order, group, value, np.maximum.accumulate(np.where(new, np.arange(len(value)), 0)))

    def group_start(self) -> np.ndarray:
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        return starts[self.group] if len(self.group) else starts

    def group_sizes(self) -> np.ndarray:
        return np.bincount(self.group)

    def tie_rank(self) -> np.ndarray:
        return self.tie_start - self.group_start() + 1

    def shares(self) -> np.ndarray:
        total = np.bincount(self.group, weights=np.nan_to_num(np.maximum(self.value, 0.0)))[self.group]
        return np.divide(self.value, total, out=np.zeros(len(self.value)), where=total > 0)

    def cumulative(self) -> np.ndarray:
        """Return the share of each value's tie group and all above it."""
        running = pd.Series(np.nan_to_num(self.shares())).groupby(self.group).cumsum().to_numpy()
        last = np.flatnonzero(np.append(np.diff(self.tie_start) > 0, True))
        return running[last[np.searchsorted(last, np.arange(len(running)))]]

    def cumulative_before(self) -> np.ndarray:
        """Return the share that lies above each value's tie group."""
        place, start = self.tie_start, self.group_start()
        return np.where(place > start, self.cumulative()[np.maximum(place - 1, 0)], 0.0)

    def table(self, values: pd.DataFrame, measure: str, labels: np.ndarray) -> pd.DataFrame:
        back = np.empty_like(self.order)
        back[self.order] = np.arange(len(self.order))
        missing = np.isnan(self.value)
        label = np.where(missing, "", np.where(self.value < 0, LOSS, labels))
        rank = pd.Series(self.tie_rank()[back], index=values.index, dtype="Int64").mask(missing[back])
        return values.assign(
            measure=pd.Series(measure, index=values.index, dtype="str"),
            measure_value=self.value[back],
            rank=rank,
            share=np.where(missing, np.nan, self.shares())[back],
            cumulative_share=np.where(missing, np.nan, self.cumulative())[back],
            abc=pd.Series(label[back], index=values.index, dtype="str"),
        )


def _labels(before: np.ndarray, shares: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    return np.array(labels, dtype=object)[(before[:, None] >= shares[None, :] - _EXACT).sum(axis=1)]
