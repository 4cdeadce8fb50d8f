"""Do the sums agree: lines with their source, every roll-up with its lines, the plan with the client's own books."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.money import exchange_rates
from segkit.core.settings import Settings
from segkit.dynamics.lines.values import MONEY

_ROUNDING = 1e-9  # of the money that was added: what the order of summing leaves
_DOZEN = 12
_ROLL_UPS = {"item_value": "items", "customer_value": "customers", "group_value": "groups"}


@dataclass(frozen=True)
class Sums:
    """What is reconciled: all order lines, those of the window, roll-ups of the window by table name, and the rest."""

    lines: pd.DataFrame
    window: pd.DataFrame
    roll_ups: dict[str, pd.DataFrame]
    activity_costs: pd.DataFrame
    data_quality: pd.DataFrame


def reconcile(sums: Sums, profit_and_loss: pd.DataFrame, fx: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return ``reconciliation``: every sum of the plan beside the one that it must agree with.

    Parameters
    ----------
    sums : Sums
        Lines and what was made of them.
    profit_and_loss : DataFrame
        Table ``profit_and_loss``: the client's own lines by month.
    fx : DataFrame
        Table ``fx``, where the client's lines name another currency.
    settings : Settings
        The plan's currency.

    Returns
    -------
    DataFrame
        One row per sum. ``reason`` is blank where both agree; a difference to the client's books is shown, never
        spread over customers. Lines of unknown cost leave a sum out, and the reason says so.
    """
    if sums.lines.empty:
        return empty_table("reconciliation")
    rows = [*_with_source(sums), *_with_roll_ups(sums), *_with_activities(sums)]
    table = pd.DataFrame(rows, columns=["scope", "period", "measure", "ours", "theirs", "slack"])
    table["slack"] *= _ROUNDING
    table["reason"] = np.where(_agree(table), "", "does not add up")
    books = _with_books(sums.lines, profit_and_loss, fx, settings)
    table = pd.concat([part for part in (table, books) if len(part)], ignore_index=True)
    table["difference"] = (table["ours"] - table["theirs"]).where(~_agree(table), 0.0)
    table["share"] = (table["difference"] / table["theirs"]).where(table["theirs"] != 0)
    dtypes = {"scope": "str", "measure": "str", "reason": "str", "period": "datetime64[us]"}
    columns = list(empty_table("reconciliation").columns)
    return table.astype(dtypes)[columns].sort_values(["scope", "period", "measure"], ignore_index=True)


def _agree(table: pd.DataFrame) -> pd.Series:
    return (table["ours"] - table["theirs"]).abs() <= table["slack"]


def _with_source(sums: Sums) -> list[tuple]:
    """Return the revenue of all order lines beside the money of the source rows that are used."""
    quality = sums.data_quality
    used = quality[(quality["action"] == "used") & quality["source_table"].isin(["orders", "sales"])]
    if used.empty or used["rows_without_value"].iloc[0]:
        return []
    name, revenue = used["source_table"].iloc[0], sums.lines["revenue"]
    first = sums.lines["period"].min()
    return [
        (f"all lines and {name} as read", first, "revenue", revenue.sum(), used["value"].iloc[0], revenue.abs().sum())
    ]


def _with_roll_ups(sums: Sums) -> list[tuple]:
    """Return the sums of every roll-up beside those of the lines in the window."""
    if sums.window.empty:
        return []
    rows, first = [], sums.window["period"].min()
    known = [name for name in MONEY if sums.window[name].notna().all()]
    weight = {name: sums.window[name].abs().sum() for name in known}
    for table, word in _ROLL_UPS.items():
        for scope, part in _parts(word, sums.roll_ups[table]):
            rows += [
                (
                    f"{scope} and lines of the window",
                    first,
                    name,
                    part[name].sum(),
                    sums.window[name].sum(),
                    weight[name],
                )
                for name in known
            ]
    return rows


def _parts(word: str, table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return a roll-up, or each of the kinds of group that it holds, with the words for it."""
    if "entity" not in table:
        return [(word, table)]
    return [(f"{entity} values", part) for entity, part in table.groupby("entity", sort=True)]


def _with_activities(sums: Sums) -> list[tuple]:
    """Return the work charged to lines beside the used part of the pools."""
    costs = sums.activity_costs
    if costs.empty:
        return []
    charged, used = sums.lines["activity_cost"].sum(), costs["used_cost"].sum()
    return [("activities and all lines", costs["period"].min(), "activity_cost", charged, used, abs(charged))]


def _with_books(lines: pd.DataFrame, books: pd.DataFrame, fx: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the plan's sums by month beside the lines of the client's profit and loss."""
    if books.empty:
        return pd.DataFrame()
    month = books["period"].to_numpy().astype("datetime64[M]")
    rate: pd.Series | float = 1.0
    if "currency" in books:
        rate = exchange_rates(books["currency"], books["period"], fx, to=settings.company.currency, rules=settings.fx)
    slack = _step(books["amount"].to_numpy()) / 2 * (1 + _ROUNDING) * rate
    theirs = books.assign(period=month.astype("datetime64[us]"), theirs=books["amount"] * rate, slack=slack)
    theirs = theirs.groupby(["period", "pl_line"], as_index=False)[["theirs", "slack"]].sum()
    days = lines["order_date"].to_numpy().astype("datetime64[M]").astype("datetime64[us]")
    ours = lines[MONEY].groupby(days).sum(min_count=1)
    ours = ours.stack(future_stack=True).rename("ours").rename_axis(["period", "measure"]).reset_index()
    both = theirs.rename(columns={"pl_line": "measure"}).merge(ours, on=["period", "measure"], how="left")
    both = both.assign(scope="profit and loss of the month")
    over = both["period"] + pd.offsets.MonthBegin(1) > lines["order_date"].max().normalize() + pd.Timedelta(days=1)
    text = np.select(
        [both["ours"].isna(), over, ~_agree(both)],
        [
            "no order lines in the month",
            "the month is not over, or the lines end within it",
            "the books hold what no order line says, or the reverse",
        ],
        "",
    )
    return both.assign(reason=text)


def _step(amounts: np.ndarray) -> float:
    """Return the step to which books are rounded: the largest power of ten that divides all amounts.

    Steps above 1 are believed of a dozen amounts only.
    """
    largest = 6 if len(amounts) >= _DOZEN else 0
    for step in 10.0 ** np.arange(largest, -3, -1):
        if np.allclose(amounts / step, np.round(amounts / step), rtol=0, atol=1e-6):
            return step
    return 0.001
