"""``data/README.md``: the contracts of the input tables, and what is planted in the sample company."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from segkit.core.columns import Column, TableSpec, input_tables

EXPLAINED = {
    "season": "Monthly factors on demand, January first. Other categories have none.",
    "trend": "Demand that grows or shrinks evenly (exponentially) over the whole time.",
    "class_move": "The true level moves once and stays: these class moves are real.",
    "unchanged": "The true level never moves: their class moves are chance. Ids in planted.toml.",
    "intermittent": "Spare parts asked for now and then; ids and true intervals in planted.toml.",
    "launch": "Items launched; demand builds up over eight weeks.",
    "book_entry": "Year-end rebates to key accounts: in profit_and_loss, on no order line.",
    "phase_out": "Items that end; demand fades to a tenth over the 120 days before.",
    "superseded": "Items replaced by a successor at the same price and demand; both were sold for two weeks.",
    "promotion": "Lines x uplift in the channels, price off as discount, then a dip for as long.",
    "stock_out": "Nothing to sell at any place (stock held back), from and to included: demand, units of it lost, and "
    "units of patient customers delivered late.",
    "lost_demand": "Units lost in all stock-outs, planted or by chance: the gap between sales and demand.",
    "loss_maker": "Customers on whom the company loses money, and why. Size: price = contract price over list price; "
    "discount = share taken off; freight = times the usual freight (express to far-off places); "
    "order_size = pieces an order; returns = share of lines sent back.",
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
    return (
        files("segkit.sample")
        .joinpath("about.md")
        .read_text("utf-8")
        .format(
            name=settings["company"]["name"],
            first=planted["company"]["first"],
            last=planted["company"]["last"],
            tables=describe_tables(),
            files="\n".join(
                ["| file | rows | bytes |", "|---|---:|---:|", *map(_file_row, sorted(folder.glob("*.csv")))]
            ),
            effects="\n".join(_describe_effect(name, planted[name]) for name in EXPLAINED),
        )
    )


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
