"""Value classes, variability classes and what follows from the two."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.settings import Segments

LOSS = "L"
_EXACT = 1e-12  # values and shares that differ by less (relative) differ by the order of summing only
_NOTHING = 1e-15  # of all value: what is left where sums cancel out


@dataclass(frozen=True)
class AbcRule:
    """Where value classes end: cumulative shares, and one label more than there are shares."""

    shares: tuple[float, ...] = (0.8, 0.95)
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
        Class limits, as cumulative share of the number of rows; sizes are rounded half to even.
    within : str
        Column of groups that are classed each for itself.

    Returns
    -------
    DataFrame
        As `classify_abc`. Ties at a limit all go to the upper class, so a class can be larger than its share.

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
    return sorted_values.table(values, measure, np.array(rule.labels, dtype=object)[passed])


def classify_xyz(profile: pd.DataFrame, *, rules: Segments) -> np.ndarray:
    """Return X, Y or Z by the CV of demand per period; blank with too little history.

    Parameters
    ----------
    profile : DataFrame
        periods and cv, as in ``item_profile``.
    rules : Segments
        ``xyz_limits`` (a CV at the limit is still in the lower class) and ``xyz_min_periods``.

    Returns
    -------
    ndarray of str
        One class per row.
    """
    labels = np.array(["X", "Y", "Z"] if len(rules.xyz_limits) == 2 else _letters(len(rules.xyz_limits) + 1))
    cv = profile["cv"].to_numpy()
    known = (profile["periods"] >= rules.xyz_min_periods).to_numpy() & ~np.isnan(cv)
    return np.where(known, labels[np.searchsorted(rules.xyz_limits, np.nan_to_num(cv), side="left")], "")


def segment_items(item_value: pd.DataFrame, item_profile: pd.DataFrame, *, rules: Segments) -> pd.DataFrame:
    """Return ``item_segments``: value class, variability class and the numbers that decided.

    Parameters
    ----------
    item_value : DataFrame
        Table ``item_value``.
    item_profile : DataFrame
        Table ``item_profile``. An item without one (a superseded item whose history went to its successor, or one
        that was only returned) has no XYZ class.
    rules : Segments
        Measure, shares, labels, groups and XYZ limits.

    Returns
    -------
    DataFrame
        One row per item of either table.
    """
    needed = ["item_id", *({rules.measure, rules.within} - {""})]
    both = item_value[needed].merge(
        item_profile.drop(columns=["location_id", "demand_class"]), on="item_id", how="outer"
    )
    both[rules.measure] = both[rules.measure].fillna(0.0).where(~both["item_id"].isin(_unknown(item_value, rules)))
    classed = classify_abc(both, measure=rules.measure, rule=_rule(rules), within=rules.within)
    classed["xyz"] = pd.Series(
        classify_xyz(classed.fillna({"periods": 0}), rules=rules), index=classed.index, dtype="str"
    )
    classed["segment"] = classed["abc"] + classed["xyz"]
    classed["reason"] = _reasons(classed, rules)
    columns = ["item_id", "measure", "measure_value", "rank", "share", "cumulative_share", "abc", "cv", "xyz", "adi"]
    text = {"pattern": "", "life_cycle": ""}
    return classed.fillna(text)[[*columns, "cv2", "pattern", "life_cycle", "segment", "reason"]]


def segment_customers(customer_value: pd.DataFrame, *, rules: Segments) -> pd.DataFrame:
    """Return ``customer_segments``: customers by value; lines of unknown customers form no customer.

    Parameters
    ----------
    customer_value : DataFrame
        Table ``customer_value``.
    rules : Segments
        Measure (quantity falls back to revenue, as customers buy unlike units), shares and labels.

    Returns
    -------
    DataFrame
        One row per customer, (unknown) with a blank class.
    """
    measure = "revenue" if rules.measure == "quantity" else rules.measure
    nameless = (customer_value["customer_id"] == UNKNOWN_CUSTOMER).to_numpy()
    values = customer_value[["customer_id"]].assign(**{measure: customer_value[measure].mask(nameless)})
    classed = classify_abc(values, measure=measure, rule=_rule(rules))
    why = np.select(
        [nameless, (classed["abc"] == LOSS).to_numpy()], ["no customer named", "costs more than it pays"], ""
    )
    classed["reason"] = pd.Series(why, index=classed.index, dtype="str")
    return classed[["customer_id", "measure", "measure_value", "rank", "share", "cumulative_share", "abc", "reason"]]


def make_whale_curve(item_value: pd.DataFrame, customer_value: pd.DataFrame) -> pd.DataFrame:
    """Return cumulative net margin over items and over customers, best first.

    Parameters
    ----------
    item_value, customer_value : DataFrame
        Tables of those names.

    Returns
    -------
    DataFrame
        ``whale_curve`` of the nomenclature; its last cumulative_margin per entity is the total net margin. The curve
        lies above 1 exactly where loss makers follow.
    """
    named = customer_value[customer_value["customer_id"] != UNKNOWN_CUSTOMER]
    return pd.concat([_whale("customer", named), _whale("item", item_value)], ignore_index=True)


def _whale(entity: str, values: pd.DataFrame) -> pd.DataFrame:
    known = values.rename(columns={f"{entity}_id": "entity_id"})[["entity_id", "net_margin"]].dropna()
    quantum = max(known["net_margin"].abs().sum() * 1e-12, np.finfo(float).tiny)
    tied = (known["net_margin"] / quantum).round() * quantum
    curve = known.assign(tied=tied).sort_values(["tied", "entity_id"], ascending=[False, True], ignore_index=True)
    curve = curve.drop(columns="tied")
    total, count = curve["net_margin"].sum(), np.arange(1, len(curve) + 1)
    cumulative = curve["net_margin"].cumsum()
    share = cumulative / total if total > 0 else pd.Series(np.nan, index=curve.index)
    table = curve.assign(entity=pd.Series(entity, index=curve.index, dtype="str"), rank=count)
    table["entity_share"] = count / max(len(curve), 1)
    table["cumulative_margin"], table["cumulative_margin_share"] = cumulative, share
    order = [
        "entity",
        "rank",
        "entity_id",
        "net_margin",
        "entity_share",
        "cumulative_margin",
        "cumulative_margin_share",
    ]
    return table[order]


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


def _rule(rules: Segments) -> AbcRule:
    return AbcRule(tuple(rules.abc_shares), tuple(rules.abc_labels))


def _letters(count: int) -> list[str]:
    return [chr(ord("X") + n) if n < 3 else f"Z{n - 1}" for n in range(count)]


def _unknown(item_value: pd.DataFrame, rules: Segments) -> pd.Series:
    return item_value.loc[item_value[rules.measure].isna(), "item_id"]


def _reasons(classed: pd.DataFrame, rules: Segments) -> pd.Series:
    none = classed["measure_value"].isna().to_numpy()
    loss = (classed["abc"] == LOSS).to_numpy()
    short = (classed["xyz"] == "").to_numpy()
    young = f"no XYZ: fewer than {rules.xyz_min_periods} complete periods or no demand"
    kinds = [none, loss & short, loss, short]
    texts = [f"{rules.measure} unknown", f"loss maker; {young}", "loss maker", young]
    return pd.Series(np.select(kinds, texts, ""), index=classed.index, dtype="str")
