"""The company's own profit and loss by month: what its order lines say, and one entry that no order line holds."""

from typing import Any

import numpy as np
import pandas as pd

from segkit.sample.facts import FIRST_DAY, LAST_DAY, date_of, effects, months_of
from segkit.sample.rates import fx_table

_NO_GOODS = ["fee", "cancelled"]


def books_table(lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the input table ``profit_and_loss``: revenue and freight out of each month, in EUR.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    seed : int
        Seed of the company, for the exchange rates.

    Returns
    -------
    DataFrame
        The table as text. Revenue of December holds the year's rebate to key accounts (see `rebates`).
    """
    sums = _monthly(lines, seed)
    booked = {entry["period"]: entry["amount"] for entry in rebates(lines, seed)}
    rows = []
    for period, row in sums.iterrows():
        revenue = row["revenue"] + booked.get(period, 0.0)
        rows += [
            (period, "revenue", f"{revenue:.2f}", "EUR"),
            (period, "freight_out", f"{row['freight_out']:.2f}", "EUR"),
        ]
    return pd.DataFrame(rows, columns=["period", "pl_line", "amount", "currency"])


def rebates(lines: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Return the year-end rebates, which the books hold and no order line does.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    seed : int
        Seed of the company.

    Returns
    -------
    list of dict
        period, pl_line, amount [EUR].
    """
    plan = effects()["rebate"]
    yearly = _monthly(lines[lines["channel"] == plan["channel"]], seed)["revenue"]
    found = []
    for period in (period for period in yearly.index if period.month == 12):
        year = yearly[[month.year == period.year for month in yearly.index]].sum()
        found.append({"period": period, "pl_line": "revenue", "amount": -round(float(plan["share"] * year), 2)})
    return found


def _monthly(lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return revenue and freight_out in EUR by first day of the month."""
    known = lines[lines["day"].between(FIRST_DAY, LAST_DAY) & ~lines["kind"].isin(_NO_GOODS)]
    month = months_of(known["day"].to_numpy())
    fx = fx_table(seed).pivot(index="date", columns="quote_currency", values="rate").astype(float).assign(EUR=1.0)
    rate = fx.to_numpy()[month, fx.columns.get_indexer(known["currency"])]
    sign = np.sign(known["quantity"])
    money = pd.DataFrame(
        {
            "revenue": (known["quantity"] * known["unit_price"] - sign * known["discount"].fillna(0.0)) / rate,
            "freight_out": known["freight_out"].fillna(0.0) / rate,
        }
    )
    sums = money.groupby(month).sum()
    return sums.set_index(
        pd.Index([date_of(0).replace(year=2023 + m // 12, month=m % 12 + 1, day=1) for m in sums.index])
    )
