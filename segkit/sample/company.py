"""The whole sample company in memory, and on disk."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from segkit.sample import tables
from segkit.sample.books import books_table
from segkit.sample.customers import make_customers
from segkit.sample.demand import draw_demand
from segkit.sample.facts import effects, facts
from segkit.sample.items import make_items
from segkit.sample.lanes import lanes_table
from segkit.sample.orders import draw_orders
from segkit.sample.planted import planted_effects, write_toml
from segkit.sample.rates import duties_table, fx_table, indices_table
from segkit.sample.stock import Stock, simulate_stock
from segkit.sample.supply import activity_pools, charge_lines, purchase_lines

SEED = 20_230_701


@dataclass(frozen=True)
class SampleCompany:
    """The company before it is written: its tables as text, and what the generator knows that they do not say."""

    items: pd.DataFrame
    customers: pd.DataFrame
    stock: Stock
    lines: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def make_company(seed: int = SEED) -> SampleCompany:
    """Return the sample company.

    Parameters
    ----------
    seed : int
        Another seed gives another company of the same kind.

    Returns
    -------
    SampleCompany
        ``tables`` holds every input table but ``sales``, ready to be written.
    """
    items, customers = make_items(seed), make_customers(seed)
    stock = simulate_stock(items, customers, draw_demand(items, customers, seed), seed)
    lines = tables.number_orders(draw_orders(items, customers, stock, seed), customers, items)
    purchases = purchase_lines(items, stock, seed)
    written = {
        "orders": tables.orders_table(lines),
        "items": tables.items_table(items, seed),
        "customers": tables.customers_table(customers),
        "locations": tables.locations_table(),
        "inventory": tables.inventory_table(items, stock),
        "purchases": tables.purchases_table(purchases, items),
        "charges": tables.charges_table(charge_lines(items, purchases, seed)),
        "suppliers": tables.suppliers_table(),
        "activities": tables.activities_table(activity_pools(lines)),
        "profit_and_loss": books_table(lines, seed),
        "lanes": lanes_table(),
        "duties": duties_table(items),
        "fx": fx_table(seed),
        "indices": indices_table(seed),
    }
    return SampleCompany(items, customers, stock, lines, written)


def write_company(folder: Path, seed: int = SEED) -> Path:
    """Write the company made from ``seed`` into ``folder``, which is made if it is not there.

    Parameters
    ----------
    folder : Path
        Where to.
    seed : int
        Seed of the company.

    Returns
    -------
    Path
        The folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    company = make_company(seed)
    for name, table in company.tables.items():
        text = table.to_csv(index=False, lineterminator="\n")
        (folder / f"{name}.csv").write_bytes(text.encode())
    (folder / "segkit.toml").write_bytes(_settings(list(company.tables)).encode())
    planted = planted_effects(company.items, company.customers, company.stock, company.lines, seed)
    (folder / "planted.toml").write_bytes(write_toml(planted).encode())
    return folder


def _settings(names: list[str]) -> str:
    """Return the workspace's segkit.toml."""
    company = facts()["company"]
    codes = ", ".join(f'"{code}"' for code in effects()["dirt"]["non_product"])
    targets = ", ".join(f'"{name}" = {target}' for name, target in facts()["class_targets"].items())
    goodwill = ", ".join(f'"{name}" = {multiple}' for name, multiple in facts()["goodwill"].items())
    head = [
        "# The sample company: generated, every name and number is invented.",
        "# What is planted in it stands in planted.toml.",
        "[company]",
        f'name = "{company["name"]}"',
        f'currency = "{company["currency"]}"',
        "",
        "[orders]",
        f"non_product_items = [{codes}]",
        "",
        "[assume]",
        "capital_rate = 0.08           # a year, for the days that customers take to pay",
        "holding_rate = 0.25           # a year, of unit cost: capital, room, insurance, ageing",
        "order_cost = 15.0             # of a replenishment order line: placing, receiving, paying it",
        "",
        "[policies]",
        'class_by = "tier"             # customers share stock, with critical levels by tier',
        f"class_targets = {{ {targets} }}",
        "",
        "[promising]",
        f"goodwill = {{ {goodwill} }}   # of a unit not delivered when asked for, in margins of a unit",
    ]
    sources = [f'\n[sources.{name}]\nfile = "{name}.csv"' for name in names]
    sources[0] += '\nduplicates = "set_aside"      # a few lines came through the interface twice'
    rules = [f'\n[rules.{rule["name"]}]\nof = "{rule["of"]}"\nwhere = "{rule["where"]}"' for rule in facts()["rules"]]
    return "\n".join([*head, *sources, *rules]) + "\n"
