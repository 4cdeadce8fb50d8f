"""Suppliers from which nothing comes any more: what was measured before, and how long open lines have waited since."""

import pandas as pd

from segkit.core.settings import LeadTimes

_OVERDUE = 1.5  # times the longest delivery: a day or two more are no stop
_TIMES = ["lead_time_mean", "lead_time_p50", "lead_time_p90"]


def find_stopped(lines: pd.DataFrame, by: list[str], rules: LeadTimes) -> tuple[pd.Series, pd.Series]:
    """Return which lines are of a group from which nothing came that was ordered in the window, and which of them wait.

    Parameters
    ----------
    lines : DataFrame
        Lines of purchases: age [days], days that they took (blank = open), open, forgotten.
    by : list of str
        Columns of the group.
    rules : LeadTimes
        window_days, min_receipts.

    Returns
    -------
    tuple of Series of bool
        Row by row. A group has stopped where min_receipts came once, nothing that was ordered in the window did, and a
        line ordered in it has been open for half as long again as any delivery took.
    """
    keys = [lines[name] for name in by]
    came = lines["age"].where(~lines["open"]).groupby(keys).transform("min")
    longest = lines["days"].groupby(keys).transform("max")
    waits = lines["open"] & ~lines["forgotten"] & (lines["age"] < rules.window_days)
    overdue = (waits & (lines["age"] > _OVERDUE * longest)).groupby(keys).transform("any")
    enough = (~lines["open"]).groupby(keys).transform("sum") >= rules.min_receipts
    stopped = overdue & enough & (came >= rules.window_days)
    return stopped, stopped & waits


def as_before_stop(lines: pd.DataFrame, by: list[str], rules: LeadTimes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return lines as they were known when the last that came was ordered, and the lines that wait since.

    Parameters
    ----------
    lines, by, rules
        As `find_stopped` takes them.

    Returns
    -------
    tuple of DataFrame
        All lines of groups that still deliver; of those that have stopped what was received, as old as it was then, so
        that the window lies before the stop. And the group and age of each line that waits.
    """
    stopped, waits = find_stopped(lines, by, rules)
    if not stopped.any():
        return lines, lines.loc[waits, [*by, "age"]]
    last = lines["age"].where(~lines["open"]).groupby([lines[name] for name in by]).transform("min")
    earlier = lines.assign(age=lines["age"].where(~stopped, lines["age"] - last))
    return earlier[~(stopped & lines["open"]).to_numpy(dtype=bool)], lines.loc[waits, [*by, "age"]]


def count_waiting(figures: pd.DataFrame, waiting: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return figures of groups, whose mean is no less than what any line that waits since a stop has waited.

    Parameters
    ----------
    figures : DataFrame
        By group: lead_time_mean and quantiles as they were before, recent_receipts.
    waiting : DataFrame
        From `as_before_stop`.
    by : list of str
        Columns of the group.

    Notes
    -----
    The line that has waited longest tells: those ordered after it will wait as well. By so much as that is beyond the
    mean of before the mean moves, and quantiles with it; the deviation stays.
    """
    if waiting.empty:
        return figures
    known = waiting.join(figures["lead_time_mean"], on=by)
    more = (known["age"] - known["lead_time_mean"]).clip(lower=0.0).groupby([known[name] for name in by]).max()
    rows = figures.index.isin(more.index)
    added = more.reindex(figures.index).fillna(0.0)
    moved = {name: figures[name] + added for name in _TIMES}
    return figures.assign(**moved, recent_receipts=figures["recent_receipts"].mask(rows, 0))


def list_stopped(lines: pd.DataFrame, rules: LeadTimes) -> pd.DataFrame:
    """Return suppliers from which nothing comes any more, of all items or some, most open lines first.

    Parameters
    ----------
    lines : DataFrame
        As `find_stopped` takes them, with item_id, supplier_id, location_id.
    rules : LeadTimes
        window_days, min_receipts.

    Returns
    -------
    DataFrame
        supplier_id, items, open_lines ordered in the window, and the days that they have waited (waited_mean,
        waited_most) and that the longest delivery of the supplier took (longest).
    """
    groups = (["item_id", "supplier_id", "location_id"], ["supplier_id"])
    some, every = (find_stopped(lines, by, rules)[1] for by in groups)
    longest = lines.groupby("supplier_id")["days"].max().rename("longest")
    made = (
        lines[(some | every).to_numpy(dtype=bool)]
        .groupby("supplier_id", observed=True)
        .agg(
            items=("item_id", "nunique"),
            open_lines=("age", "size"),
            waited_mean=("age", "mean"),
            waited_most=("age", "max"),
        )
        .join(longest)
        .reset_index()
    )
    return made.sort_values(["open_lines", "supplier_id"], ascending=[False, True], ignore_index=True)
