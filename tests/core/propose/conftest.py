"""Order lines of a company, and a reader of the workspace that was proposed for them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.settings import read_settings
from segkit.core.sources.mapping import read_table


@pytest.fixture
def lines() -> pd.DataFrame:
    """600 order lines of a company; prices belong to items, quantities vary, 3 % come back."""
    random = np.random.default_rng(7)
    orders = np.sort(random.integers(0, 180, 600))
    day_of = pd.Timestamp("2024-01-02") + pd.to_timedelta(np.sort(random.integers(0, 365, 180)), unit="D")
    customer_of = random.integers(0, 25, 180)
    items = random.integers(0, 40, 600)
    price = np.round(random.gamma(2, 9, 40) + 0.55, 2)
    quantity = np.where(random.random(600) < 0.03, -1, 1) * random.integers(1, 30, 600)
    return pd.DataFrame(
        {
            "order": [f"A{10_000 + number}" for number in orders],
            "day": day_of[orders],
            "customer": [f"{70_000 + number}" for number in customer_of[orders]],
            "item": [f"SKU-{number:04d}" for number in items],
            "words": [f"Schraube größe {number}" for number in items],
            "quantity": quantity,
            "price": price[items],
            "amount": np.round(quantity * price[items], 2),
        }
    )


@pytest.fixture
def read_back() -> Callable[[Path], tuple[str, pd.DataFrame]]:
    """Read the main table of the workspace ``client`` in a folder."""

    def read(folder: Path) -> tuple[str, pd.DataFrame]:
        workspace = folder / "client"
        settings = read_settings(workspace)
        table = "orders" if "orders" in settings.sources else "sales"
        marked = read_table(table, settings.sources[table], workspace)
        return table, marked.frame[marked.reason == ""]

    return read
