"""The mapping files of public data sets: each reads its data set, and the sums are the published ones."""

from pathlib import Path

import pandas as pd
import pytest

from segkit.core.columns import nomenclature
from segkit.core.settings import MAPPINGS, check_settings, mapping_names
from segkit.core.sources.mapping import read_table
from segkit.core.tables import check_table

FILES = {
    "online_retail": {"orders": {"file": "online_retail/online_retail.parquet"}},
    "ta_feng": {"orders": {"file": "ta_feng/ta_feng.parquet"}},
    "m5": {"sales": {"file": "m5/sales_daily_d_1495_d_1913_wide.parquet"}},
    "man": {"sales": {"file": "spare_parts/man_3451x150_weekly_cost_leadtime_moq.csv.gz"}},
    "vn2": {
        "sales": {
            "file": "vn2/sales_weekly_2021-04-12_2024-04-08.parquet",
            "joins": {"in_stock": {"file": "vn2/in_stock_weekly_2021-04-12_2024-04-08.parquet"}},
        },
        "items": {"file": "vn2/master.csv"},
        "inventory": {"file": "vn2/initial_state.csv"},
    },
}


def _read(name, table, folder):
    settings = check_settings({"extends": name, "sources": FILES[name]}, name)
    return read_table(table, settings.sources[table], folder)


def _sound(table):
    assert (table.reason == "").all()
    return check_table(
        table.frame.dropna(subset=[c for c in ("customer_id",) if c in table.frame]), nomenclature()[table.name]
    ).empty


@pytest.mark.parametrize("name", mapping_names())
def test_mapping_needs_nothing_but_files(name):
    main = "orders" if name in ("online_retail", "ta_feng") else "sales"
    settings = check_settings({"extends": name, "sources": {main: {"file": "data.csv"}}}, name)
    assert main in settings.sources
    text = (MAPPINGS / f"{name}.toml").read_text("utf-8")
    assert "You set, in segkit.toml:" in text
    assert f'extends = "{name}"' in text
    assert len(text.splitlines()[0]) > 40


@pytest.mark.real
def test_online_retail(real_data):
    orders = _read("online_retail", "orders", real_data)
    assert len(orders.frame) == 541_909
    assert (orders.frame["quantity"] * orders.frame["unit_price"]).sum() == pytest.approx(9_747_747.934, abs=0.005)
    assert [(note.reason, note.rows) for note in orders.notes] == [("identical whole rows", 5_268)]
    assert orders.frame["customer_id"].isna().sum() == 135_080
    assert orders.frame["customer_id"].dropna().str.fullmatch(r"\d{5}").all()
    assert (orders.frame["status"] == "returned").sum() == 9_288
    assert orders.frame[["order_id", "item_id", "customer_id"]].nunique().tolist() == [25_900, 4_070, 4_372]
    assert _sound(orders)
    items, customers = _read("online_retail", "items", real_data), _read("online_retail", "customers", real_data)
    assert (len(items.frame), len(customers.frame)) == (4_070, 4_372)
    assert _sound(items)
    assert _sound(customers)
    assert items.frame.set_index("item_id")["description"]["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"


@pytest.mark.real
def test_online_retail_as_text_reads_alike(real_data, tmp_path):
    part = pd.read_parquet(real_data / "online_retail" / "online_retail.parquet").sample(2_000, random_state=7)
    part.to_parquet(tmp_path / "part.parquet", index=False)
    part.astype({"CustomerID": "Int64"}).to_csv(tmp_path / "part.csv", index=False)
    tables = []
    for file in ("part.parquet", "part.csv"):
        settings = check_settings({"extends": "online_retail", "sources": {"orders": {"file": file}}}, file)
        tables.append(read_table("orders", settings.sources["orders"], tmp_path))
    pd.testing.assert_frame_equal(tables[0].frame, tables[1].frame)


@pytest.mark.real
def test_ta_feng(real_data):
    orders = _read("ta_feng", "orders", real_data)
    assert len(orders.frame) == 817_741
    assert orders.frame[["customer_id", "item_id"]].nunique().tolist() == [32_266, 23_812]
    assert (orders.frame["cost"] > orders.frame["amount"]).mean() == pytest.approx(0.076, abs=0.0005)
    assert (orders.frame["quantity"] * orders.frame["unit_price"]).sum() == pytest.approx(orders.frame["amount"].sum())
    assert orders.frame["customer_id"].str.len().eq(8).all()
    assert _sound(orders)
    assert len(_read("ta_feng", "items", real_data).frame) == 23_812
    assert len(_read("ta_feng", "customers", real_data).frame) == 32_266


@pytest.mark.real
def test_m5(real_data):
    sales = _read("m5", "sales", real_data)
    assert len(sales.frame) == 30_490 * 419
    assert sales.frame["period"].min() == pd.Timestamp("2015-03-03")
    assert sales.frame["period"].max() == pd.Timestamp("2016-04-24")
    wide = pd.read_parquet(Path(real_data) / FILES["m5"]["sales"]["file"])
    assert sales.frame["quantity"].sum() == wide.filter(regex="^d_").to_numpy().sum()
    assert sales.frame["item_id"].dtype == "category"
    assert _sound(sales)
    assert len(_read("m5", "items", real_data).frame) == 3_049
    assert len(_read("m5", "locations", real_data).frame) == 10


@pytest.mark.real
def test_m5_prices(real_data, tmp_path):
    folder = real_data / "m5"
    pd.read_parquet(folder / "sales_daily_d_1495_d_1913_wide.parquet").sample(40, random_state=1).to_parquet(
        tmp_path / "sales.parquet"
    )
    joins = {
        "calendar": {"file": str(folder / "calendar.csv.gz")},
        "prices": {"file": str(folder / "sell_prices_2014_2016.parquet")},
    }
    settings = check_settings({"extends": "m5", "sources": {"sales": {"file": "sales.parquet", "joins": joins}}}, "m5")
    frame = read_table("sales", settings.sources["sales"], tmp_path).frame.astype(
        {"item_id": "str", "location_id": "str"}
    )
    days = pd.read_csv(folder / "calendar.csv.gz", parse_dates=["date"])[["date", "wm_yr_wk"]]
    prices = pd.read_parquet(folder / "sell_prices_2014_2016.parquet")
    slow = frame.merge(days, left_on="period", right_on="date").merge(
        prices, left_on=["location_id", "item_id", "wm_yr_wk"], right_on=["store_id", "item_id", "wm_yr_wk"], how="left"
    )
    assert len(slow) == len(frame) == 40 * 419
    assert slow["sell_price"].fillna(-1).tolist() == frame["price"].fillna(-1).tolist()
    assert frame["price"].notna().mean() > 0.9


@pytest.mark.real
def test_vn2(real_data):
    sales = _read("vn2", "sales", real_data)
    assert len(sales.frame) == 599 * 157
    wide = pd.read_parquet(real_data / FILES["vn2"]["sales"]["file"])
    flags = pd.read_parquet(real_data / FILES["vn2"]["sales"]["joins"]["in_stock"]["file"])
    assert sales.frame["quantity"].sum() == wide.iloc[:, 2:].to_numpy().sum()
    assert (~sales.frame["in_stock"]).sum() == (~flags.iloc[:, 2:].to_numpy(dtype=bool)).sum()
    assert _sound(sales)
    inventory = _read("vn2", "inventory", real_data)
    assert (inventory.frame["on_hand"].sum(), inventory.frame["on_order"].sum()) == (2_225, 1_699)
    assert _sound(inventory)
    assert len(_read("vn2", "items", real_data).frame) == 297
    assert len(_read("vn2", "locations", real_data).frame) == 67


@pytest.mark.real
def test_man(real_data):
    sales, items = _read("man", "sales", real_data), _read("man", "items", real_data)
    assert len(sales.frame) == 3_451 * 150
    assert sales.frame["period"].max() == pd.Timestamp("2022-11-14")
    demand = sales.frame.groupby("item_id", observed=True)["quantity"].sum()
    assert (demand == 0).sum() == 1_510
    assert items.frame["lead_time_days"].min() == 49
    assert items.frame["unit_cost"].notna().all()
    assert _sound(sales)
    assert _sound(items)
