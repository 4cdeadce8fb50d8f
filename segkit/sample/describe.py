"""``data/README.md``: the contracts of the input tables, and what is planted in the sample company."""

import tomllib
from pathlib import Path
from typing import Any

from segkit.core.columns import Column, TableSpec, input_tables

HEAD = """# Data

Three parts: what segkit reads (the contracts of the input tables), the sample company in `sample/`, and what is
planted in it. This file is made from `segkit/core/nomenclature.toml` and `sample/planted.toml` by
`segkit.sample.describe_data`; a test keeps it up to date.

## What segkit reads

Either `orders` or `sales` is required; everything else is optional, and what is missing is assumed by a named, reported
assumption, or the parts that need it are left out and say so. **Bold** columns must be there and filled. Columns with
other names are mapped in `segkit.toml`. Money is in the row's `currency`; blank = the company's.
"""

SAMPLE = """
## The sample company

`sample/` is a generated company: {name}. It makes heating circulators, drainage pumps and booster sets, and deals in garden
pumps, controls, fittings, accessories and spare parts. **Everything in it is invented**: names, numbers, exchange rates,
indices, duties and freight rates (their `source` says so); none of it may be used for anything but trying segkit.

It covers {first} to {last}: 400 items, 7 places in 3 echelons (one plant, two distribution centres, four regional
stocks), 150 customers in 4 tiers and 5 channels, 12 suppliers in 5 countries and 4 currencies. `sales` is left out: that
table is for companies without order lines. Make it anew, byte for byte, with `segkit sample FOLDER`.

How it comes about, for those who read its figures:

- **Demand** of each item, channel and week is Poisson around a plain rate x season x trend or step x promotion; customers of
  the channel share it by weight; lines wait for the customer's order day as far as he keeps to it (key accounts nearly
  always, online customers never). Sizes are gamma with CV 0.7, in packs for large customers.
- **Stock** is simulated day by day, from a half year before the first order shown. Key accounts and projects wait for what is
  sold out (their lines ship late); the others take what is there, and the rest of their demand is lost and appears nowhere.
- **Orders**: `unit_price` is the list price of the year (of January's exchange rate for customers in GBP and USD); the
  customer's terms and promotions are `discount`. `unit_cost` is the standard cost of the half year in the order's currency;
  lines of 2023 carry none (it was not recorded then), so they fall back on the item's latest cost. A returned line carries
  the net price paid and a quarter of the cost: what the goods are still worth.
- **Inventory** has every place on the last day of each month and on the Sundays of the last eight weeks, and every day without
  stock at the places that serve customers, while the item was offered; plants have snapshots only.
- **Purchases** are of bought items only; what the company makes has no purchase lines, so its lead times come from the items.
  All orders to one supplier that arrive on one day travel as one shipment; `charges` are what the Incoterm leaves to us.
- **Freight** out and in follows `lanes` (rate x weight, at least the minimum) x the fuel surcharge 1 + 0.35 x (fuel / 100 - 1);
  freight out varies by 3 % on top.
- **Activities** are time-driven cost pools; practical capacity is set once a year, so part of it is unused.

| file | rows | bytes |
|---|---:|---:|
"""

PLANTED = """
## What is planted

`sample/planted.toml` holds the same in a form for programs, with what it really came to (for example units lost). Where an
item has one planted thing it has no other, but for season.
"""

EXPLAINED = {
    "season": "Monthly factors on demand, January first. Other categories have none.",
    "trend": "Demand that grows or shrinks evenly (exponentially) over the whole time.",
    "class_move": "The true level moves once and stays: these class moves are real.",
    "unchanged": "The true level never moves: their class moves are chance. Ids in planted.toml.",
    "intermittent": "Spare parts asked for now and then; ids and true intervals in planted.toml.",
    "launch": "Items launched; demand builds up over eight weeks.",
    "phase_out": "Items that end; demand fades to a tenth over the 120 days before.",
    "superseded": "Items replaced by a successor at the same price and demand; both were sold for two weeks.",
    "promotion": "Lines x uplift in the channels, price off as discount, then a dip for as long.",
    "stock_out": "Nothing to sell at any place (stock held back), from and to included: demand, units of it lost, and "
    "units of patient customers delivered late.",
    "lost_demand": "Units lost in all stock-outs, planted or by chance: the gap between sales and demand.",
    "loss_maker": "Customers on whom the company loses money, and why. Size: price = contract price over list price; "
    "discount = share taken off; freight = times the usual freight (express to far-off places); order_size = pieces an order; "
    "returns = share of lines sent back.",
    "won_customer": "Customers who began to buy.",
    "lost_customer": "Customers who stopped.",
    "late_supplier": "Share of orders received after the expected date; others: 5 to 12 %.",
    "supplier_drift": "A supplier who becomes unreliable.",
    "late_location": "Deliveries to customers later than promised for reasons of transport; others: 4 to 8 %.",
    "currency_swing": "The US dollar loses value against the euro; the renminbi loses half as much.",
    "fuel_rise": "The fuel index rises evenly and stays; freight follows by 0.35 of it.",
    "tariff_change": "Duty added on goods of the chapter from one country into the EU.",
    "bulk_order": "One-off orders, fifteen times the item's 95th percentile line.",
    "reversed_line": "Lines entered by mistake and reversed exactly within a few days; this is the reversing line.",
    "dirt": "Lines that cleaning has to recognise and count.",
}
HIDDEN = {"unchanged", "intermittent"}


def describe_tables() -> str:
    """Return the contracts of the input tables as Markdown.

    Returns
    -------
    str
        For every table its grain, its key and its columns with kind, unit and meaning.
    """
    return "\n".join(_describe_table(spec) for spec in input_tables().values())


def describe_data(folder: Path) -> str:
    """Return the text of ``data/README.md``.

    Parameters
    ----------
    folder : Path
        Folder that holds the sample company.

    Returns
    -------
    str
        Markdown: contracts, the sample company and its files, planted effects.
    """
    planted = tomllib.loads((folder / "planted.toml").read_text("utf-8"))
    settings = tomllib.loads((folder / "segkit.toml").read_text("utf-8"))
    about = SAMPLE.format(name=settings["company"]["name"], **planted["company"])
    files = "\n".join(_file_row(path) for path in sorted(folder.glob("*.csv")))
    effects = [_describe_effect(name, planted[name]) for name in EXPLAINED]
    return HEAD + "\n" + describe_tables() + about + files + "\n" + PLANTED + "\n" + "\n".join(effects)


def _describe_table(spec: TableSpec) -> str:
    key = f" Key: {', '.join(spec.key)}." if spec.key else ""
    one_of = "".join(f" One of {' or '.join(group)} must be there." for group in spec.one_of)
    rows = [_column_row(column, column.name in spec.required) for column in spec.columns.values()]
    head = [f"### {spec.name}", "", f"One row is {spec.grain}.{key}{one_of}", ""]
    return "\n".join([*head, "| column | kind | unit | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _column_row(column: Column, required: bool) -> str:
    name = f"**{column.name}**" if required else column.name
    words = f" One of: {', '.join(column.one_of)}." if column.one_of else ""
    return f"| {name} | {column.kind} | {column.unit} | {column.meaning}{words} |"


def _file_row(path: Path) -> str:
    content = path.read_bytes()
    return f"| {path.name} | {len(content.splitlines()) - 1:,} | {len(content):,} |"


def _describe_effect(name: str, content: Any) -> str:
    rows = content if isinstance(content, list) else [content]
    lines = [f"### {name}", "", EXPLAINED[name], ""]
    if name in HIDDEN:
        return "\n".join([*lines, f"{len(content['item_ids'])} items.", ""])
    shown = [key for key in rows[0] if key != "meaning"]
    lines += [f"| {' | '.join(shown)} |", "|" + "---|" * len(shown)]
    lines += [f"| {' | '.join(_cell(row[key]) for key in shown)} |" for row in rows]
    return "\n".join([*lines, ""])


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(part)}" for key, part in value.items())
    return str(value)
