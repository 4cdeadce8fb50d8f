"""Codes of groups without gaps: the same whether they are looked up or sorted."""

import numpy as np
import pandas as pd
import pytest

from segkit.inventory.pooled.codes import dense_codes
from segkit.inventory.pooled.rows import number_days, number_series


@pytest.mark.parametrize("most", [1, 40, 5_000, 10**9])
def test_codes_are_those_of_sorting(most):
    code = np.random.default_rng(1).integers(0, most, 300)
    found, place = dense_codes(code)
    assert (found == np.unique(code)).all()
    assert (found[place] == code).all()


@pytest.mark.parametrize("far", [0, 10**6])
def test_days_are_those_named_rising(far):
    days = np.array([19_000, 18_990, 19_000 + far, 18_991])
    found, place = number_days(days)
    assert (found == np.unique(days)).all()
    assert (place + days.min() == days).all()


@pytest.mark.parametrize("kind", ["str", "object", "category", "string[python]"])
def test_series_have_the_same_numbers_whether_their_rows_stand_together_or_not(kind):
    rows = pd.DataFrame(
        {"item_id": np.repeat(["b", "é", "a"], 20), "location_id": np.tile(np.repeat(["x", "y"], 10), 3)}
    )
    halves = [rows.astype(kind), rows.astype(kind)]
    together = pd.concat(halves, ignore_index=True)
    mixed = together.sample(frac=1.0, random_state=1)
    for table in (together, mixed):
        series, keys = number_series(table, ["item_id", "location_id"])
        assert keys.to_numpy().tolist() == sorted(keys.to_numpy().tolist())
        assert (keys.loc[series].to_numpy() == table.to_numpy().astype(str)).all()
        assert len(keys) == 6
