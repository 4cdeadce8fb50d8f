"""The tables that orders are promised from, made plain."""

from dataclasses import dataclass, replace

import pandas as pd

from segkit.core.ids import id_text
from segkit.promising.given_tables import plain_tables
from segkit.promising.promise_terms import PromiseTerms

_NUMBERS = (
    "quantity", "unit_margin", "bid_price", "split_minimum", "max_lateness_days", "unit_cost", "transit_days",
    "lead_time_days", "capacity", "period_days", "critical_level",
)  # fmt: skip


@dataclass(frozen=True)
class GivenBook:
    """Orders, supply that is counted on, allocations and alternatives, as `plain_tables` returns them."""

    orders: pd.DataFrame
    supply: pd.DataFrame
    allocations: pd.DataFrame | None
    alternatives: pd.DataFrame | None

    def named(self, terms: PromiseTerms) -> dict[str, pd.DataFrame | None]:
        """Return all tables by the names that messages give them."""
        mine = {"orders": self.orders, "supply": self.supply, "allocations": self.allocations}
        mine |= {"alternatives": self.alternatives, "terms.capable": terms.capable}
        return mine | {"terms.critical_levels": terms.critical_levels}


def read_promise_book(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    allocations: pd.DataFrame | None,
    alternatives: pd.DataFrame | None,
    terms: PromiseTerms,
) -> tuple[GivenBook, PromiseTerms]:
    """Return the tables of a promise and the terms, whose tables are made plain too."""
    tables = {"orders": orders, "supply": supply, "allocations": allocations, "alternatives": alternatives}
    tables |= {"terms.capable": terms.capable, "terms.critical_levels": terms.critical_levels}
    given = {name: table for name, table in tables.items() if table is not None or name in ("orders", "supply")}
    plain = plain_tables("orders cannot be promised", given, numbers=_NUMBERS)
    there = plain["supply"]
    if "left_out" in there:
        there = there[there["left_out"].fillna("").eq("").to_numpy(dtype=bool)]
    book = GivenBook(plain["orders"], there, plain.get("allocations"), plain.get("alternatives"))
    levels = plain.get("terms.critical_levels")
    classes = terms.classes if isinstance(terms.classes, str) else tuple(id_text(one) for one in terms.classes)
    return book, replace(terms, classes=classes, capable=plain.get("terms.capable"), critical_levels=levels)
