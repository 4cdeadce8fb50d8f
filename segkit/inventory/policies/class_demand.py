"""Who shares a stock: order lines by class of customers, item-locations that can be sized, what was known before."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.errors import DataError, SettingsError, in_rows, list_problems
from segkit.core.masters import look_up
from segkit.core.policy_settings import Policies
from segkit.formulas.line_inputs import OrderLines
from segkit.formulas.line_runs import WEEK

PLACE = ["item_id", "location_id"]
BLOCK_DAYS = 4 * WEEK
_DAY = pd.Timedelta(days=1)
_FEWEST_LINES = 10
_ALL = "(all)"
_STEPS = 100  # stock is counted in steps of a hundredth of the demand it covers, or of a usual line: finer is noise
_LIKE = 1e-9
_LINE = [*PLACE, "demand_class", "order_date", "quantity", "revenue", "cost"]
_SUPPLY = ["review_days", "lead_time_days", "lead_time_sd", "minimum_order", "order_multiple"]


def label_demand_classes(lines: pd.DataFrame, customers: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Return order lines with the class of the customer who ordered in ``demand_class``.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    customers : DataFrame
        customer_id and the attribute, a row each.
    by : str
        The attribute: that of the line where lines have it (channel), else that of its customer.

    Returns
    -------
    DataFrame
        Same rows; "(unknown)" where no class is known or it is blank, as that of customers without sales in the window.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"]})
    >>> customers = pd.DataFrame({"customer_id": ["CUST-1"], "tier": ["gold"]})
    >>> label_demand_classes(lines, customers, by="tier")["demand_class"].tolist()
    ['gold', '(unknown)']
    """
    labels = lines[by] if by in lines else look_up(lines["customer_id"], customers, by)
    labels = labels.astype("str")
    unknown = labels.isna() | (labels == _ALL) | (labels.str.strip() == "")
    return lines.assign(demand_class=labels.mask(unknown, UNKNOWN_CUSTOMER))


def list_class_places(intervals: pd.DataFrame, policy_rules: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return the stocked item-locations with how each is replenished.

    Parameters
    ----------
    intervals : DataFrame
        From `cover_intervals` with periods of one day.
    policy_rules : DataFrame
        Table ``policy_rules``: what is made to order keeps no stock.
    items : DataFrame
        Table ``items``, for moq and order_multiple.

    Returns
    -------
    DataFrame
        item_id, location_id, review_days, lead_time_days, lead_time_sd [days], minimum_order, order_multiple [units].
    """
    stocked = policy_rules.loc[(policy_rules["policy"] != "to_order").to_numpy(), [*PLACE, "review_days"]]
    places = stocked.merge(intervals[[*PLACE, "mean_periods", "sd_periods"]], on=PLACE)
    places = places.rename(columns={"mean_periods": "lead_time_days", "sd_periods": "lead_time_sd"})
    lots = {name: look_up(places["item_id"], items, name).fillna(0.0) for name in ("moq", "order_multiple")}
    return places.assign(minimum_order=lots["moq"], order_multiple=lots["order_multiple"])


def first_held_out_day(as_of: date, rules: Policies) -> pd.Timestamp:
    """Return the day from which on the history judges and no longer sizes.

    Examples
    --------
    >>> first_held_out_day(date(2025, 12, 31), Policies(class_holdout_months=6))
    Timestamp('2025-07-01 00:00:00')
    """
    return pd.Timestamp(as_of) + _DAY - pd.DateOffset(months=rules.class_holdout_months)


@dataclass(frozen=True)
class ClassDemand:
    """Demand of every item-location by class, in the order in which it arrived.

    ``lines`` has place (row of ``places``), rank (0 = best class), time_days and quantity, sorted by place and time;
    time runs from whole weeks before ``cut``, the time of the first held-out day, to ``end``. ``places`` has what was
    known before it: start_day, lines, revenue, unit_cost, unit (step of count), supply, and left_out (why not sized).
    """

    lines: pd.DataFrame
    places: pd.DataFrame
    classes: dict[str, float]
    cut: float
    end: float

    @classmethod
    def of(cls, lines: pd.DataFrame, places: pd.DataFrame, *, rules: Policies, as_of: date) -> "ClassDemand":
        """Return the demand among order lines, and which item-locations are sized on it.

        Raises
        ------
        DataError
            Columns, or figures of the places, are missing or below 0.
        SettingsError
            A class has no target: all of them at once.
        """
        _require_inputs(lines, places)
        day = first_held_out_day(as_of, rules)
        asked = _demand_lines(lines[(lines["order_date"] < pd.Timestamp(as_of) + _DAY).to_numpy(dtype=bool)], day)
        ranks = {name: rank for rank, name in enumerate(rules.classes_in_order)}
        _require_targets(asked["demand_class"], rules)
        keys = asked[PLACE].drop_duplicates().sort_values(PLACE, ignore_index=True)
        place = keys.assign(place=range(len(keys))).merge(asked[PLACE], "right", PLACE)["place"]
        away = ((asked["order_date"] - day) / _DAY).to_numpy(dtype=float)
        cut = float(WEEK * np.ceil(max(-away.min(initial=0.0), 0.0) / WEEK))
        told = {"place": place.to_numpy(), "rank": asked["demand_class"].map(ranks).to_numpy(dtype=int)}
        figures = {name: asked[name].to_numpy(dtype=float) for name in ("quantity", "revenue", "cost")}
        table = pd.DataFrame({**told, "time_days": cut + away, **figures})
        table = table.sort_values(["place", "time_days"], kind="stable", ignore_index=True)
        end = cut + (pd.Timestamp(as_of) + _DAY - day) / _DAY
        known = _describe(table[table["time_days"] < cut], keys, places, cut)
        known["left_out"] = _reasons(known, rules.class_items)
        return cls(table, known, rules.classes_in_order, cut, float(end))

    @property
    def sized(self) -> np.ndarray:
        """Numbers of the places that are sized."""
        return np.flatnonzero(self.places["left_out"] == "")

    def history(self) -> OrderLines:
        """Return the lines to size on: of the sized places, counted anew, each from its own begin."""
        mine = self._numbered(self.lines[self.lines["time_days"] < self.cut])
        start = self.places["start_day"].to_numpy()[self.sized[mine["place"]]]
        return OrderLines(mine["place"], mine["time_days"] - start, mine["rank"], mine["quantity"])

    def judged(self, warm_days: float) -> OrderLines:
        """Return the lines to judge on: held-out ones, and those of some days before, from which time counts."""
        begin = self.cut - warm_days
        mine = self._numbered(self.lines[self.lines["time_days"] >= begin])
        return OrderLines(mine["place"], mine["time_days"] - begin, mine["rank"], mine["quantity"])

    @property
    def before(self) -> np.ndarray:
        """Demand by place and class before the held-out days [units]."""
        return self._totals(self.lines[self.lines["time_days"] < self.cut])

    @property
    def held_out(self) -> np.ndarray:
        """Demand by place and class on the held-out days [units]."""
        return self._totals(self.lines[self.lines["time_days"] >= self.cut])

    def _totals(self, part: pd.DataFrame) -> np.ndarray:
        sums = np.zeros((len(self.places), len(self.classes)))
        np.add.at(sums, (part["place"].to_numpy(), part["rank"].to_numpy()), part["quantity"].to_numpy())
        return sums

    def _numbered(self, lines: pd.DataFrame) -> pd.DataFrame:
        number = np.full(len(self.places), -1)
        number[self.sized] = np.arange(len(self.sized))
        place = number[lines["place"].to_numpy()]
        return lines.assign(place=place)[place >= 0]


def _demand_lines(lines: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the lines that are demand, in order of arrival; what was taken back later was demand when it counted."""
    taken_back = lines["is_reversed"].to_numpy(dtype=bool)
    still = ((lines["order_date"] < day) & ~(lines["reversed_on"] < day)).to_numpy(dtype=bool)
    asked = lines[(lines["quantity"] > 0).to_numpy(dtype=bool) & (~taken_back | still)]
    ids = [name for name in ("order_id", "line_id", "customer_id") if name in asked]
    numbers = {f"{name} length": asked[name].astype("str").str.len() for name in ids}  # so that line 10 follows line 9
    table = asked[_LINE].assign(**{name: asked[name] for name in ids}, **numbers)
    arrival = [part for name in ids for part in (f"{name} length", name)]
    return table.sort_values(["order_date", *arrival, *PLACE, "demand_class", "quantity"], ignore_index=True)


def _describe(known: pd.DataFrame, keys: pd.DataFrame, places: pd.DataFrame, cut: float) -> pd.DataFrame:
    """Return what the lines before the held-out days tell of every place, with its supply."""
    whole = known["quantity"] == np.floor(known["quantity"])
    priced = known["cost"].notna()
    by = known.assign(whole=whole, costed=known["quantity"].where(priced, 0.0)).groupby("place")
    told = by.agg(
        first=("time_days", "min"),
        lines=("quantity", "size"),
        usual=("quantity", "median"),
        revenue=("revenue", "sum"),
        cost=("cost", "sum"),
        costed=("costed", "sum"),
        whole=("whole", "min"),
        units=("quantity", "sum"),
    ).reindex(range(len(keys)))
    facts = {
        "start_day": np.floor(told["first"].fillna(cut) / WEEK) * WEEK,
        "lines": told["lines"].fillna(0).astype("int64"),
        "revenue": told["revenue"].fillna(0.0),
        "unit_cost": told["cost"] / told["costed"].where(told["costed"] > 0),
    }
    table = keys.merge(places[[*PLACE, *_SUPPLY]], "left", PLACE).assign(**facts)
    table["span_days"] = cut - table["start_day"]
    covered = told["units"] / table["span_days"] * (table["lead_time_days"] + table["review_days"])
    least = (told["usual"] / _STEPS).where(told["whole"].eq(False), 1.0)
    return table.assign(unit=_round_down(np.maximum(covered / _STEPS, least)).fillna(1.0))


def _round_down(steps: pd.Series) -> pd.Series:
    """Return the next of 1, 2, 5, 10, 20, ... (or 0.5, 0.2, ...) at or below."""
    power = 10.0 ** np.floor(np.log10(steps) + _LIKE)
    return power * np.select([steps / power >= 5 - _LIKE, steps / power >= 2 - _LIKE], [5, 2], 1)


def _reasons(places: pd.DataFrame, most: int) -> np.ndarray:
    """Return why a place is not sized; blank = it is."""
    why = np.full(len(places), "", dtype=object)
    why[(places["lines"] < _FEWEST_LINES).to_numpy()] = f"fewer than {_FEWEST_LINES} order lines to size on"
    why[(places["span_days"] < BLOCK_DAYS).to_numpy()] = f"history of less than {BLOCK_DAYS} days to size on"
    why[places["lead_time_days"].isna().to_numpy()] = "not stocked, or of no known lead time"
    able = np.flatnonzero(why == "")
    order = able[np.argsort(-places["revenue"].to_numpy()[able], kind="stable")]
    why[order[most:]] = f"not among the {most:,} of most revenue"
    return why


def _require_inputs(lines: pd.DataFrame, places: pd.DataFrame) -> None:
    wanted = {"order lines": (lines, [*_LINE, "is_reversed", "reversed_on"]), "places": (places, [*PLACE, *_SUPPLY])}
    problems = [
        f"{subject} lack {', '.join(missing)}"
        for subject, (table, names) in wanted.items()
        if (missing := [name for name in names if name not in table])
    ]
    if not problems:
        if places.duplicated(PLACE).any():
            problems.append(f"places repeat an item-location {in_rows(int(places.duplicated(PLACE).sum()))}")
        for name in _SUPPLY:
            if wrong := int((~(places[name] >= 0)).sum()):
                problems.append(f"{name} is missing or below 0 {in_rows(wrong)}")
    if problems:
        raise DataError(list_problems("stock cannot be shared by class", problems))


def _require_targets(labels: pd.Series, rules: Policies) -> None:
    counts = labels.value_counts().sort_index()
    bare = [f"{name} ({count:,} lines)" for name, count in counts.items() if name not in rules.class_targets]
    if bare:
        problem = f"no fill rate is given for {', '.join(bare)}"
        fix = f"Give every class of {rules.class_by or 'customers'} one, for example " + '"(unknown)" = 0.9.'
        raise SettingsError(list_problems("policies.class_targets leave classes out", [problem], [fix]))
