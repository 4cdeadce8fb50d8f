"""The answer sheet of the sample company: everything planted in it, with ids, dates and sizes reached."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segkit.sample.books import rebates
from segkit.sample.demand import promoted_items
from segkit.sample.facts import FIRST, FIRST_DAY, LAST, LAST_DAY, date_of, day_of, effects, facts
from segkit.sample.stock import Stock, stock_out_items

UNCHANGED_ROLES = ["", "promotion", "stock_out"]


def planted_effects(
    items: pd.DataFrame, customers: pd.DataFrame, stock: Stock, lines: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Return what is planted, by kind.

    Parameters
    ----------
    items, customers : DataFrame
        As ``make_items`` and ``make_customers`` give them.
    stock : Stock
        The simulated stock, which knows the demand that was lost.
    lines : DataFrame
        The order lines as numbered.
    seed : int
        Seed of the company.

    Returns
    -------
    dict
        Sections of ``planted.toml``; a list is an array of tables.
    """
    plan = effects()
    demand = _demand_effects(items)
    return {
        "company": {"seed": seed, "first": FIRST, "last": LAST},
        **demand,
        "promotion": [
            {
                "name": entry["name"],
                "from": entry["from"],
                "to": date_of(day_of(entry["from"]) + entry["days"] - 1),
                "channels": plan["promotion_rule"]["channels"],
                "uplift": plan["promotion_rule"]["uplift"],
                "price_off": plan["promotion_rule"]["price_off"],
                "dip_after": plan["promotion_rule"]["dip"],
                "item_ids": items["item_id"].iloc[rows].tolist(),
            }
            for entry, rows in promoted_items(items)
        ],
        "stock_out": _stock_outs(items, stock),
        "lost_demand": _lost_demand(stock),
        "book_entry": rebates(lines, seed),
        "loss_maker": [
            {"customer_id": row.customer_id, "channel": row.channel, "cause": row.cause, "size": _size(row)}
            for row in customers[customers["cause"] != ""].itertuples()
        ],
        "won_customer": _dated(customers, "won_day", "customer_id"),
        "lost_customer": _dated(customers, "lost_day", "customer_id"),
        "late_supplier": [
            {"supplier_id": entry["id"], "late_share": entry["late"], "mean_days_late": entry["late_days"] + 1}
            for entry in facts()["supplier"]
            if entry["late"] >= 0.3
        ],
        "supplier_drift": {**plan["supplier_drift"], "late_share_before": _late_before()},
        "late_location": [
            {"location_id": entry["id"], "late_share": entry["late"]}
            for entry in facts()["location"]
            if entry["late"] >= 0.15
        ],
        "currency_swing": {"currency": "USD", "against": "EUR", **plan["currency"]},
        "fuel_rise": {"index_name": "fuel", **plan["fuel"]},
        "tariff_change": {**plan["tariff"], "destination_country": "DE"},
        "bulk_order": _ids(lines[lines["kind"] == "bulk"], ["order_id", "item_id", "customer_id", "quantity"]),
        "reversed_line": _ids(lines[lines["kind"] == "reversal"], ["order_id", "item_id", "customer_id", "quantity"]),
        "dirt": _dirt(lines),
    }


def _demand_effects(items: pd.DataFrame) -> dict[str, Any]:
    plan = effects()
    role = items["role"]
    of = {name: items.loc[role == name, "item_id"].tolist() for name in sorted(role.unique())}
    names = {entry["code"]: entry["name"] for entry in facts()["category"]}
    end = plan["trend"]
    return {
        "season": [{"category": names[code], "month_factors": f} for code, f in facts()["season"].items()],
        "trend": [
            {"direction": "up", "end_over_start": end["growing_factor"], "item_ids": of["growing"]},
            {"direction": "down", "end_over_start": end["shrinking_factor"], "item_ids": of["shrinking"]},
        ],
        "class_move": [
            {
                "direction": "up",
                "date": plan["step"]["date"],
                "factor": plan["step"]["up_factor"],
                "item_ids": of["step_up"],
            },
            {
                "direction": "down",
                "date": plan["step"]["date"],
                "factor": plan["step"]["down_factor"],
                "item_ids": of["step_down"],
            },
        ],
        "unchanged": {
            "meaning": "True level the same all the time but for season, promotion, stock-out: class moves are chance.",
            "item_ids": items.loc[role.isin(UNCHANGED_ROLES), "item_id"].tolist(),
        },
        "intermittent": _intermittent(items),
        "launch": _dated(items[role == "launch"], "launch_day", "item_id"),
        "phase_out": _dated(items[role == "phase_out"], "end_day", "item_id"),
        "superseded": [
            {"item_id": row.item_id, "replaced_by": row.replaced_by, "date": date_of(row.end_day)}
            for row in items[role == "superseded"].itertuples()
        ],
    }


def _intermittent(items: pd.DataFrame) -> dict:
    """Return the spares that are asked for in fewer than two months of three, with the true interval between months."""
    spares = items[(items["code"] == "SP") & (items["role"] == "")]
    interval = 1 / (1 - np.exp(-spares["rate"] * 365.25 / 12 / 7))
    rare = interval > 1.5
    return {
        "meaning": "True mean months from one month with demand to the next (ADI); sizes are gamma with CV 0.7.",
        "item_ids": spares.loc[rare, "item_id"].tolist(),
        "adi_months": [round(float(value), 2) for value in interval[rare]],
    }


def _dated(rows: pd.DataFrame, column: str, key: str) -> list[dict]:
    rows = rows[rows[column] >= 0].sort_values(column, kind="stable")
    return [{key: name, "date": date_of(day)} for name, day in zip(rows[key], rows[column], strict=True)]


def _stock_outs(items: pd.DataFrame, stock: Stock) -> list[dict]:
    found = []
    for entry, item in stock_out_items(items):
        days = stock.lines["day"].between(day_of(entry["from"]), day_of(entry["to"]))
        hit = stock.lines[(stock.lines["item"] == item) & days]
        found.append(
            {
                "item_id": items.at[item, "item_id"],
                "from": entry["from"],
                "to": entry["to"],
                "demand": int(hit["quantity"].sum()),
                "lost": int((hit["quantity"] - hit["sold"]).sum()),
                "delivered_late": int(hit.loc[hit["filled_day"] != hit["day"], "sold"].sum()),
            }
        )
    return found


def _lost_demand(stock: Stock) -> dict:
    shown = stock.lines[stock.lines["day"].between(FIRST_DAY, LAST_DAY)]
    lost = shown["quantity"] - shown["sold"]
    return {
        "meaning": "All stock-outs, planted or by chance.",
        "demand": int(shown["quantity"].sum()),
        "lost": int(lost.sum()),
        "lines_lost_whole": int((shown["sold"] == 0).sum()),
    }


def _size(row: Any) -> float:
    column = {"price": "price_factor", "discount": "discount", "freight": "freight_factor", "returns": "returns"}
    return float(getattr(row, column[row.cause])) if row.cause in column else 1.0


def _late_before() -> float:
    drifting = effects()["supplier_drift"]["supplier_id"]
    return next(entry["late"] for entry in facts()["supplier"] if entry["id"] == drifting)


def _ids(lines: pd.DataFrame, columns: list[str]) -> list[dict]:
    return [{key: _plain(value) for key, value in row.items()} for row in lines[columns].to_dict("records")]


def _dirt(lines: pd.DataFrame) -> dict:
    kinds = lines["kind"].value_counts()
    fees = lines.loc[lines["fee"] != "", "fee"].value_counts().sort_index()
    return {
        "returned_lines": int(kinds["return"]),
        "cancelled_lines": int(kinds["cancelled"]),
        "free_lines": int(kinds["free"]),
        "reversed_pairs": int(kinds["reversal"]),
        "non_product_lines": {code: int(count) for code, count in fees.items()},
        "lines_without_customer": int((~lines["named"]).sum()),
        "duplicated_lines": effects()["dirt"]["duplicated"],
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def write_toml(sections: dict[str, Any]) -> str:
    """Return sections as TOML: tables, arrays of tables, and values that are text, numbers, dates or lists of these.

    Parameters
    ----------
    sections : dict
        Name of each section and its content; a list is an array of tables.

    Returns
    -------
    str
        The text of the file.

    Examples
    --------
    >>> print(write_toml({"a": {"x": 1}, "b": [{"y": "z"}]}))
    [a]
    x = 1
    <BLANKLINE>
    [[b]]
    y = "z"
    <BLANKLINE>
    """
    blocks = []
    for name, content in sections.items():
        head = f"[[{name}]]" if isinstance(content, list) else f"[{name}]"
        for table in content if isinstance(content, list) else [content]:
            blocks.append("\n".join([head, *(f"{key} = {_value(value)}" for key, value in table.items())]) + "\n")
    return "\n".join(blocks)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {_value(part)}' for key, part in value.items()) + "}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
