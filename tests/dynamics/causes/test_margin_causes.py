"""Causes of margins: they add up, they are what a slow twin finds, a planted cause is the main one, a remedy cures."""

import re
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.dynamics.causes.cause_names import CAUSES
from segkit.dynamics.causes.margin_causes import explain_margins, list_losing_pairs, list_margin_causes
from segkit.dynamics.lines.cost_to_serve import charge_work

PROJECT = Path(__file__).parents[3]
PARTS = ["normal_margin", *CAUSES]


def order_lines(rows, **columns):
    """Return order lines of rows: ids, channel, quantity, price, cost, discount, freight, work, payment."""
    names = ["order_id", "customer_id", "item_id", "channel", "quantity", "unit_price", "unit_cost", "discount"]
    lines = pd.DataFrame(rows, columns=[*names, "freight_out", "activity_cost", "payment_cost"])
    money = ["quantity", "unit_price", "unit_cost", "discount", "freight_out", "activity_cost", "payment_cost"]
    lines = lines.astype(dict.fromkeys(names[:4], "str") | dict.fromkeys(money, "float64"))
    lines["revenue"] = lines["quantity"] * lines["unit_price"] - lines["discount"]
    lines["cost"] = lines["quantity"] * lines["unit_cost"]
    lines = lines.assign(
        order_date=pd.Timestamp("2025-03-03"),
        location_id=pd.Series("NORTH", index=lines.index, dtype="str"),
        shipped_date=pd.Timestamp("2025-03-05"),
        is_return=lines["quantity"] < 0,
        is_reversed=False,
        cost_source=pd.Series("recorded", index=lines.index, dtype="str"),
    ).assign(**columns)
    lines["is_free"] = lines["revenue"] == 0
    return with_margin(lines)


def with_margin(lines):
    served = lines[["freight_out", "activity_cost", "payment_cost"]].sum(axis=1)
    return lines.assign(net_margin=lines["revenue"] - lines["cost"] - served)


def chance_lines(seed, count=120, customers=14, items=6, channels=2):
    """Return order lines of every kind: returns, reversed and free lines, unknown customers, assumed costs."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, customers, count)
    names = np.array([UNKNOWN_CUSTOMER, *(f"CUST-{n:04d}" for n in range(1, customers))])
    lines = pd.DataFrame(
        {
            "order_id": [f"{n:05d}" for n in rng.integers(0, count // 2, count) * 100 + who],
            "customer_id": names[who],
            "item_id": [f"SKU-{n:04d}" for n in rng.integers(0, items, count)],
            "channel": [f"channel {n}" for n in who % channels],
            "quantity": rng.integers(1, 9, count) * np.where(rng.random(count) < 0.12, -1, 1),
            "unit_price": np.where(rng.random(count) < 0.05, 0.0, rng.integers(100, 4000, count) / 100),
            "unit_cost": rng.integers(50, 3000, count) / 100,
        }
    )
    share = np.where(rng.random(count) < 0.5, 0.0, rng.random(count) * 0.5)
    made = order_lines(
        lines.assign(
            discount=np.maximum(lines["quantity"] * lines["unit_price"] * share, 0.0),
            freight_out=rng.random(count) * 6,
            activity_cost=rng.random(count) * 4,
            payment_cost=rng.random(count) * (lines["quantity"] * lines["unit_price"]) * 0.01,
        ).to_numpy().tolist(),
        is_reversed=rng.random(count) < 0.05,
        cost_source=pd.Series(np.where(rng.random(count) < 0.1, "assumed", "recorded"), dtype="str"),
    )  # fmt: skip
    return made.sample(frac=1, random_state=seed)


def with_work(lines):
    """Return activities of the drivers order, delivery and line, and the lines with what these cost."""
    names = ["activity", "driver", "minutes_per_unit", "cost", "practical_capacity"]
    activities = pd.DataFrame(
        [("entry", "order", 8.0, 600.0, 1000.0), ("packing", "delivery", 9.0, 500.0, 1000.0),
         ("picking", "line", 4.0, 700.0, 1000.0)], columns=names,
    )  # fmt: skip
    return activities, with_margin(lines.assign(activity_cost=charge_work(lines, activities)))


def twin(lines, activities=None):
    """Return the causes of every line, found slowly with dictionaries."""
    rows = lines.to_dict("records")
    for at, row in enumerate(rows):  # 8 x 0.6 + 9 x 0.5 = 9.3 an order of one delivery, by lines that go out
        shared = (lines["order_id"] == row["order_id"]) & (lines["quantity"] > 0)
        row["by_order"] = 9.3 / shared.sum() if activities is not None and shared.iloc[at] else 0.0
        row["other_work"] = row["activity_cost"] - row["by_order"]
    earned, sales = defaultdict(float), defaultdict(list)
    for row in rows:
        row["sold"] = not row["is_return"] and not row["is_reversed"]
        earned[row["customer_id"]] += row["net_margin"]
    earns = {who for who, net in earned.items() if net >= 0 and who != UNKNOWN_CUSTOMER}
    buyers = defaultdict(set)
    for row in rows:
        if row["sold"] and row["customer_id"] in earns:
            buyers[row["channel"]].add(row["customer_id"])
    anyone = not any(buyers.values())
    for row in rows:
        row["peer"] = anyone or row["customer_id"] in earns
        row["alone"] = len(buyers[row["channel"]]) >= 5
        if row["sold"]:
            for key in (("all", row["item_id"]), *([("peers", row["item_id"]), (row["channel"], row["item_id"])]
                                                   if row["peer"] else [])):  # fmt: skip
                sales[key].append(row)

    def reference(row, value, which):
        for key in ([(row["channel"], row["item_id"])] if row["alone"] else []) + [
            ("peers", row["item_id"]), ("all", row["item_id"])]:  # fmt: skip
            told = [one for one in sales[key] if which == "cost" or one["revenue"] != 0]
            if told:
                return row["quantity"] * sum(value(one) for one in told) / sum(one["quantity"] for one in told)
        return value(row)

    def gross(row):
        return row["revenue"] + row["discount"]

    for row in rows:
        if row["sold"]:
            row["x"], row["c"] = reference(row, gross, "price"), reference(row, lambda one: one["cost"], "cost")
            row["g"] = row["x"] if row["revenue"] == 0 else gross(row)
    of_order = defaultdict(list)
    for row in rows:
        if row["sold"]:
            of_order[row["order_id"], row["channel"]].append(row)

    def rates(channel):
        mine = [row for row in rows if row["peer"] and channel in (row["channel"], None)]
        sold, back = [row for row in mine if row["sold"]], [row for row in mine if not row["sold"]]
        total = sum(row["g"] for row in sold)
        orders = [[row for row in order if row["peer"]] for (_, at), order in of_order.items() if channel in (at, None)]
        orders = [order for order in orders if order]
        x = np.array([sum(row["x"] for row in order) for order in orders])
        found = {
            "m": sum(row["g"] - row["cost"] for row in sold) / total,
            "d": sum(row["g"] - row["revenue"] for row in sold) / total,
            "p": sum(row["payment_cost"] for row in sold) / total,
            "r": sum(row["net_margin"] for row in back) / total,
            "k": len(orders) / total,
            "w": sum(row["by_order"] for row in sold) / total,
        }
        for name, part in (("f", "freight_out"), ("s", "other_work")):
            y = np.array([sum(row[part] for row in order) for order in orders])
            slope = np.polyfit(x, y, 1)[0] if len(set(x.round(9))) > 1 else 0.0
            found["b" + name] = min(max(slope, 0.0), y.mean() / x.mean())
            found["a" + name] = y.mean() - found["b" + name] * x.mean()
        return found

    known = {}
    result = []
    for row in rows:
        if not row["sold"]:
            result.append([0.0] * 7 + [row["net_margin"], 0.0, 0.0])
            continue
        at = row["channel"] if row["alone"] else None
        known.setdefault(at, None)
        known[at] = known[at] or rates(at)
        n, order = known[at], of_order[row["order_id"], row["channel"]]
        whole = sum(one["x"] for one in order)
        share = row["x"] / whole if whole > 0 else 1 / len(order)
        same = 1 / len(order)
        kept = 1 - n["d"] - n["p"] + n["r"]
        served = (n["af"] + n["as"]) * n["k"] + n["w"] + n["bf"] + n["bs"]
        cost, assumed = row["c"] - row["cost"], row["cost_source"] == "assumed"
        result.append(
            [
                row["x"] * (n["m"] - n["d"] - n["p"] + n["r"] - served),
                row["x"] - row["c"] - row["x"] * n["m"],
                (row["g"] - row["x"]) * kept + cost * assumed,
                cost * (not assumed),
                -(row["g"] - row["revenue"] - n["d"] * row["g"]),
                -(row["freight_out"] - n["af"] * share - n["bf"] * row["x"]),
                ((n["af"] + n["as"]) * n["k"] + n["w"]) * row["x"] - n["af"] * share - n["as"] * same - row["by_order"],
                -n["r"] * row["g"],
                -(row["other_work"] - n["as"] * same - n["bs"] * row["x"]),
                -(row["payment_cost"] - n["p"] * row["g"]),
            ]
        )
    return pd.DataFrame(result, columns=PARTS, index=lines.index)


def adds_up(table):
    size = table[PARTS].abs().sum(axis=1) + table["net_margin"].abs()
    gap = (table[PARTS].sum(axis=1) - table["net_margin"]).abs()
    assert (gap <= 1e-9 * size + 1e-12).all()


# ------------------------------------------------------------------ they add up, and are what they say
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 5]))
def test_causes_add_up_over_lines_customers_items_and_pairs(seed, channels):
    lines = chance_lines(seed, channels=channels)
    adds_up(explain_margins(lines))
    causes = list_margin_causes(lines)
    adds_up(causes)
    for entity in ("customer", "item"):
        net = lines[lines[f"{entity}_id"] != UNKNOWN_CUSTOMER].groupby(f"{entity}_id")["net_margin"].sum()
        found = causes[causes["entity"] == entity].set_index("entity_id")["net_margin"]
        pd.testing.assert_series_equal(found, net, check_names=False, check_index_type=False, atol=1e-9)
    pairs = list_losing_pairs(lines)
    adds_up(pairs)
    net = lines.groupby(["customer_id", "item_id"])["net_margin"].sum().drop(UNKNOWN_CUSTOMER, errors="ignore")
    assert len(pairs) == (net < -1e-9).sum()


@pytest.mark.parametrize(
    ("seed", "options"),
    [(1, {}), (2, {"channels": 1}), (3, {"channels": 5}), (4, {"customers": 4}), (5, {"customers": 1}), (6, {})],
)
def test_a_slow_twin_finds_the_same_causes(seed, options):
    lines = chance_lines(seed, count=160, **options)
    pd.testing.assert_frame_equal(explain_margins(lines)[PARTS], twin(lines), rtol=1e-9, atol=1e-9)
    activities, lines = with_work(lines)
    found = explain_margins(lines, activities)[PARTS]
    pd.testing.assert_frame_equal(found, twin(lines, activities), rtol=1e-9, atol=1e-9)
    adds_up(explain_margins(lines, activities))


@given(st.integers(0, 10_000))
def test_over_the_customers_of_a_norm_every_cause_is_zero(seed):
    """Their own mean is the norm: what one has more, another has less."""
    lines = chance_lines(seed, count=200, channels=1)
    lines["cost_source"] = "recorded"
    earned = lines.groupby("customer_id")["net_margin"].sum().drop(UNKNOWN_CUSTOMER)
    peers = lines[lines["customer_id"].isin(earned.index[earned >= 0])]
    sums = explain_margins(lines).loc[peers.index, PARTS].sum()
    assert sums["normal_margin"] == pytest.approx(peers["net_margin"].sum(), rel=1e-9, abs=1e-9)
    assert sums[list(CAUSES)].abs().max() < 1e-9 * peers["revenue"].abs().sum()


@given(st.integers(0, 10_000))
def test_currency_units_and_names_do_not_matter(seed):
    lines = chance_lines(seed)
    straight = explain_margins(lines)[PARTS]
    money = ["revenue", "discount", "cost", "freight_out", "activity_cost", "payment_cost", "net_margin"]
    pd.testing.assert_frame_equal(explain_margins(lines.assign(**lines[money] * 160))[PARTS], straight * 160)
    pd.testing.assert_frame_equal(explain_margins(lines.assign(quantity=lines["quantity"] / 12))[PARTS], straight)
    renamed = lines.assign(customer_id="Z" + lines["customer_id"].where(lines["customer_id"] == UNKNOWN_CUSTOMER, "9"
                                                                          + lines["customer_id"]).str.removeprefix("Z"),
                           item_id="9" + lines["item_id"])  # fmt: skip
    renamed["customer_id"] = renamed["customer_id"].replace("Z" + UNKNOWN_CUSTOMER, UNKNOWN_CUSTOMER)
    pd.testing.assert_frame_equal(explain_margins(renamed)[PARTS], straight)


def test_causes_of_the_sample_add_up(sample_plan):
    for table in (sample_plan.margin_causes, sample_plan.losing_pairs):
        adds_up(table)
    values = sample_plan.customer_value.set_index("customer_id")["net_margin"].drop(UNKNOWN_CUSTOMER)
    causes = sample_plan.margin_causes.query("entity == 'customer'").set_index("entity_id")["net_margin"]
    pd.testing.assert_series_equal(causes, values, check_names=False)


# ------------------------------------------------------------------ a cause that was put in comes out
def even_customers(count=8, orders=6):
    """Return rows of customers who are all alike: orders of two lines, one return each."""
    rows = []
    for who in range(count):
        for order in range(orders):
            head = (f"{who}-{order}", f"CUST-{who:04d}")
            larger = 1 + (order + who) % 3
            rows.append([*head, "SKU-0001", "retail", 10 * larger, 20, 12, 20 * larger, 4 + 2 * larger, 5, 2 * larger])
            rows.append([*head, "SKU-0002", "retail", 5 * larger, 40, 22, 20 * larger, 4 + 2 * larger, 5, 2 * larger])
            if order == 0:
                rows.append([f"{who}-back", head[1], "SKU-0001", "retail", -1, 19, 3, 0, 5, 8, 0])
    return pd.DataFrame(rows).astype(dict.fromkeys(range(4, 11), "float64"))


def spoil(cause):
    """Return order lines in which customer CUST-0000 is made a loss maker by one cause alone."""
    rows = even_customers()
    one = (rows[1] == "CUST-0000") & (rows[4] > 0)
    if cause == "price":
        rows.loc[one, [5, 7, 10]] *= 0.45
    elif cause == "cost":
        rows.loc[one, 6] = rows.loc[one, 6] * 2.2
    elif cause == "discount":
        rows.loc[one, 7] = rows.loc[one, 4] * rows.loc[one, 5] * 0.6
    elif cause == "freight":
        rows.loc[one, 8] = rows.loc[one, 8] * 40
    elif cause == "service":
        rows.loc[one, 9] = rows.loc[one, 9] * 60
    elif cause == "payment terms":
        rows.loc[one, 10] = rows.loc[one, 10] * 120
    elif cause == "order size":
        small = rows[one].loc[rows[one].index.repeat(10)].reset_index(drop=True)
        small[0] = [f"small {n}" for n in range(len(small))]
        small[[4, 7, 8, 10]] = small[[4, 7, 8, 10]] / np.array([20, 20, 1.5, 20])
        small[9] = 10.0
        rows = pd.concat([rows[~one], small], ignore_index=True)
    elif cause == "returns":
        back = rows[one].assign(**{"4": 0}).drop(columns="4")
        back[4] = -back[4] * 0.8
        back[5], back[6] = back[5] * 0.9, back[6] * 0.2
        back[[7, 10]] = 0.0
        rows = pd.concat([rows, back], ignore_index=True)
    else:
        low = rows[one].copy()
        low[2], low[6] = "SKU-0009", 60.0
        other = low[low[0].str.endswith("-1")].copy()
        other[0], other[1], other[4] = "x", "CUST-0001", 1.0
        rows = pd.concat([rows[~one], low, other], ignore_index=True)
    return order_lines(rows.to_numpy().tolist())


@pytest.mark.parametrize("cause", CAUSES.values())
def test_a_single_cause_is_the_main_one_and_takes_all(cause):
    lines = spoil(cause).sample(frac=1, random_state=7)
    found = list_margin_causes(lines, currency="EUR").query("entity == 'customer'").set_index("entity_id")
    assert list(found.index[found["net_margin"] < 0]) == ["CUST-0000"]
    row = found.loc["CUST-0000"]
    assert row["main_cause"] == cause
    effects = row[list(CAUSES)].astype(float)
    assert effects.min() < 0.9 * effects[effects < 0].sum()
    assert row["remedy"]


def test_an_item_priced_below_cost_for_everyone_is_told_so():
    lines = spoil("mix")
    found = list_margin_causes(lines).query("entity == 'item' and entity_id == 'SKU-0009'").iloc[0]
    assert found["main_cause"] == "price against cost"
    pairs = list_losing_pairs(lines)
    causes = dict(zip(pairs["item_id"], pairs["main_cause"], strict=False))
    assert causes == {"SKU-0009": "price against cost", "SKU-0001": "returns"}


# ------------------------------------------------------------------ what alone would bring it to zero
def cured_margin(lines, row, norm, activities=None):
    """Return the net margin of an entity's lines after its lever was pulled, from the lines alone."""
    own = lines[lines[f"{row['entity']}_id"] == row["entity_id"]].copy()
    sold = ~(own["is_return"] | own["is_reversed"])
    lever, needed = row["lever"], row["lever_needed"]
    if lever == "price":
        own[["revenue", "payment_cost"]] *= needed
    elif lever == "discount":
        gross = (own["revenue"] + own["discount"]).where(own["revenue"] != 0, norm.loc[own.index, "sales"])[sold].sum()
        factor = gross * (1 - needed) / own.loc[sold, "revenue"].sum()
        own[["revenue", "payment_cost"]] *= factor
    elif lever == "cost":
        own["cost"] *= needed
    elif lever == "payment terms":
        own["payment_cost"] *= needed
    elif lever in ("freight", "service"):
        name = "freight_out" if lever == "freight" else "activity_cost"
        own.loc[sold, name] *= needed / row["lever_now"]
    elif lever == "returns":
        own.loc[~sold, ["revenue", "cost", "freight_out", "activity_cost", "payment_cost"]] *= needed / row["lever_now"]
    else:
        part, gone = norm.loc[own.index][sold], 1 - 1 / needed
        driven = 0.0
        if activities is not None:
            driven = charge_work(lines, activities[activities["driver"].isin(["order", "delivery"])])[own.index][sold]
            own.loc[sold, "activity_cost"] -= driven * gone
        fitted = ("freight_out", "freight"), *([("activity_cost", "work")] if activities is None else [])
        for name, short in fitted:
            whole = part[f"{short}_order"] + part[f"{short}_sales"]
            own.loc[sold, name] *= 1 - gone * (part[f"{short}_order"] / whole.where(whole > 0)).fillna(0.0)
    return with_margin(own)["net_margin"].sum()


def line_norms(lines, activities=None):
    """Return the peers' sales and order costs of every line."""
    from segkit.dynamics.causes.peers import find_norm, take_money

    norm = find_norm(take_money(lines, activities))
    rate = {name: norm.rates[name].to_numpy()[norm.group] for name in norm.rates}
    return pd.DataFrame(
        {
            "sales": norm.sales,
            "freight_order": rate["freight_order"] * norm.share_of_order,
            "freight_sales": rate["freight_sales"] * norm.sales,
            "work_order": rate["work_order"] * norm.share_of_lines,
            "work_sales": rate["work_sales"] * norm.sales,
        },
        index=lines.index,
    )


def check_remedies(lines, activities=None):
    causes, norm = list_margin_causes(lines, activities, currency="EUR"), line_norms(lines, activities)
    losing = causes[causes["net_margin"] < 0]
    cured = losing[losing["lever"] != ""]
    for row in cured[cured["lever"] == "mix"].to_dict("records"):
        own = lines[lines["customer_id"] == row["entity_id"]].groupby("item_id")["net_margin"].sum().sort_values()
        gone = int(row["lever_now"] - row["lever_needed"])
        assert own.iloc[gone:].sum() >= 0 > own.iloc[gone - 1 :].sum()
        assert f"first {own.index[0]}" in row["remedy"] or not row["is_realistic"]
        assert len(own) == row["lever_now"] > gone
    for row in cured[cured["lever"] != "mix"].to_dict("records"):
        size = lines.loc[lines[f"{row['entity']}_id"] == row["entity_id"], ["revenue", "cost"]].abs().sum().sum()
        assert cured_margin(lines, row, norm, activities) == pytest.approx(0.0, abs=1e-7 * size), row
    assert (losing["remedy"] != "").all()
    assert not causes["remedy"].str.contains(r"\d\s%").any()
    told = losing["remedy"].str.startswith("no single realistic remedy") | losing["remedy"].str.startswith("none: ")
    assert (told == ~losing["is_realistic"]).all()
    assert not causes.loc[~(causes["net_margin"] < 0), "is_realistic"].any()
    assert (causes.loc[~(causes["net_margin"] < 0), ["lever", "remedy"]] == "").all(axis=None)
    return cured


@pytest.mark.parametrize("cause", CAUSES.values())
def test_the_remedy_of_each_cause_gives_zero(cause):
    cured = check_remedies(spoil(cause))
    assert cured.query("entity == 'customer'")["lever"].tolist() == ["price" if cause == "mix" else cause]


def test_where_the_mix_is_the_cause_the_fewest_items_are_named():
    rows = spoil("mix")
    good = rows[rows["item_id"] == "SKU-0001"].iloc[-1:].assign(
        order_id="good", customer_id="CUST-0000", is_return=False, quantity=30.0, revenue=570.0, cost=360.0
    )  # fmt: skip
    lines = with_margin(pd.concat([rows, good], ignore_index=True))
    found = check_remedies(lines).query("entity_id == 'CUST-0000'").iloc[0]
    assert (found["main_cause"], found["lever"]) == ("mix", "mix")
    assert found["remedy"] == "without the worst item of 2 (first SKU-0009)"
    rows["cost"] *= np.where(rows["item_id"] == "SKU-0009", 0.5, 1.0)
    told = list_margin_causes(with_margin(rows)).set_index("entity_id").loc["CUST-0000", "remedy"]
    assert told.startswith("not by mix: every item loses; prices ")


@given(st.integers(0, 10_000))
def test_remedies_give_zero_whatever_the_lines(seed):
    lines = chance_lines(seed)
    check_remedies(lines)
    activities, lines = with_work(lines)
    check_remedies(lines, activities)


def test_every_remedy_of_the_sample_gives_zero(sample_plan):
    cured = check_remedies(sample_plan._window(), sample_plan.activities)
    assert set(cured["lever"]) >= {"price", "discount", "freight", "order size", "returns"}


def test_a_main_cause_that_is_not_enough_says_so_and_names_a_price():
    rows = even_customers()
    one = (rows[1] == "CUST-0000") & (rows[4] > 0)
    rows.loc[one, 7] = rows.loc[one, 4] * rows.loc[one, 5] * 0.3
    rows.loc[one, 6] *= 1.2
    rows.loc[one, 8] *= 12
    lines = order_lines(rows.to_numpy().tolist())
    found = list_margin_causes(lines, currency="EUR").query("entity_id == 'CUST-0000'").iloc[0]
    assert (found["main_cause"], found["lever"]) == ("freight", "price")
    own = lines[lines["customer_id"] == "CUST-0000"]
    left = -(own["net_margin"].sum() + own.loc[~own["is_return"], "freight_out"].sum())
    assert found["remedy"].startswith(f"not by freight alone: EUR {left:,.0f} would still be lost; prices ")
    check_remedies(lines)


# ------------------------------------------------------------------ larger orders, done to the raw orders
def freight_left(lines, activities, share):
    """Return the freight of lines when orders are merged until ``share`` of them is left, by the model of the norm."""
    part = line_norms(lines, activities)
    by_order = (part["freight_order"] / (part["freight_order"] + part["freight_sales"])).fillna(0.0)
    return lines["freight_out"] * (1 - by_order * (1 - share))


def merge_orders(sample, workspace, lines, freight):
    """Return a plan of the sample in which the orders of these lines are one delivered order, the first of them.

    A line keeps its day, so that its reference prices stay; its currency is the plan's.
    """
    shutil.copytree(sample, workspace)
    raw = pd.read_csv(workspace / "orders.csv", dtype=str, keep_default_na=False)
    keys = ["order_id", "line_id"]
    places = (
        raw.reset_index().merge(lines[[*keys, "into"]].assign(left=freight[lines.index]), on=keys).set_index("index")
    )
    for _, group in places.groupby("into"):
        raw.loc[group.index, "order_id"] = group["order_id"].min()
        raw.loc[group.index, "line_id"] = [f"{n}" for n in range(1, len(group) + 1)]
        raw.loc[group.index, "shipped_date"] = group["shipped_date"].max()
        raw.loc[group.index, "freight_out"] = group["left"].map("{:.6f}".format)
    raw.to_csv(workspace / "orders.csv", index=False)
    return sk.open_plan(workspace)


def test_merging_the_raw_orders_as_the_remedy_says_brings_the_margin_to_zero(sample_plan, tmp_path):
    """Whole orders only, so the margin may be above zero by at most what one order costs."""
    row = sample_plan.margin_causes.query("entity_id == 'C090'").iloc[0]
    least = float(re.search(r"orders of at least EUR (\d+)", row["remedy"])[1])
    lines = sample_plan._window()
    own = lines[(lines["customer_id"] == "C090") & ~lines["is_return"] & ~lines["is_reversed"]]
    orders = own["order_id"].nunique()
    fewer = int(own["revenue"].sum() / least)
    assert fewer >= 4
    into = pd.factorize(own["order_id"])[0] * fewer // orders
    freight = freight_left(lines, sample_plan.activities, fewer / orders)
    plan = merge_orders(PROJECT / "data" / "sample", tmp_path / "merged", own.assign(into=into), freight)
    merged = plan._window().query("customer_id == 'C090' and not is_return and not is_reversed")
    assert merged["order_id"].nunique() == fewer
    assert merged["revenue"].sum() == pytest.approx(own["revenue"].sum())
    net = plan.customer_value.set_index("customer_id").loc["C090", "net_margin"]
    saved = (own["activity_cost"].sum() - merged["activity_cost"].sum()) / (orders - fewer)
    one_order = saved + (own["freight_out"].sum() - merged["freight_out"].sum()) / (orders - fewer)
    assert 15 < saved < one_order < 40
    assert -0.1 * one_order <= net <= one_order


def test_items_of_orders_so_many_times_as_large_come_to_zero(sample_plan):
    """Every order of the item's is taken k times over, k whole below and above what is needed."""
    lines, activities = sample_plan._window(), sample_plan.activities
    found = sample_plan.margin_causes.query("entity == 'item' and lever == 'order size'")
    assert len(found) > 5
    sold = ~(lines["is_return"] | lines["is_reversed"])

    def margin(item, times):
        with_it = lines[lines["order_id"].isin(lines.loc[sold & (lines["item_id"] == item), "order_id"]) & sold]
        work = charge_work(pd.concat([with_it] * times), activities)
        own = lines["item_id"] == item
        work = work[work.index.isin(lines.index[own])].sum() / times + lines.loc[own & ~sold, "activity_cost"].sum()
        freight = lines["freight_out"].where(~sold, freight_left(lines, activities, 1 / times))
        other = lines.loc[own, "net_margin"] + lines.loc[own, "activity_cost"] + lines.loc[own, "freight_out"]
        return other.sum() - work - freight[own].sum()

    for row in found.itertuples():
        below, above = int(row.lever_needed), int(np.ceil(row.lever_needed))
        assert margin(row.entity_id, 1) == pytest.approx(row.net_margin, abs=0.02 * abs(row.net_margin))
        assert margin(row.entity_id, below) < 0 <= margin(row.entity_id, above), row


# ------------------------------------------------------------------ what nobody would do is no remedy
def remedy_of(lines, name="CUST-0000", activities=None):
    return list_margin_causes(lines, activities, currency="EUR").set_index("entity_id").loc[name]


def test_fewer_than_four_orders_a_year_are_no_remedy():
    lines = spoil("order size")
    assert remedy_of(lines)["lever"] == "order size"
    even = pd.factorize(lines["order_id"])[0] % 2 == 0
    few = lines.assign(order_date=lines["order_date"].where(even, pd.Timestamp("2000-01-01")))
    row = remedy_of(few)  # 4 a year for 25 years are more orders than there are
    assert row["lever"] != "order size"
    assert "orders of at least" not in row["remedy"]


def test_prices_more_than_half_higher_are_no_remedy():
    rows = even_customers()
    one = (rows[1] == "CUST-0000") & (rows[4] > 0)
    for share, fits in ((0.6, True), (0.4, False)):
        cheap = rows.copy()
        cheap.loc[one, [5, 7, 10]] *= share
        row = remedy_of(order_lines(cheap.to_numpy().tolist()))
        assert (row["lever"], row["is_realistic"]) == ("price", fits)
        assert (row["lever_needed"] <= 1.5) == fits
        figure = f"prices {np.ceil(round(row['lever_needed'] * 1000 - 1000, 6)) / 10:.1f}% higher"
        assert row["remedy"] == (figure if fits else f"no single realistic remedy ({figure})")


def test_two_causes_are_named_where_none_alone_would_do():
    rows = even_customers()
    one = (rows[1] == "CUST-0000") & (rows[4] > 0)
    rows.loc[one, 7] = rows.loc[one, 4] * rows.loc[one, 5] * 0.4
    rows.loc[one, 6] *= 1.3
    rows.loc[one, 8] *= 14
    row = remedy_of(order_lines(rows.to_numpy().tolist()))
    assert not row["is_realistic"]
    worst = row[list(CAUSES)].astype(float).sort_values()
    assert row["net_margin"] - worst.iloc[0] < 0 <= row["net_margin"] - worst.iloc[:2].sum()
    first, second = (CAUSES[name] for name in worst.index[:2])
    assert row["remedy"].startswith(f"no single realistic remedy: {first} and {second} as with peers would do together")


def test_more_coming_back_than_was_sold_is_said():
    rows = even_customers()
    back = ["back", "CUST-0000", "SKU-0001", "retail", -900, 19, 12, 0, 5, 8, 0]
    row = remedy_of(order_lines([*rows.to_numpy().tolist(), back]))
    assert (row["main_cause"], row["is_realistic"]) == ("returns", True)  # far fewer can be asked for
    free = order_lines([*rows.to_numpy().tolist(), back])
    own = free["customer_id"] == "CUST-0000"
    rates = {"cost": free["revenue"].where(own, free["cost"])}
    none = with_margin(free.assign(**rates, freight_out=0.0, activity_cost=0.0, payment_cost=0.0))
    none.loc[own & free["is_return"], "cost"] *= 0.65
    none.loc[own & ~free["is_return"], "cost"] *= 0.65
    row = remedy_of(with_margin(none))
    assert (row["lever"], row["is_realistic"]) == ("returns", False)
    assert row["lever_needed"] == pytest.approx(1.0)
    assert row["remedy"].startswith("no single realistic remedy: as much came back as was sold, or more (")


def test_no_more_than_half_of_the_items_are_dropped():
    rows = even_customers().to_numpy().tolist()
    earned = order_lines(rows).query("customer_id == 'CUST-0000'")["net_margin"].sum()
    for n in range(6):  # each loses 0.8 of what the others earn, so that five of the eight would have to go
        for who, quantity in (("CUST-0000", 0.8 * earned), ("CUST-0001", 1)):
            rows.append([f"{who} {n}", who, f"SKU-01{n:02d}", "retail", quantity, 20, 21, 0, 0, 0, 0])
    row = remedy_of(order_lines(rows))
    assert (row["main_cause"], row["lever"], row["is_realistic"]) == ("mix", "price", True)
    assert row["remedy"].startswith("not by mix alone (5 of 8 items would have to go); prices ")


# ------------------------------------------------------------------ what is missing
def test_lines_without_cost_are_blank_and_measure_nobody():
    lines = chance_lines(3)
    hidden = lines["item_id"] == "SKU-0002"
    blank = with_margin(lines.assign(cost=lines["cost"].mask(hidden)))
    found = list_margin_causes(blank).set_index(["entity", "entity_id"])
    assert found.loc[("item", "SKU-0002"), PARTS].isna().all()
    assert found.loc[("item", "SKU-0002"), ["main_cause", "remedy"]].tolist() == ["", ""]
    rest = found.drop(("item", "SKU-0002"))
    unknown = {("customer", who) for who in blank.loc[hidden, "customer_id"]}
    known = rest[~rest.index.isin(unknown)]
    assert known[PARTS].notna().all(axis=None)
    adds_up(known)


def test_without_named_customers_there_are_items_only():
    lines = chance_lines(4).assign(customer_id=pd.Series(UNKNOWN_CUSTOMER, index=range(120), dtype="str"))
    causes = list_margin_causes(lines)
    assert set(causes["entity"]) == {"item"}
    adds_up(causes)
    assert list_losing_pairs(lines).empty


def test_all_costs_missing_leaves_blanks_not_a_crash():
    lines = with_margin(chance_lines(5).assign(cost=np.nan))
    causes = list_margin_causes(lines)
    assert causes[PARTS].isna().all(axis=None)
    assert (causes["main_cause"] == "").all()
    assert list_losing_pairs(lines).empty


def test_an_assumed_cost_follows_the_price_and_is_no_cause_of_its_own():
    rows = even_customers()
    rows[6] = rows[5] * 0.65
    lines = order_lines(rows.to_numpy().tolist(), cost_source="assumed").astype({"cost_source": "str"})
    assert (explain_margins(lines)["cost_effect"] == 0).all()


def test_goods_free_of_charge_count_as_a_discount():
    rows = even_customers()
    gift = ["gift", "CUST-0003", "SKU-0002", "retail", 5, 0, 22, 0, 4, 5, 0]
    lines = order_lines([*rows.to_numpy().tolist(), gift])
    found = explain_margins(lines).iloc[-1]
    assert found["discount_effect"] < -0.8 * 5 * 40
    assert found["price_effect"] == pytest.approx(0.0, abs=1e-9)


def test_a_loss_maker_is_never_the_measure_of_others():
    """Its terms may get worse without limit: what is normal for the others stays."""
    before, after = (spoil("price").assign(), spoil("price"))
    one = after["customer_id"] == "CUST-0000"
    after.loc[one, ["revenue", "discount"]] *= 0.1
    after = with_margin(after)
    others = ~one.to_numpy()
    pd.testing.assert_frame_equal(explain_margins(after)[others], explain_margins(before)[others])


def test_what_real_shoppers_lose_on(real_data, tmp_path):
    """Ta-Feng: real unit costs, one channel, no freight: losses come of mix, price and cost alone."""
    file = real_data / "ta_feng" / "ta_feng.parquet"
    (tmp_path / "segkit.toml").write_text(f'extends = "ta_feng"\n[sources.orders]\nfile = "{file}"\n', "utf-8")
    plan = sk.open_plan(tmp_path)
    causes = plan.margin_causes
    adds_up(causes)
    losing = causes.query("entity == 'customer' and net_margin < 0")
    assert len(losing) == 2636
    assert losing["net_margin"].sum() == pytest.approx(-148_845, abs=1)
    taken = losing[list(CAUSES)].sum().sort_values()
    assert taken.index[:3].tolist() == ["mix_effect", "price_effect", "cost_effect"]
    assert (taken.iloc[3:] == 0).all()
    assert (losing["remedy"] != "").all()
