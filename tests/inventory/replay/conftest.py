"""Two item-locations over days, levels set by hand, and the sizing fixture of the policies."""

import numpy as np
import pandas as pd
import pytest

from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.rules import RuleLevels
from segkit.inventory.replay.runs import ReplayTerms

PLACES = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0042"], "location_id": "NORTH"})
DAY = pd.Timestamp(2025, 1, 1)  # levels are set in its evening: the first step is the day after


@pytest.fixture(scope="session")
def came():
    def make(quantity, known=None):
        quantity = np.array(quantity, dtype=float)
        known = np.ones(quantity.shape, dtype=bool) if known is None else np.array(known, dtype=bool)
        starts = pd.date_range(DAY + pd.Timedelta(days=1), periods=quantity.shape[1], freq="D")
        return CameDemand(PLACES.iloc[: len(quantity)], starts, 1.0, quantity, known)

    return make


@pytest.fixture(scope="session")
def levels():
    def make(day=0, places=PLACES, **by_rule):
        """Take tuples (reorder point, order-up-to level, lot) by rule, one per place."""
        tables = {
            name.replace("_", " "): pd.DataFrame(
                rows, columns=["reorder_point", "order_up_to", "lot"], dtype=float
            ).assign(order_quantity=1.0, fill_rate=0.9, cycle_service=0.8)
            for name, rows in by_rule.items()
        }
        told = places.assign(lead_time_days=2.0, review_days=1.0, demand_year=365.25, unit=1.0)
        return RuleLevels(DAY + pd.Timedelta(days=day), told.reset_index(drop=True), tables)

    return make


@pytest.fixture(scope="session")
def terms():
    def make(count, **changes):
        plain = {
            "lead_time_days": 2.0,
            "lead_time_sd": 0.0,
            "review_days": 1.0,
            "minimum_order": 0.0,
            "order_multiple": 0.0,
        }
        waiting = changes.pop("waiting", 0.0)
        return ReplayTerms(
            **{name: np.full(count, value) for name, value in (plain | changes).items()}, waiting=waiting
        )

    return make
