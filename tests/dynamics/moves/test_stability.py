"""Stable classes: the sample's planted truth, and what a class waits for."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.settings import Settings
from segkit.dynamics.moves.month_sums import sum_by_month, window_noise
from segkit.dynamics.moves.stability import add_stable_classes

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
PLANTED = tomllib.loads((SAMPLE / "planted.toml").read_text("utf-8"))
MOVED = [(item, effect["direction"]) for effect in PLANTED["class_move"] for item in effect["item_ids"]]
ORDER = {"A": 0, "B": 1, "C": 2, "L": 3}


def month_by_month(values, classes, noise=1.0):
    """Return a history of one item beside one that is always A and one that is always C."""
    days = pd.date_range("2024-01-31", periods=len(values), freq="ME")
    steady = {"SKU-0001": (100.0, "A"), "SKU-0002": (0.0, "C")}
    rows = [(item, day, value, abc) for item, (value, abc) in steady.items() for day in days]
    rows += list(zip(["SKU-0042"] * len(values), days, values, classes, strict=True))
    table = pd.DataFrame(rows, columns=["entity_id", "known_on", "measure_value", "abc"])
    return table.assign(noise=noise, group="").sample(frac=1, random_state=3)


def stable(history, **changes):
    settings = Settings(stability=changes)
    table = add_stable_classes(history, settings=settings).sort_values("known_on")
    return "".join(table.loc[table["entity_id"] == "SKU-0042", "stable_abc"])


def test_a_move_waits_until_it_has_held():
    assert stable(month_by_month([90.0, 90, 10, 90, 10, 10, 10, 10], "AACACCCC")) == "AAAAAACC"


def test_a_move_within_the_noise_waits_for_a_whole_window():
    values = [52.0] * 2 + [48.0] * 13
    assert stable(month_by_month(values, "AA" + "C" * 13, noise=60.0)) == "A" * 13 + "CC"


def test_a_shorter_dwell_confirms_earlier():
    history = month_by_month([90.0, 90, 10, 10, 10, 10], "AACCCC")
    assert stable(history, dwell_months=1) == "AACCCC"
    assert stable(history, dwell_months=4) == "AAAAAC"


def test_who_was_gone_starts_anew():
    history = month_by_month([90.0, 90, 10, 10], "AACC")
    gap = history[~((history["entity_id"] == "SKU-0042") & (history["known_on"] == pd.Timestamp("2024-02-29")))]
    assert stable(gap) == "ACC"


def raw_and_stable(plan):
    history = plan.segment_history.query("entity == 'item'")
    return [history.pivot(index="entity_id", columns="known_on", values=name) for name in ("abc", "stable_abc")]


def moves(classes):
    before, after = classes.iloc[:, :-1].to_numpy(), classes.iloc[:, 1:].to_numpy()
    return int(((before != after) & pd.notna(before) & pd.notna(after)).sum())


def test_stable_classes_make_far_fewer_moves_of_items_that_did_not_change(sample_plan):
    raw, steady = (
        table.loc[table.index.isin(PLANTED["unchanged"]["item_ids"])] for table in raw_and_stable(sample_plan)
    )
    assert moves(steady) < 0.45 * moves(raw)
    settled = [day for day in raw.columns if day >= pd.Timestamp("2024-06-30")]
    assert moves(steady[settled]) < 0.45 * moves(raw[settled])


@pytest.mark.parametrize(("item", "direction"), MOVED)
def test_a_planted_move_is_confirmed(sample_plan, item, direction):
    """Every class that raw classes reach for good is reached, at most half a year later."""
    raw, steady = (table.loc[item].map(ORDER) for table in raw_and_stable(sample_plan))
    before = steady[:"2024-12-31"].iloc[-1]
    beyond = np.less if direction == "up" else np.greater
    assert beyond(steady.iloc[-1], before)
    first_raw, first_steady = (
        classes[beyond(classes, before)].loc["2025-01-31":].index[0] for classes in (raw, steady)
    )
    assert first_steady <= first_raw + pd.DateOffset(months=6)


def test_months_of_a_window_add_up_and_count_back_from_its_end():
    days = pd.to_datetime(["2024-03-10", "2024-02-10", "2024-02-09", "2023-12-25", "2024-03-09"])
    window = pd.DataFrame({"order_date": days, "net_margin": [1.0, 2, 4, 8, 16]})
    found = sum_by_month(
        window, np.array([0, 0, 0, 1, 1]), 2, measure="net_margin", end=pd.Timestamp("2024-03-10").date(), months=12
    )
    assert found.tolist() == [[0, 6, 1], [8, 0, 16]]


def test_noise_is_missing_with_one_month_and_that_of_a_sum_with_more():
    assert np.isnan(window_noise(np.ones((3, 1)))).all()
    draws = np.random.default_rng(1).normal(5, 2, (4000, 12))
    assert window_noise(draws).mean() == pytest.approx(draws.sum(axis=1).std(), rel=0.05)
