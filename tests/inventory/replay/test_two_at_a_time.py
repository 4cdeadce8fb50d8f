"""Resets of a replay are worked out two at a time: what comes of them must be what comes one after the other."""

import sys

import numpy as np
import pandas as pd
import pytest

from segkit import open_plan
from segkit.inventory.replay import beside as two
from segkit.inventory.replay import contest

WEEKS = """[periods]
unit = "week"
[forecasts]
lead_time_days = 21
[assume]
holding_rate = 0.25
[policies]
replay_days = 91
reset_days = 14
"""
REPLAYED = ("replay_steps", "replay_gap", "replay_left_out")


@pytest.fixture
def quick_switches():
    """Let threads take turns as often as Python can, so that what they would spoil together is spoilt."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture
def weekly(small_company):
    rng = np.random.default_rng(6)
    weeks = pd.date_range("2024-01-01", periods=104, freq="7D")
    ids = [f"SKU-{number:04d}" for number in range(6)]
    rows = pd.MultiIndex.from_product([weeks, ids, ["NORTH", "SOUTH"]], names=["period", "item_id", "location_id"])
    sales = rows.to_frame(index=False).assign(quantity=rng.poisson(5, len(rows)).astype(float), price=20.0)
    return {"sales": sales.sample(frac=1, random_state=1), "items": small_company["items"]}


@pytest.mark.usefixtures("quick_switches")
def test_two_resets_at_a_time_give_what_one_after_the_other_does(write_workspace, weekly, monkeypatch):
    made = {}
    for beside in (False, True):
        plan = open_plan(write_workspace(weekly, WEEKS))
        assert len(plan.policies)
        if beside and not two.may_run_beside():
            pytest.skip("numba's own threads allow no second thread to start compiled loops")
        monkeypatch.setattr(two, "AT_ONCE", 2 if beside else 1)
        tables = {name: getattr(plan, name) for name in REPLAYED}
        leaves = [one.leaves for one in plan._lineage.memory["replayed"]]
        assert plan._lineage.reading == []
        if not made:
            made = {"tables": tables, "leaves": leaves}
            assert len(tables["replay_steps"])
        for name in REPLAYED:
            pd.testing.assert_frame_equal(tables[name], made["tables"][name], check_exact=True)
        assert leaves == made["leaves"]


def test_nothing_of_the_plan_itself_is_made_while_two_resets_run(write_workspace, weekly, monkeypatch):
    """A plan notes on one list what each of its tables reads: two threads that made some would mix their notes."""
    plan, running = open_plan(write_workspace(weekly, WEEKS)), []
    whole, keep = contest._set_on, plan._lineage.keep

    def set_on(days, sized_on, cover_days):
        def noted(day):
            running.append(day)
            return sized_on(day)

        levels = whole(days, noted, cover_days)
        running.append(None)
        return levels

    def kept(name, frame, leaves):
        assert not running or running[-1] is None, f"{name} was made while resets ran"
        return keep(name, frame, leaves)

    monkeypatch.setattr(contest, "_set_on", set_on)
    monkeypatch.setattr(plan._lineage, "keep", kept)
    assert len(plan.replay_steps)
    assert len(running) > 3
