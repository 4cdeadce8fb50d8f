"""What a director reads next: what moved the margin, why loss makers lose, who changed class, which segment pays."""

from dataclasses import dataclass

import pandas as pd

from segkit.core.columns import empty_table
from segkit.dynamics.story.headlines import PROFIT_STEP
from segkit.dynamics.story.windows import full_from

_WORDS = {
    "volume": "volume",
    "mix": "mix",
    "price": "prices",
    "fx": "exchange rates",
    "cost": "the cost of goods",
    "service": "cost-to-serve",
    "returns": "returns",
    "new_customers": "new customers",
    "lost_customers": "lost customers",
    "new_items": "new items",
    "lost_items": "items that ended",
}
_EFFECTS = {
    "price_effect": "price",
    "discount_effect": "discount",
    "freight_effect": "freight",
    "order_size_effect": "order size",
    "returns_effect": "returns",
    "service_effect": "service cost",
    "payment_effect": "payment terms",
    "mix_effect": "mix",
    "cost_effect": "cost",
}
_CAUSES = {"new": "what is new", "lost": "what was lost", "others moved": "the moves of others"}


@dataclass(frozen=True)
class ChangeTables:
    """The tables of those names behind the headlines."""

    profit_bridge: pd.DataFrame
    margin_causes: pd.DataFrame
    migration: pd.DataFrame
    micro_segments: pd.DataFrame
    order_lines: pd.DataFrame


def tell_change(tables: ChangeTables, *, currency: str, window_months: int = 12) -> pd.DataFrame:
    """Return the headlines of what moved and why, those only that the data carry.

    Parameters
    ----------
    tables : ChangeTables
        Bridge, causes, moves, micro-segments, and the lines they rest on.
    currency : str
        Currency of the plan.
    window_months : int
        Length of the window of the classes [months].

    Returns
    -------
    DataFrame
        ``headlines``. Moves of class are told where the windows before and after are both full.
    """
    rows = [
        _bridge(tables.profit_bridge, currency),
        _causes(tables.margin_causes, currency),
        _moves(tables.migration, full_from(tables.order_lines, window_months)),
        _segments(tables.micro_segments, currency),
    ]
    known = [(PROFIT_STEP, *row) for row in rows if row]
    frame = pd.DataFrame(known, columns=list(empty_table("headlines").columns))
    return frame.astype({"value": "float64"}) if known else empty_table("headlines")


def _bridge(bridge: pd.DataFrame, currency: str) -> tuple | None:
    """Return what the net margin did against the span before, and what did most of it."""
    whole = bridge[bridge["comparison"].isin(["year", "half"]) & (bridge["entity"] == "all")]
    if whole.empty:
        return None
    amounts = whole.set_index("effect")["amount"]
    start, end = amounts["start"], amounts["end"]
    effects = amounts.drop(["start", "end"]).rename(_WORDS).sort_values(kind="stable")
    measure = whole["measure"].iloc[0].replace("_", " ")
    share = f" ({abs(end / start - 1):.1%})" if start > 0 else ""
    verb = "rose" if end >= start else "fell"
    brought = [f"{name} brought {currency} {gain:,.0f}" for name, gain in effects[::-1].head(2).items() if gain > 0]
    took = [f"{name} took {currency} {-loss:,.0f}" for name, loss in effects.head(2).items() if loss < 0]
    rest = effects.iloc[2:-2].sum() if len(brought) == len(took) == 2 else 0.0  # a rest only where some are not named
    left = [f"all else {'brought' if rest > 0 else 'took'} {currency} {abs(rest):,.0f}"] if abs(rest) >= 0.5 else []
    parts = (brought, took, left) if end >= start else (took, brought, left)
    why = "; ".join(", ".join(part) for part in parts if part)
    before, after = _spans(whole.iloc[0])
    change = f"{verb} by {currency} {abs(end - start):,.0f}{share}"
    text = f"{measure.capitalize()} of {after} {change} against {before}"
    return "change_of_margin", f"{text}: {why}." if why else f"{text}.", end - start, currency


def _spans(row: pd.Series) -> tuple[str, str]:
    """Return which days are compared, as months where they are whole; and that seasons are in it, where they are."""
    begins, ends = row[["from_begin", "to_begin"]], row[["from_end", "to_end"]]
    whole = all(day.is_month_start for day in begins) and all(day.is_month_end for day in ends)
    form = "%Y-%m" if whole else "%Y-%m-%d"
    before, after = (f"{row[f'{name}_begin']:{form}} to {row[f'{name}_end']:{form}}" for name in ("from", "to"))
    season = " (seasons included)" if row["comparison"] == "half" else ""
    return f"{before}{season}", after


def _causes(causes: pd.DataFrame, currency: str) -> tuple | None:
    """Return what most of the shortfall of the customers that lose is due to."""
    losing = causes[(causes["entity"] == "customer") & (causes["net_margin"] < 0)]
    short = (losing["normal_margin"] - losing["net_margin"]).sum()
    if losing.empty or short <= 0:
        return None
    shares = (-losing[list(_EFFECTS)].sum().rename(_EFFECTS) / short).sort_values(ascending=False, kind="stable")
    first = ", ".join(f"{name} {share:.0%}" for name, share in shares.head(3).items() if share >= 0.01)
    who = "The customer that loses money falls" if len(losing) == 1 else f"The {len(losing):,} customers that lose fall"
    text = f"{who} {currency} {short:,.0f} short of what peers would leave on the same sales: {first}."
    return "cause_of_losses", text, float(shares.iloc[0]), "share"


def _moves(migration: pd.DataFrame, full: pd.Timestamp) -> tuple | None:
    """Return how many changed class in the last year and have kept the new one, and why most items did."""
    last = migration["known_on"].max()
    month_before = migration["known_on"] - pd.offsets.MonthBegin() - pd.Timedelta(days=1)
    since = last - pd.DateOffset(months=12)
    year = migration[((migration["known_on"] > since) & (month_before >= full)).to_numpy(dtype=bool)]
    if year.empty:
        return None
    sure = year[year["confirmed"].to_numpy(dtype=bool)]
    counts = sure.groupby("entity")["entity_id"].nunique()
    items, customers = int(counts.get("item", 0)), int(counts.get("customer", 0))
    causes = sure.loc[((sure["entity"] == "item") & (sure["cause"] != "")).to_numpy(dtype=bool), "cause"].value_counts()
    most = causes.sort_index().idxmax() if len(causes) else ""
    why = f", most items because of {_CAUSES.get(most, most)}" if most else ""
    who = f"{items:,} item{'s' * (items != 1)} and {customers:,} customer{'s' * (customers != 1)}"
    rest = len(year) - len(sure)
    others = f"; {rest:,} further move{'s' * (rest != 1)} did not last, or it is too early to tell" if rest else ""
    text = (
        f"{who} changed their value class from {year['known_on'].min():%Y-%m} to {last:%Y-%m}{why}, and kept the new "
        f"one long enough to count (near a limit that may be chance){others}."
    )
    return "class_moves", text, float(items + customers), "moves"


def _segments(micro: pd.DataFrame, currency: str) -> tuple | None:
    """Return the micro-segment that earns most, and what the losing ones take."""
    known = micro[micro["net_margin"].notna()]
    total = known["net_margin"].sum()
    if len(known) < 2 or total <= 0:
        return None
    best, losing = known.loc[known["net_margin"].idxmax()], known[known["net_margin"] < 0]
    earned, sold = best["net_margin"] / total, best["revenue"] / known["revenue"].sum()
    lost = (
        f"; {len(losing):,} {'lose' if len(losing) > 1 else 'loses'} {currency} {-losing['net_margin'].sum():,.0f}"
        if len(losing)
        else "; none loses"
    )
    text = (
        f"Of {len(known):,} micro-segments {best['micro_segment']} earns most, {earned:.1%} of the net margin on "
        f"{sold:.1%} of the revenue{lost}."
    )
    return "best_micro_segment", text, float(earned), "share"
