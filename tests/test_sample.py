"""The sample company: made the same every time, sound, and with everything in it that is said to be planted."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import input_tables
from segkit.core.settings import read_settings
from segkit.core.sources.mapping import read_table
from segkit.core.tables import check_table
from segkit.sample import describe_data, write_sample

DATA = Path(__file__).parents[1] / "data"
SAMPLE = DATA / "sample"
DATES = ["order_date", "requested_date", "promised_date", "shipped_date", "delivered_date"]
GOODS = ["open", "shipped", "delivered"]


@pytest.fixture(scope="module")
def planted():
    return tomllib.loads((SAMPLE / "planted.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def read():
    def _read(name, dates=()):
        return pd.read_csv(SAMPLE / f"{name}.csv", parse_dates=list(dates), dtype={"order_id": str, "hs_code": str})

    return _read


@pytest.fixture(scope="module")
def lines(read):
    """Give each order line once, with its net amount and cost in EUR."""
    orders = read("orders", DATES).drop_duplicates(["order_id", "line_id"]).reset_index(drop=True)
    fx = read("fx", ["date"]).set_index(["date", "quote_currency"])["rate"]
    month = orders["order_date"].dt.to_period("M").dt.to_timestamp()
    rate = fx.reindex(pd.MultiIndex.from_arrays([month, orders["currency"]])).fillna(1.0).to_numpy()
    master = read("items").set_index("item_id")["unit_cost"]
    latest = orders["item_id"].map(master).to_numpy()
    cost = (orders["unit_cost"].to_numpy() / rate).astype(float)
    revenue = (orders["quantity"] * orders["unit_price"] - orders["discount"].fillna(0)) / rate
    return orders.assign(
        revenue=revenue,
        cost=orders["quantity"] * np.where(np.isnan(cost), latest, cost),
        freight=orders["freight_out"].fillna(0) / rate,
        year=orders["order_date"].dt.year,
    )


@pytest.fixture(scope="module")
def sales(lines):
    return lines[lines["status"].isin(GOODS)]


@pytest.fixture(scope="module")
def receipts(read):
    purchases = read("purchases", ["ordered_date", "expected_date", "received_date"])
    received = purchases[purchases["received_date"].notna()]
    return received.assign(late=received["received_date"] > received["expected_date"])


def test_it_is_made_byte_for_byte_as_committed(tmp_path):
    written = write_sample(tmp_path / "again")
    assert sorted(p.name for p in written.iterdir()) == sorted(p.name for p in SAMPLE.iterdir() if p.is_file())
    changed = [p.name for p in written.iterdir() if p.read_bytes() != (SAMPLE / p.name).read_bytes()]
    assert changed == []


def test_another_seed_gives_another_company(tmp_path):
    other = write_sample(tmp_path, seed=42)
    assert (other / "orders.csv").read_bytes() != (SAMPLE / "orders.csv").read_bytes()
    assert (other / "segkit.toml").read_bytes() == (SAMPLE / "segkit.toml").read_bytes()


def test_it_is_small_enough_to_commit():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 8_000_000


def test_readme_is_up_to_date():
    assert (DATA / "README.md").read_text("utf-8") == describe_data(SAMPLE)


def test_readme_names_every_planted_effect(planted):
    text = (DATA / "README.md").read_text("utf-8")
    assert [name for name in planted if name != "company" and f"\n### {name}\n" not in text] == []


def test_every_table_but_sales_is_there_and_keeps_its_contract():
    sources = read_settings(SAMPLE).sources
    by_hand = {"class_overrides", "policy_overrides", "alternatives", "critical_levels", "bid_prices"}
    by_hand |= {"quotas", "commitments"}
    assert set(sources) == set(input_tables()) - {"sales", "forecast_errors", "calendar"} - by_hand
    problems = {}
    for name, source in sources.items():
        marked = read_table(name, source, SAMPLE)
        found = check_table(marked.frame[marked.reason == ""], input_tables()[name])
        problems[name] = list(zip(found["column"], found["rows"], strict=True))
    assert {name: found for name, found in problems.items() if found} == {"orders": [("customer_id", 18)]}


def test_ids_meet(read, lines, receipts):
    items, customers = read("items"), read("customers")
    locations, suppliers = set(read("locations")["location_id"]), set(read("suppliers")["supplier_id"])
    assert set(lines["customer_id"].dropna()) == set(customers["customer_id"])
    assert set(lines["item_id"]) - set(items["item_id"]) == {"POSTAGE", "SERVICE-VISIT", "PALLET-DEPOSIT"}
    assert set(lines["location_id"]) < locations == set(read("inventory")["location_id"])
    assert set(receipts["supplier_id"]) == suppliers == set(items["supplier_id"].dropna())
    assert set(read("charges")["shipment_id"]) <= set(receipts["shipment_id"])
    assert set(items["replaced_by"].dropna()) <= set(items["item_id"])


def test_the_company_has_the_size_promised(read):
    customers, suppliers = read("customers"), read("suppliers")
    assert (len(read("items")), len(customers), len(suppliers)) == (400, 150, 12)
    assert (customers["tier"].nunique(), customers["channel"].nunique()) == (4, 5)
    assert (suppliers["country"].nunique(), suppliers["currency"].nunique()) == (5, 4)
    assert read("locations")["echelon"].value_counts().to_dict() == {1: 4, 2: 2, 3: 1}


def test_dates_of_a_line_are_in_order(sales):
    assert (sales["promised_date"] >= sales["order_date"]).all()
    shipped = sales[sales["shipped_date"].notna()]
    assert (shipped["shipped_date"] > shipped["order_date"]).all()
    delivered = sales[sales["delivered_date"].notna()]
    assert (delivered["delivered_date"] > delivered["shipped_date"]).all()
    assert {"open", "shipped"} <= set(sales.loc[sales["order_date"] >= "2025-12-22", "status"])


def test_weekdays_only_but_for_online_orders(sales):
    weekend = sales[sales["order_date"].dt.day_of_week >= 5]
    assert set(weekend["channel"]) == {"online"}
    assert 0.005 < len(weekend) / len(sales) < 0.05


def test_stock_is_never_below_zero_and_says_when_it_is_out(read):
    inventory = read("inventory")
    assert (inventory[["on_hand", "on_order", "backorders"]] >= 0).all().all()
    assert (inventory["in_stock"] == (inventory["on_hand"] > 0)).all()


def test_value_is_concentrated(sales):
    value = sales.groupby("item_id")["revenue"].sum().sort_values(ascending=False)
    needed = (value.cumsum() <= 0.8 * value.sum()).sum()
    assert 0.15 < needed / len(value) < 0.35


def test_seasons_show(planted, sales, read):
    category = sales["item_id"].map(read("items").set_index("item_id")["category"])
    for season in planted["season"]:
        mine = sales[(category == season["category"]) & sales["year"].isin([2024, 2025])]
        seen = mine.groupby(mine["order_date"].dt.month).size()
        assert np.corrcoef(seen, season["month_factors"])[0, 1] > 0.75, season["category"]


def test_trends_show(planted, sales):
    for trend in planted["trend"]:
        mine = sales[sales["item_id"].isin(trend["item_ids"])]
        ratio = (mine["order_date"] >= "2025-07-01").sum() / (mine["order_date"] < "2024-01-01").sum()
        assert ratio == pytest.approx(trend["end_over_start"] ** (24 / 30), rel=0.25)


def test_class_moves_are_real_and_the_others_do_not_move(planted, sales):
    yearly = sales.groupby(["item_id", "year"]).size().unstack(fill_value=0)
    for move in planted["class_move"]:
        ratio = yearly.loc[move["item_ids"], 2025] / yearly.loc[move["item_ids"], 2024]
        assert (ratio > 2.5).all() if move["direction"] == "up" else (ratio < 0.4).all()
        pooled = yearly.loc[move["item_ids"]].sum()
        assert pooled[2025] / pooled[2024] == pytest.approx(move["factor"], rel=0.35)
    same = yearly.reindex(planted["unchanged"]["item_ids"]).sum()
    assert same[2025] / same[2024] == pytest.approx(1, abs=0.05)


def test_spares_are_intermittent(planted, sales):
    told = planted["intermittent"]
    mine = sales[sales["item_id"].isin(told["item_ids"])]
    months = mine.groupby("item_id")["order_date"].agg(lambda days: days.dt.to_period("M").nunique())
    share = (months.reindex(told["item_ids"]).fillna(0) / 30).mean()
    assert share == pytest.approx((1 / np.array(told["adi_months"])).mean(), rel=0.1)


def test_launches_and_phase_outs_keep_their_dates(planted, sales):
    span = sales.groupby("item_id")["order_date"].agg(["min", "max"])
    for launch in planted["launch"]:
        begun = span.at[launch["item_id"], "min"] - pd.Timestamp(launch["date"])
        assert 0 <= begun.days < 75
    stopped = [(pd.Timestamp(end["date"]) - span.at[end["item_id"], "max"]).days for end in planted["phase_out"]]
    assert min(stopped) >= 0
    assert np.median(stopped) < 60
    for pair in planted["superseded"]:
        assert span.at[pair["item_id"], "max"] <= pd.Timestamp(pair["date"]) + pd.Timedelta(days=7)
        assert span.at[pair["replaced_by"], "min"] >= pd.Timestamp(pair["date"]) - pd.Timedelta(days=21)


def test_promotions_lift_sales_and_leave_a_dip(planted, sales):
    counts = {"before": 0, "in": 0, "after": 0}
    for promotion in planted["promotion"]:
        start, end = pd.Timestamp(promotion["from"]), pd.Timestamp(promotion["to"])
        mine = sales[sales["item_id"].isin(promotion["item_ids"]) & sales["channel"].isin(promotion["channels"])]
        days = mine["order_date"]
        length = end - start + pd.Timedelta(days=1)
        counts["before"] += days.between(start - length, start - pd.Timedelta(days=1)).sum()
        counts["in"] += days.between(start, end).sum()
        counts["after"] += days.between(end + pd.Timedelta(days=8), end + length).sum() * 2
    assert 1.8 < counts["in"] / counts["before"] < 3.6
    assert counts["after"] < counts["before"]


def test_promotions_cost_discount(planted, sales):
    for promotion in planted["promotion"]:
        start, end = pd.Timestamp(promotion["from"]), pd.Timestamp(promotion["to"])
        mine = sales[sales["item_id"].isin(promotion["item_ids"]) & (sales["channel"] == "online")]
        given = mine["discount"] / (mine["quantity"] * mine["unit_price"])
        inside = mine["order_date"].between(start, end)
        assert given[inside].median() > 0.14 > given[~inside].median()


def test_planted_stock_outs_censor_sales(planted, sales, read):
    inventory = read("inventory", ["date"])
    for gap in planted["stock_out"]:
        days = pd.date_range(gap["from"], gap["to"])
        mine = sales[(sales["item_id"] == gap["item_id"]) & sales["order_date"].isin(days)]
        assert mine["quantity"].sum() == gap["demand"] - gap["lost"] == gap["delivered_late"]
        assert gap["lost"] > 0
        assert (mine["shipped_date"] > pd.Timestamp(gap["to"])).all()
        rows = inventory[(inventory["item_id"] == gap["item_id"]) & inventory["date"].isin(days)]
        assert not rows["in_stock"].any()
        assert (rows.groupby("date")["location_id"].nunique() >= 6).all()
        assert rows["date"].nunique() == len(days)


@pytest.mark.parametrize("first_year", [2023, 2025])
def test_exactly_the_planted_customers_lose_money(planted, lines, first_year):
    counted = lines[(lines["status"] != "cancelled") & lines["freight_out"].notna() & (lines["year"] >= first_year)]
    value = counted.groupby("customer_id")[["revenue", "cost", "freight"]].sum()
    margin = value["revenue"] - value["cost"] - value["freight"]
    assert set(margin[margin < 0].index) == {row["customer_id"] for row in planted["loss_maker"]}
    assert (margin / value["revenue"])[margin < 0].max() < -0.05
    assert (margin / value["revenue"])[margin > 0].min() > 0.05


def test_losses_have_the_causes_named(planted, lines, sales):
    list_price = sales.groupby(["item_id", "year", "currency"])["unit_price"].transform("median")
    by = sales.assign(
        price=sales["unit_price"] / list_price,
        discount=sales["discount"] / (sales["quantity"] * sales["unit_price"]),
        small=sales["quantity"] == 1,
    ).groupby("customer_id")
    money = by[["freight", "revenue"]].sum()
    back = (lines["status"] == "returned").groupby(lines["customer_id"]).mean()
    signs = pd.DataFrame(
        {
            "price": by["price"].median() < 0.7,
            "discount": by["discount"].median() > 0.4,
            "freight": money["freight"] / money["revenue"] > 0.3,
            "order_size": (by["small"].mean() > 0.95) & (by["unit_price"].max() < 25),
            "returns": back > 0.25,
        }
    )
    for row in planted["loss_maker"]:
        assert signs.at[row["customer_id"], row["cause"]], row
        if row["cause"] != "order_size":
            assert signs.loc[row["customer_id"]].sum() == 1, row


def test_customers_come_and_go(planted, sales):
    span = sales.groupby("customer_id")["order_date"].agg(["min", "max"])
    for won in planted["won_customer"]:
        assert 0 <= (span.at[won["customer_id"], "min"] - pd.Timestamp(won["date"])).days < 60
    for lost in planted["lost_customer"]:
        assert 0 <= (pd.Timestamp(lost["date"]) - span.at[lost["customer_id"], "max"]).days < 60


def test_late_suppliers_are_late(planted, receipts):
    late = receipts.groupby("supplier_id")["late"].mean()
    told = {row["supplier_id"]: row["late_share"] for row in planted["late_supplier"]}
    for supplier, share in told.items():
        assert late[supplier] == pytest.approx(share, abs=0.12)
    drift = planted["supplier_drift"]
    assert late.drop([*told, drift["supplier_id"]]).max() < 0.2
    mine = receipts[receipts["supplier_id"] == drift["supplier_id"]]
    after = mine["ordered_date"] >= pd.Timestamp(drift["from"])
    assert mine.loc[after, "late"].mean() == pytest.approx(drift["late"], abs=0.15)
    assert mine.loc[~after, "late"].mean() < 0.15


def test_the_late_location_is_late(planted, sales):
    done = sales[sales["delivered_date"].notna()]
    late = (done["delivered_date"] > done["promised_date"]).groupby(done["location_id"]).mean()
    told = {row["location_id"] for row in planted["late_location"]}
    assert set(late[late > 0.12].index) == told
    assert late.drop(list(told)).max() < 0.1


def test_currency_fuel_and_tariff_move_as_planted(planted, read):
    swing, fuel, tariff = planted["currency_swing"], planted["fuel_rise"], planted["tariff_change"]
    fx = read("fx", ["date"])
    usd = fx[fx["quote_currency"] == swing["currency"]].set_index("date")["rate"]
    worth = usd[pd.Timestamp(swing["from"])] / usd[pd.Timestamp(swing["to"])] - 1
    assert worth == pytest.approx(swing["change"], abs=0.005)
    indices = read("indices", ["date"])
    index = indices[indices["index_name"] == fuel["index_name"]].set_index("date")["value"]
    rise = index[pd.Timestamp(fuel["to"]) :].mean() / index[: pd.Timestamp(fuel["from"]) - pd.Timedelta(days=1)].mean()
    assert rise - 1 == pytest.approx(fuel["change"], abs=0.03)
    duties = read("duties", ["valid_from", "valid_to"])
    hit = (duties["origin_country"] == tariff["origin_country"]) & duties["hs_code"].str.startswith(
        tariff["hs_chapter"]
    )
    rates = duties[hit].sort_values("valid_from").groupby("hs_code")["rate"].agg(["first", "last"])
    np.testing.assert_allclose(rates["last"] - rates["first"], tariff["added"])
    assert duties[~hit].groupby(["hs_code", "origin_country"]).size().max() == 1


def test_the_tariff_is_paid(planted, read, receipts):
    charges = read("charges")
    duty = charges[charges["kind"] == "duty"].groupby("shipment_id")["amount"].sum()
    mine = receipts[receipts["supplier_id"] == "S10"]
    goods = (mine["quantity"] * mine["unit_price"]).groupby(mine["shipment_id"]).sum()
    when = mine.groupby("shipment_id")["received_date"].min()
    share = duty.reindex(goods.index) / goods
    after = when >= pd.Timestamp(planted["tariff_change"]["from"])
    assert share[~after].median() < 0.04 < 0.1 < share[after].median()


def test_bulk_orders_stand_out(planted, sales):
    for bulk in planted["bulk_order"]:
        mine = sales[sales["item_id"] == bulk["item_id"]]
        this = mine["order_id"] == bulk["order_id"]
        assert mine.loc[this, "quantity"].max() == bulk["quantity"]
        assert bulk["quantity"] > 10 * mine.loc[~this, "quantity"].quantile(0.95)


def test_reversed_lines_have_their_twin(planted, lines):
    for row in planted["reversed_line"]:
        mine = lines[(lines["customer_id"] == row["customer_id"]) & (lines["item_id"] == row["item_id"])]
        undone = mine[mine["order_id"] == row["order_id"]].iloc[0]
        age = (undone["order_date"] - mine["order_date"]).dt.days
        twin = mine[(mine["quantity"] == -row["quantity"]) & age.between(1, 7)]
        assert len(twin) >= 1
        assert (twin["revenue"] + undone["revenue"]).abs().min() < 0.01 * twin["revenue"].max()


def test_dirt_is_counted(planted, lines, read):
    dirt = planted["dirt"]
    status = lines["status"].value_counts()
    assert status["returned"] == dirt["returned_lines"] + dirt["reversed_pairs"]
    assert (status["cancelled"], status["free"]) == (dirt["cancelled_lines"], dirt["free_lines"])
    codes = lines["item_id"].value_counts()
    assert {code: codes[code] for code in dirt["non_product_lines"]} == dirt["non_product_lines"]
    assert lines["customer_id"].isna().sum() == dirt["lines_without_customer"]
    assert len(read("orders")) - len(lines) == dirt["duplicated_lines"]


def test_costs_are_recorded_from_2024_on(lines):
    goods = lines[~lines["item_id"].isin(["POSTAGE", "SERVICE-VISIT", "PALLET-DEPOSIT"])]
    recorded = goods["unit_cost"].notna()
    assert not recorded[goods["order_date"] < "2023-12-31"].any()
    assert recorded[goods["order_date"] >= "2024-02-15"].mean() > 0.99
