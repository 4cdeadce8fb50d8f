"""What is worth knowing about order lines that are used: kinds of lines, money and ids that look mistaken."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER, line_price, line_status, line_value, worked_value
from segkit.core.offenders import first_offenders
from segkit.core.tables import MarkedTable, Note

_ROUNDING_SHARE, _ROUNDING = 0.005, 0.05
_DEAR_LINE = 20  # of lines worth more, a discount of at most 1 is a share and no money
_SHOWN_PAIRS = 3


def note_lines(orders: MarkedTable, rates: pd.Series) -> MarkedTable:
    """Return cleaned (and cut) orders with notes on the lines that are used and yet are no plain sales.

    Parameters
    ----------
    orders : MarkedTable
        From `clean_orders`.
    rates : Series
        Currency of the plan for one unit of each line's currency.

    Returns
    -------
    MarkedTable
        The same rows, with notes on returns, free lines, lines without a customer, amounts that differ from quantity
        and price, and discounts that look like shares.
    """
    frame, used = orders.frame, (orders.reason == "").to_numpy()
    values = line_value(frame) * rates
    notes = [
        Note(name, int(rows.sum()), float(values[rows].sum()), first_offenders(frame[rows]), fix)
        for name, found, fix in _kinds(orders)
        if (rows := found & used).any()
    ]
    return replace(
        orders, notes=(*orders.notes, *notes, *_amounts(frame, used, rates), *_discounts(frame, used, rates))
    )


def note_spellings(table: MarkedTable, origins: dict[str, str]) -> MarkedTable:
    """Return the table with notes on ids of used rows that differ from others by upper and lower case only.

    Parameters
    ----------
    table : MarkedTable
        ``orders`` or ``sales``; blanks around ids have gone when they were read.
    origins : dict
        Source column of each column, for the fix.

    Returns
    -------
    MarkedTable
        The same rows.
    """
    used = table.used
    names = [name for name in ("item_id", "customer_id", "location_id") if name in table.frame]
    notes = [note for name in names if (note := _spellings(table, name, used, origins.get(name, name)))]
    return replace(table, notes=(*table.notes, *notes))


def _kinds(orders: MarkedTable) -> Iterator[tuple[str, np.ndarray, str]]:
    frame = orders.frame
    free = (line_price(frame) == 0) | (line_status(frame) == "free")
    yield (
        "goods taken back (quantity below zero)",
        _mask(frame["quantity"] < 0),
        "Kept as returns; never netted with demand.",
    )
    yield "free of charge, kept", _mask(free), "They count as demand without revenue; orders.free_lines changes it."
    nobody = frame["customer_id"] == UNKNOWN_CUSTOMER
    yield "no customer, kept as (unknown)", _mask(nobody), "They count for items, not in customer classes."
    for remark in orders.remarks:
        yield remark.reason, remark.rows, remark.fix


def _amounts(frame: pd.DataFrame, used: np.ndarray, rates: pd.Series) -> Iterator[Note]:
    """Note lines whose amount is not what quantity, price and discount make; the value is the sum of differences."""
    if "amount" not in frame or "unit_price" not in frame:
        return
    worked = worked_value(frame)
    apart = frame["amount"] - worked
    rows = used & _mask((apart.abs() > _ROUNDING) & (apart.abs() > _ROUNDING_SHARE * worked.abs()))
    if rows.any():
        why = "amount differs from quantity x unit_price less discount"
        fix = (
            "The amount is used; value = sum of the differences. See that amount is money of the line, after discount."
        )
        yield Note(why, int(rows.sum()), float((apart * rates)[rows].sum()), first_offenders(frame[rows]), fix)


def _discounts(frame: pd.DataFrame, used: np.ndarray, rates: pd.Series) -> Iterator[Note]:
    if "discount" not in frame or "unit_price" not in frame:
        return
    rows = used & _mask(frame["discount"] > 0)
    given = frame.loc[rows, "discount"]
    gross = (frame.loc[rows, "quantity"] * frame.loc[rows, "unit_price"]).abs()
    if rows.any() and given.max() <= 1 and gross.median() > _DEAR_LINE:
        why = "discount looks like a share of the price, and is taken as money"
        fix = "If it is a share, set sources.orders.expressions.discount to share * quantity * price, in money."
        yield Note(why, len(given), float((given * rates[rows]).sum()), first_offenders(frame[rows]), fix)


def _spellings(table: MarkedTable, name: str, used: np.ndarray, origin: str) -> Note | None:
    codes, words = _coded(table.frame[name])
    rows = np.bincount(codes[used & (codes >= 0)], minlength=len(words))
    ids = pd.DataFrame({"word": pd.Series(words).astype("str"), "rows": rows, "code": np.arange(len(words))})
    ids = ids[ids["rows"] > 0].assign(plain=lambda known: known["word"].str.lower())
    ids = ids[ids["plain"].duplicated(keep=False)].sort_values(["plain", "rows", "word"], ascending=[True, False, True])
    if ids.empty:
        return None
    rarer = ids[ids["plain"].duplicated()]
    shown = ids.groupby("plain")["word"].agg(" / ".join).head(_SHOWN_PAIRS)
    where = f"sources.{table.name}.expressions"
    fix = (
        f'If they are the same, set {where} = {{{name} = "upper({origin})"}}, and the same wherever {name} is read; '
        "rows = those of the rarer spelling."
    )
    pairs = f"{len(rarer):,} pair{'' if len(rarer) == 1 else 's'}"
    return Note(f"{name} that differ by case only: {pairs}", int(rarer["rows"].sum()), first="; ".join(shown), fix=fix)


def _coded(cells: pd.Series) -> tuple[np.ndarray, pd.Index]:
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), cells.cat.categories
    return pd.factorize(cells)


def _mask(rows: pd.Series) -> np.ndarray:
    return rows.fillna(False).to_numpy(dtype=bool)
