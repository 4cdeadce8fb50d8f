"""Whether promised dates were kept as often as they say: coverage, loss in days, and how long was promised."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from segkit.core.errors import DataError
from segkit.formulas.interval_accuracy import pinball_loss
from segkit.promising.reliability.history import day_numbers, last_known_day
from segkit.promising.reliability.requirements import require_columns_of, require_day, require_tables

_PROMISED = re.compile(r"promised_p(\d{1,2}(?:\.\d+)?)")
_MEASURES = {
    "lines": "int64",
    "late_open_lines": "int64",
    "not_due_lines": "int64",
    "kept": "float64",
    "stated": "float64",
    "frequency": "float64",
    "deviation": "float64",
    "frequency_low": "float64",
    "frequency_high": "float64",
    "pinball_days": "float64",
    "promised_days": "float64",
}
_CONFIDENCE = 0.9
_SUBJECT = "promises cannot be checked"


def check_promises(
    promises: pd.DataFrame, *, by: Sequence[str] = (), as_of: pd.Timestamp | str | None = None
) -> pd.DataFrame:
    """Check how often promised dates were kept, one row per group and reliability.

    Parameters
    ----------
    promises : DataFrame
        Lines as `promise_dates` returns them (start_date, promised_p90, and where known chance_p90, earlier_p90),
        with delivered_date (blank = still open) and the columns of ``by``.
    by : sequence of str
        Columns that part the groups; none = one group.
    as_of : Timestamp or str, optional
        Last known day; default: the last delivered_date. A line is judged when its promised day has passed or is this
        day, so that early deliveries of lines not due yet count no more than late ones.

    Returns
    -------
    DataFrame
        Sorted by ``by`` and promised_reliability [0-1]: lines judged, late_open_lines of them (not delivered:
        broken promises), not_due_lines (not judged); kept = share there by the promised day, stated = what the
        promises say of that day; frequency = share with ties drawn by lot, to be compared with the reliability,
        with its 90 % interval (frequency_low, frequency_high) and deviation = frequency - promised_reliability;
        pinball_days = mean pinball loss, promised_days = mean days from start to promise [days].

    Raises
    ------
    DataError
        Columns are missing, there is no promised day, dates are no dates.

    Notes
    -----
    Days are whole: where 9 of 10 lines come exactly on the day, that day is the P50 and the P90, and kept is .9 for
    both. ``frequency`` counts a line that comes on the promised day only as far as the promise needs it (randomised
    PIT, mean over all draws), so that an honest promise meets its level. Without chance and earlier columns it is
    ``kept``. The interval draws months of start whole (Student's t), as lines of a month share what delays them; it is
    never narrower than that of lines that share nothing.
    An open line has come on the day after ``as_of`` for the loss: the least it can be.

    References
    ----------
    Czado, Gneiting & Held (2009). Predictive model assessment for count data. Biometrics 65, 1254-1261.

    Examples
    --------
    >>> day = pd.to_datetime(["2025-03-03", "2025-03-04"])
    >>> lines = pd.DataFrame({"start_date": day, "delivered_date": day + pd.to_timedelta([2, 6], "D")})
    >>> check_promises(lines.assign(promised_p50=day + pd.Timedelta(4, "D")), as_of="2025-04-01")["kept"].tolist()
    [0.5]
    """
    by = require_columns_of(by, _SUBJECT)
    levels = _levels(promises)
    dates = ["start_date", "delivered_date"]
    require_tables({"promises": promises}, {"promises": [*dates, *levels]}, by, _SUBJECT)
    start, end = day_numbers(promises["start_date"]), day_numbers(promises["delivered_date"])
    when = require_day(as_of)
    day = last_known_day(start, end) if when is None else int(day_numbers(pd.Series([when]))[0])
    parts = [_judge(promises, name, level, (start, end), day) for name, level in levels.items()]
    rows = pd.concat([promises[list(by)].assign(**part) for part in parts], ignore_index=True)
    return _measure(rows, [*by, "promised_reliability"])


def _levels(promises: pd.DataFrame) -> dict[str, float]:
    found = {str(name): _PROMISED.fullmatch(str(name)) for name in promises.columns}
    levels = {name: float(match[1]) / 100 for name, match in found.items() if match}
    if not levels:
        raise DataError(f"{_SUBJECT}: no column such as promised_p90\nTake what promise_dates returns.")
    return dict(sorted(levels.items(), key=lambda pair: pair[1]))


def _judge(
    promises: pd.DataFrame, name: str, level: float, days: tuple[np.ndarray, np.ndarray], day: int
) -> dict[str, object]:
    """Return what one reliability promised each line and what came of it; blank where the line is not judged."""
    start, end = days
    given = promises[name].notna().to_numpy()
    said = np.where(given, day_numbers(promises[name]), start)
    due = given & (said <= day) & (start <= day)
    known = (end >= start.min(initial=0) - 10**6) & (end <= day)
    came = np.where(known, end, day + 1)
    kept = (came <= said).astype(float)
    share = kept.copy()
    chance, earlier = name.replace("promised", "chance"), name.replace("promised", "earlier")
    stated = np.full(len(start), np.nan)
    if chance in promises and earlier in promises:
        stated, before = promises[chance].to_numpy(dtype=float), promises[earlier].to_numpy(dtype=float)
        tie = np.divide(level - before, stated - before, out=np.ones(len(start)), where=stated > before)
        share = np.where(came == said, np.clip(tie, 0.0, 1.0), kept)
    figures = {
        "kept": kept,
        "stated": stated,
        "frequency": share,
        "pinball_days": np.asarray(pinball_loss((came - start).astype(float), (said - start).astype(float), level)),
        "promised_days": (said - start).astype(float),
        "late_open_lines": (~known).astype(float),
    }
    month = start.astype("datetime64[D]").astype("datetime64[M]").astype("int64")
    blanked = {key: np.where(due, values, np.nan) for key, values in figures.items()}
    return {**blanked, "promised_reliability": level, "due": due, "month": month}


def _measure(rows: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    """Return the measures of every group."""
    grouped = rows.groupby(group, sort=True, dropna=False, observed=True)
    means = grouped[["kept", "stated", "frequency", "pinball_days", "promised_days"]].mean()
    made = means.assign(lines=grouped["due"].sum(), late_open_lines=grouped["late_open_lines"].sum())
    made = made.assign(not_due_lines=grouped.size() - made["lines"])
    reach = _reach(rows[rows["due"]], group, means["frequency"])
    made = made.assign(
        frequency_low=(made["frequency"] - reach).clip(0, 1), frequency_high=(made["frequency"] + reach).clip(0, 1)
    ).reset_index()
    made["deviation"] = made["frequency"] - made["promised_reliability"]
    return made[[*group, *_MEASURES]].astype(_MEASURES)


def _reach(rows: pd.DataFrame, group: list[str], mean: pd.Series) -> pd.Series:
    """Return how far the interval reaches to either side: months drawn whole; blank for one month."""
    keys = [rows[name] for name in group]
    blocks = rows.groupby([*keys, rows["month"]], dropna=False, observed=True)["frequency"].agg(["sum", "size"])
    blocks = blocks.droplevel("month")
    off = (blocks["sum"] - mean.reindex(blocks.index) * blocks["size"]) ** 2
    sums = pd.DataFrame({"off": off, "size": blocks["size"], "count": 1}).groupby(level=group, dropna=False).sum()
    spare = (sums["count"] - 1).where(sums["count"] > 1)
    level = pd.Series(sums.index.get_level_values("promised_reliability"), index=sums.index)
    least = np.sqrt(level * (1 - level) / sums["size"])
    error = np.maximum(np.sqrt(sums["count"] / spare * sums["off"]) / sums["size"], least)
    return (error * stdtrit(spare.astype("float64"), (1 + _CONFIDENCE) / 2)).reindex(mean.index)
