"""Customers by what they are worth, what it costs to serve them, and when they last bought."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import nomenclature
from segkit.core.masters import are_among
from segkit.core.settings import CustomerBands, Settings
from segkit.dynamics.classes.item_segments import customer_measure
from segkit.dynamics.classes.value_classes import LOSS, classify_by_settings

BANDS = ("low", "normal", "high")
_DIGITS = 12  # multiples that differ beyond it differ by the order of summing only
_DAY = "datetime64[D]"


def segment_customers(
    customer_value: pd.DataFrame, lines: pd.DataFrame, *, settings: Settings, as_of: date
) -> pd.DataFrame:
    """Return ``customer_segments``: every named customer of the history by value, cost-to-serve and recency.

    Parameters
    ----------
    customer_value : DataFrame
        Table ``customer_value``: what customers bought in the window of the segments.
    lines : DataFrame
        Table ``order_lines``, the whole history: a customer who bought before the window only is listed without class.
    settings : Settings
        ``segments``: measure (see `customer_measure`) and class limits; ``customer_bands``: bands and recency.
    as_of : date
        Last day known, from which recency counts.

    Returns
    -------
    DataFrame
        One row per customer, (unknown) with neither class nor band. ``service_share`` [fraction of revenue] is banded
        by its multiple of that of all named customers together; a customer who costs and leaves no revenue is high.
        ``segment`` is class and band, the class alone where no cost-to-serve is known.

    Notes
    -----
    Recency, first that fits: lost (no order in the last ``lost_months``), overdue (silent for ``overdue_factor`` times
    the median gap between the customer's own order days), new (first order in the last ``new_months``, and the data
    know of as long a silence before it: first seen is not first bought), active.
    """
    rules, bands = settings.segments, settings.customer_bands
    measure = customer_measure(rules)
    known = _recency(lines, bands, as_of)
    values = _values(customer_value, measure).merge(known, on="customer_id", how="outer", sort=True)
    nameless = (values["customer_id"] == UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
    absent = ~are_among(values["customer_id"], customer_value["customer_id"])
    values[measure] = values[measure].mask(nameless)
    classed = classify_by_settings(values, measure=measure, rules=rules, limits=rules.abc_customer_limits)
    classed["abc_by_data"] = classed["abc"]
    classed["class_source"] = pd.Series("data", index=classed.index, dtype="str")
    classed["service_band"] = band_service(classed, bands)
    known = bool((classed["service_band"] != "").any())
    classed["service_share"] = classed["service_share"] if known else np.nan
    classed["segment"] = join_band(classed["abc"], classed["service_band"])
    classed["reason"] = _reasons(classed, nameless, absent)
    return classed[list(nomenclature()["customer_segments"].columns)]


def band_service(values: pd.DataFrame, bands: CustomerBands) -> pd.Series:
    """Return low, normal or high by cost-to-serve as a share of revenue, against all named customers together.

    Parameters
    ----------
    values : DataFrame
        customer_id, revenue and cost_to_serve [currency], one row per customer.
    bands : CustomerBands
        At which multiple of the overall share low ends and high begins; at a limit it is normal.

    Returns
    -------
    Series of str
        Blank for (unknown), for those who neither bought nor cost, and for all where no cost-to-serve is known.

    Examples
    --------
    >>> frame = pd.DataFrame({"customer_id": list("abc"), "revenue": [100.0, 100, 100], "cost_to_serve": [2.0, 10, 18]})
    >>> band_service(frame, CustomerBands()).tolist()
    ['low', 'normal', 'high']
    """
    named = (values["customer_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
    revenue = values["revenue"].to_numpy(dtype=float, na_value=np.nan)
    cost = values["cost_to_serve"].to_numpy(dtype=float, na_value=np.nan)
    total, served = revenue[named & (revenue > 0)].sum(), np.nansum(cost[named])
    if not (total > 0 and served > 0):
        return pd.Series("", index=values.index, dtype="str")
    with np.errstate(divide="ignore", invalid="ignore"):
        multiple = np.where(revenue > 0, np.round(cost / revenue / (served / total), _DIGITS), np.nan)
    multiple = np.where(~(revenue > 0) & (cost > 0), np.inf, multiple)
    low, high = bands.service_limits
    words = np.select([multiple < low, multiple > high, ~np.isnan(multiple)], [BANDS[0], BANDS[2], BANDS[1]], "")
    return pd.Series(np.where(named, words, ""), index=values.index, dtype="str")


def join_band(abc: pd.Series, band: pd.Series) -> pd.Series:
    """Return class and band as one segment: the class alone without band, nothing without class.

    Examples
    --------
    >>> join_band(pd.Series(["A", "L", ""]), pd.Series(["high", "", "low"])).tolist()
    ['A-high', 'L', '']
    """
    both = (abc != "").to_numpy() & (band != "").to_numpy()
    return abc.where(~both, abc + "-" + band).astype("str")


def _values(customer_value: pd.DataFrame, measure: str) -> pd.DataFrame:
    names = dict.fromkeys(["customer_id", measure, "revenue", "cost_to_serve", "service_share"])
    return customer_value.reindex(columns=list(names))


def _recency(lines: pd.DataFrame, bands: CustomerBands, as_of: date) -> pd.DataFrame:
    """Return every named customer of the history with days since the last order, usual gap and recency."""
    codes, ids = pd.factorize(lines["customer_id"], sort=True)
    ordered = ~(lines["is_return"] | lines["is_reversed"]).to_numpy(dtype=bool)
    days = lines["order_date"].to_numpy().astype(_DAY).astype("int64")
    last_day = int(np.datetime64(as_of, "D").astype("int64"))
    first, last, gap = _rhythm(codes[ordered], days[ordered], len(ids))
    table = pd.DataFrame({"customer_id": pd.Series(ids, dtype="str")})
    bought = pd.Series(last > _NEVER)
    table["recency_days"] = pd.Series(last_day - last, dtype="Int64").where(bought)
    table["usual_gap_days"] = gap
    history = int(days.min()) if len(days) else last_day
    words = _name_recency(first, last, last_day - last > bands.overdue_factor * gap, (history, as_of), bands)
    table["recency"] = pd.Series(np.where(bought, words, ""), dtype="str")
    nameless = table["customer_id"] == UNKNOWN_CUSTOMER
    blank = {"recency_days": pd.NA, "usual_gap_days": np.nan, "recency": ""}
    return table.assign(**{name: table[name].mask(nameless, value) for name, value in blank.items()})


_NEVER = -(2**62)


def _rhythm(codes: np.ndarray, days: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return first and last order day and the median gap between order days, per code; a gap needs three days."""
    first, last, gap = np.full(size, _NEVER), np.full(size, _NEVER), np.full(size, np.nan)
    if not len(codes):
        return first, last, gap
    span, begin = int(days.max() - days.min()) + 1, int(days.min())
    pairs = np.sort(codes * span + (days - begin))
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    who, day = pairs // span, pairs % span + begin
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    ends = np.append(starts[1:], len(who)) - 1
    first[who[starts]], last[who[ends]] = day[starts], day[ends]
    same = np.diff(who) == 0
    gaps = pd.Series(np.diff(day)[same]).groupby(who[1:][same]).agg(["median", "size"])
    steady = gaps[gaps["size"] >= 2]
    gap[steady.index.to_numpy()] = steady["median"].to_numpy()
    return first, last, gap


def _name_recency(
    first: np.ndarray, last: np.ndarray, silent: np.ndarray, known: tuple[int, date], bands: CustomerBands
) -> np.ndarray:
    history, as_of = known
    lost, new = _months_back(as_of, bands.lost_months), _months_back(as_of, bands.new_months)
    told = first >= _months_on(history, bands.new_months)
    return np.select([last < lost, silent, (first >= new) & told], ["lost", "overdue", "new"], "active")


def _months_on(day: int, months: int) -> int:
    """Return the day that lies ``months`` months after one, both as days since 1970."""
    return int(np.datetime64(pd.Timestamp(day, unit="D") + pd.DateOffset(months=months), "D").astype("int64"))


def _months_back(as_of: date, months: int) -> int:
    """Return the first day of the last ``months`` months up to and with ``as_of``, as days since 1970."""
    begin = pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    return int(np.datetime64(begin, "D").astype("int64"))


def _reasons(classed: pd.DataFrame, nameless: np.ndarray, absent: np.ndarray) -> pd.Series:
    """Return why there is no class, or why it is L; and why there is no band, or why it is high without revenue."""
    unknown = classed["measure_value"].isna().to_numpy()
    loss = (classed["abc"] == LOSS).to_numpy()
    measure = f"{classed['measure'].iloc[0]} unknown" if len(classed) else ""
    words = ["no customer named", "nothing bought in the window", measure, "costs more than it pays"]
    worth = np.select([nameless, absent, unknown, loss], words, "").astype(object)
    bare = ~nameless & ~absent & ~(classed["service_band"] != "").any()
    idle = (classed["service_band"] == BANDS[2]).to_numpy() & ~(classed["revenue"] > 0).to_numpy()
    served = np.select([bare, idle], ["no band: no cost-to-serve is known", "served without revenue"], "").astype(
        object
    )
    between = np.where((worth != "") & (served != ""), "; ", "")
    return pd.Series(worth + between + served, index=classed.index, dtype="str")
