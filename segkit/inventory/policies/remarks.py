"""Sentences about what the levels leave out or are held back by, beside what they are worth."""

import pandas as pd

_SHOWN = 3


def tell_supplying(policies: pd.DataFrame, replay: pd.DataFrame) -> tuple | None:
    """Return how many item-locations supply others and what that means for levels and replay; None where none does.

    Parameters
    ----------
    policies : DataFrame
        Table of that name.
    replay : DataFrame
        Table of that name; empty = nothing was replayed.
    """
    count = int(policies["supplies_others"].sum())
    if not count:
        return None
    one = count == 1
    alone = (
        " Locations are replayed each alone: one that supplies others sees the orders of its own customers only, and "
        "is taken to be never short for the others."
        if len(replay)
        else ""
    )
    sentence = (
        f"{count:,} item-location{' supplies' if one else 's supply'} others: {'its' if one else 'their'} levels count "
        f"only customers of {'its' if one else 'their'} own, and are not in the files to upload.{alone}"
    )
    return "levels_of_own_customers", sentence, count, "item-locations"


def tell_stopped(stopped: pd.DataFrame, *, window_days: int) -> tuple | None:
    """Return which suppliers have stopped delivering, and what levels assume of them; None where none has.

    Parameters
    ----------
    stopped : DataFrame
        From `find_stopped_suppliers`.
    window_days : int
        Days in which lines that count were ordered.
    """
    if stopped.empty:
        return None
    parts = [
        f"{row['items']:,} item{'' if row['items'] == 1 else 's'} from {row['supplier_id']} ({row['open_lines']:,} "
        f"line{'' if row['open_lines'] == 1 else 's'} open, for up to {row['waited_most']:.0f} days; the longest "
        f"delivery took {row['longest']:.0f})"
        for _, row in stopped.head(_SHOWN).iterrows()
    ]
    rest = len(stopped) - _SHOWN
    more = f" and of {rest:,} supplier{'' if rest == 1 else 's'} more" if rest > 0 else ""
    sentence = (
        f"Nothing that was ordered in the last {window_days} days has come of {', of '.join(parts)}{more}. Levels "
        "assume that it still comes: lead times are at least what the longest of these lines has waited so far, with "
        "the scatter of earlier deliveries. Ask the supplier, or give such items another one."
    )
    return "deliveries_stopped", sentence, stopped["open_lines"].sum(), "order lines"


def tell_binding(binding: pd.DataFrame, *, currency: str) -> tuple | None:
    """Return which caps and limits hold levels down, where and at what service; None where none does.

    Parameters
    ----------
    binding : DataFrame
        From `list_binding`.
    currency : str
        Of the plan.
    """
    if binding.empty:
        return None
    parts = []
    for _, row in binding.iterrows():
        idle = f", {row['idle']:,} of them not stocked at all" if row["idle"] else ""
        words = f"{row['capped_by']} at {row['places']:,} item-location{'' if row['places'] == 1 else 's'}{idle}"
        if pd.notna(row["fill_rate"]) and pd.notna(row["free_fill_rate"]):
            words += f": {row['fill_rate']:.1%} of the units there are expected to be met"
            words += f", {row['free_fill_rate']:.1%} without it"
            if pd.notna(row["lost_margin"]):
                words += f" (margin {currency} {row['lost_margin']:,.0f} a year)"
        parts.append(words)
    sentence = f"Levels are lower than targets and returns ask for because of {'; '.join(parts)}."
    return "limits_bind", sentence, binding["places"].sum(), "item-locations"
