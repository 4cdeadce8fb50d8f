"""Money in one currency: rates by day, and an error that names every rate that is missing."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.core.settings import Fx


def exchange_rates(currencies: pd.Series, dates: pd.Series, fx: pd.DataFrame, *, to: str, rules: Fx) -> pd.Series:
    """Return units of ``to`` for one unit of each row's currency on its day.

    The last rate on or before the day counts, direct or inverted, if it is no older than ``rules.max_age_days``.

    Parameters
    ----------
    currencies : Series of str
        Currency of each row; missing means ``to``.
    dates : Series of datetime64
        Day of each row, same index.
    fx : DataFrame
        Table ``fx``: date, base_currency, quote_currency, rate [quote per base].
    to : str
        Currency of the plan.
    rules : Fx
        How old a rate may be.

    Returns
    -------
    Series of float
        Same index; 1.0 where the currency is ``to``.

    Raises
    ------
    DataError
        A rate is missing: every currency with its number of rows and first day.
    """
    rates = known_rates(currencies, dates, fx, to=to, rules=rules)
    missing = pd.DataFrame({"currency": currencies, "day": dates})[rates.isna()]
    problems = [
        f"{code} to {to} is missing for {len(days):,} rows, first on {days.min():%Y-%m-%d}"
        for code, days in missing.groupby("currency")["day"]
    ]
    if problems:
        fix = f"Add the rates to table fx, or set fx.max_age_days (now {rules.max_age_days}) in segkit.toml."
        raise DataError(list_problems("exchange rates are missing", problems, [fix]))
    return rates


def known_rates(currencies: pd.Series, dates: pd.Series, fx: pd.DataFrame, *, to: str, rules: Fx) -> pd.Series:
    """Return the rates of `exchange_rates`, missing where there is none."""
    foreign = currencies.notna() & (currencies != to)
    rates = pd.Series(1.0, index=currencies.index)
    for code in sorted(currencies[foreign].unique()):
        rows = foreign & (currencies == code)
        rates[rows] = _rates_on(dates[rows], _quotes(fx, code, to), rules.max_age_days)
    return rates


def _quotes(fx: pd.DataFrame, code: str, to: str) -> pd.DataFrame:
    """Return date and rate (to per code), oldest first."""
    direct = fx[(fx["base_currency"] == code) & (fx["quote_currency"] == to)]
    inverse = fx[(fx["base_currency"] == to) & (fx["quote_currency"] == code)]
    pair = [direct[["date", "rate"]], inverse[["date"]].assign(rate=1.0 / inverse["rate"])]
    return pd.concat([part for part in pair if len(part)] or pair[:1]).drop_duplicates("date").sort_values("date")


def _rates_on(dates: pd.Series, quotes: pd.DataFrame, max_age_days: int) -> pd.Series:
    at = quotes["date"].searchsorted(dates, side="right") - 1
    found = np.full(len(dates), np.nan)
    known = at >= 0
    age = dates.to_numpy()[known] - quotes["date"].to_numpy()[at[known]]
    found[known] = np.where(age <= np.timedelta64(max_age_days, "D"), quotes["rate"].to_numpy()[at[known]], np.nan)
    return pd.Series(found, index=dates.index)
