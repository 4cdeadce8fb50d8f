"""Sentences about what the levels leave out or are held back by, beside what they are worth."""

import pandas as pd


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
