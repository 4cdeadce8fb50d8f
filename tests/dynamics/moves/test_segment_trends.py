"""Segments period by period: sums against the lines, indices that do not depend on units, empty and odd input."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.periods import list_periods
from segkit.core.settings import Periods


def make_lines(rows):
    """Return order lines of (day, item, customer, channel, quantity, price, unit cost)."""
    names = ["order_date", "item_id", "customer_id", "channel", "quantity", "price", "unit_cost"]
    table = pd.DataFrame(rows, columns=names).astype({name: "str" for name in names[1:4]})
    table["order_date"] = pd.to_datetime(table["order_date"]).astype("datetime64[us]")
    table["period"] = table["order_date"].dt.to_period("M").dt.start_time.astype("datetime64[us]")
    table["revenue"] = table["quantity"] * table["price"]
    table["net_margin"] = table["revenue"] - table["quantity"] * table["unit_cost"]
    return table.assign(is_return=table["quantity"] < 0, is_reversed=False).sample(frac=1, random_state=2)


LINES = make_lines(
    [
        ("2025-01-01", "SKU-0042", "C-001", "shop", 10, 5.0, 3.0),
        ("2025-01-31", "SKU-0043", "C-002", "web", 2, 20.0, 12.0),
        ("2025-02-10", "SKU-0042", "C-001", "shop", 8, 5.5, 3.0),
        ("2025-02-11", "SKU-0042", "C-001", "shop", -1, 5.5, 3.0),
        ("2025-03-31", "SKU-0042", "C-001", "shop", 8, 5.0, 3.0),
        ("2025-03-31", "SKU-0042", "(unknown)", "web", 4, 5.0, 3.0),
    ]
)
PERIODS = list_periods(LINES["order_date"], Periods())


def rows(table, entity, entity_id):
    return table.query(f"entity == '{entity}' and entity_id == '{entity_id}'").reset_index(drop=True)


def test_every_figure_of_a_small_company():
    table = sk.follow_segments(LINES, PERIODS)
    everything = rows(table, "all", "(all)")
    assert everything["quantity"].tolist() == [12, 8, 12]
    assert everything["revenue"].tolist() == [90, 38.5, 60]
    assert everything["net_margin"].tolist() == [36, 17.5, 24]
    assert everything["customers"].tolist() == [2, 1, 1]
    assert everything["items"].tolist() == [2, 1, 1]
    assert everything["price_index"].tolist() == pytest.approx([1, 1.1, 1])
    assert everything["volume"].tolist() == pytest.approx([90, 40, 60])
    web = rows(table, "channel", "web")
    assert web["revenue"].tolist() == [40, 0, 20]
    assert web["share"].tolist() == pytest.approx([40 / 90, 0, 1 / 3])
    assert web["volume"].fillna(-1).tolist() == [40, 0, -1]


def test_a_segment_begins_with_its_first_line():
    late = pd.concat([LINES, make_lines([("2025-03-02", "SKU-0042", "C-003", "fair", 1, 5.0, 3.0)])])
    fair = rows(sk.follow_segments(late, PERIODS), "channel", "fair")
    assert fair["period"].tolist() == [pd.Timestamp("2025-03-01")]
    assert fair["price_index"].tolist() == [1.0]


def test_segments_add_up_to_the_company(sample_plan):
    table = sample_plan.segment_dynamics
    sums = table.pivot_table(index="period", columns="entity", values=["revenue", "net_margin", "share"], aggfunc="sum")
    for name in ("revenue", "net_margin"):
        for entity in sums[name]:
            np.testing.assert_allclose(sums[name][entity], sums[name]["all"], rtol=1e-9)
    np.testing.assert_allclose(sums["share"], 1.0)
    lines = sample_plan.order_lines
    assert rows(table, "all", "(all)")["net_margin"].sum() == pytest.approx(lines["net_margin"].sum())
    assert set(table["entity"]) >= {"all", "channel", "category", "item_class", "customer_class", "micro_segment"}


def test_counting_unit_and_currency_do_not_move_the_indices(sample_plan):
    lines = sample_plan.order_lines
    factor = np.where(lines["item_id"] < "FH", 1 / 12, 1.0)
    dozens = sk.follow_segments(lines.assign(quantity=lines["quantity"] * factor), sample_plan.periods)
    yen = sk.follow_segments(
        lines.assign(revenue=160 * lines["revenue"], net_margin=160 * lines["net_margin"]), sample_plan.periods
    )
    straight = sk.follow_segments(lines, sample_plan.periods)
    for name in ("price_index", "share", "margin_share"):
        np.testing.assert_allclose(dozens[name], straight[name])
        np.testing.assert_allclose(yen[name], straight[name])
    np.testing.assert_allclose(dozens["volume"], straight["volume"])


def test_what_happens_later_does_not_change_the_past(sample_plan):
    day = pd.Timestamp("2025-06-30")
    early = sample_plan.order_lines[(sample_plan.order_lines["order_date"] <= day).to_numpy()]
    periods = sample_plan.periods[(sample_plan.periods["period"] <= day).to_numpy()]
    known = sk.follow_segments(early, periods, groups=["channel"])
    later = sk.follow_segments(sample_plan.order_lines, sample_plan.periods, groups=["channel"])
    pd.testing.assert_frame_equal(known, later[(later["period"] <= day).to_numpy()].reset_index(drop=True))


def test_without_prices_and_costs_what_is_known_remains():
    table = sk.follow_segments(LINES.assign(revenue=np.nan, net_margin=np.nan), PERIODS)
    sold = table[table["quantity"] > 0]
    assert len(sold) > 0
    assert sold[["revenue", "net_margin", "price_index", "volume", "share"]].isna().all().all()
    only_sales = sk.follow_segments(LINES.assign(net_margin=np.nan), PERIODS)
    assert only_sales["volume"].notna().any()


def test_no_lines_give_an_empty_table():
    pd.testing.assert_frame_equal(sk.follow_segments(LINES.iloc[:0], PERIODS), empty_table("segment_dynamics"))


@pytest.mark.real
def test_prices_of_a_retailer_bounce_and_do_not_drift(real_data, tmp_path):
    file = real_data / "ta_feng" / "ta_feng.parquet"
    (tmp_path / "segkit.toml").write_text(f'extends = "ta_feng"\n[sources.orders]\nfile = "{file}"\n', "utf-8")
    plan = sk.open_plan(tmp_path)
    table = sk.follow_segments(plan.order_lines, plan.periods)
    everything = rows(table, "all", "(all)")
    assert everything.loc[everything["complete"], "price_index"].between(0.93, 1.05).all()
