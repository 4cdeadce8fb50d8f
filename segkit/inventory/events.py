"""Events of a calendar, counted by period."""

import pandas as pd


def events_by_period(calendar: pd.DataFrame, history: pd.DataFrame, *, ahead: int) -> pd.DataFrame:
    """Return events as `forecast_demand` takes them: a row per period, a column per event.

    Parameters
    ----------
    calendar : DataFrame
        Table ``calendar``: date, event and value (blank = 1).
    history : DataFrame
        Demand by period: its periods tell which a day belongs to.
    ahead : int
        Periods after the history that are wanted.

    Returns
    -------
    DataFrame
        period and, per event, the sum of its values on the days of the period.

    Examples
    --------
    >>> weeks = pd.DataFrame({"period": pd.date_range("2025-01-06", periods=2, freq="7D")})
    >>> days = pd.DataFrame({"date": [pd.Timestamp(2025, 1, 15)], "event": ["promotion"], "value": [1.0]})
    >>> events_by_period(days, weeks, ahead=1)["promotion"].tolist()
    [0.0, 1.0, 0.0]
    """
    from segkit.inventory.pooled.periods import fill_periods, following_periods

    periods = pd.DatetimeIndex(history["period"].drop_duplicates().sort_values())
    if not len(periods):
        return pd.DataFrame({"period": periods})
    every = fill_periods(periods)
    every = every.append(following_periods(every, ahead + 1))
    every, end = every[:-1], every[-1]
    inside = calendar[calendar["date"].between(every[0], end, inclusive="left").to_numpy(dtype=bool)]
    place = every.searchsorted(inside["date"], side="right") - 1
    value = inside["value"].fillna(1.0) if "value" in inside else pd.Series(1.0, index=inside.index)
    table = pd.DataFrame({"period": every[place], "event": inside["event"].to_numpy(), "value": value.to_numpy()})
    wide = table.pivot_table(index="period", columns="event", values="value", aggfunc="sum", observed=True)
    wide = wide.rename(columns={name: f"event {name}" for name in ("period", "price")})
    wide = wide.reindex(every).fillna(0.0).rename_axis(index="period", columns=None)
    return wide.reset_index()
