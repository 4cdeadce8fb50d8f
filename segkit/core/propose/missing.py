"""What a file lacks for a full plan, and what follows from that."""

from collections.abc import Callable

from segkit.core.propose.draft import Draft

ASSUMED_LEAD_DAYS = 28
ASSUMED_HOLDING_RATE = 0.25
_COSTS = ("unit_cost", "cost", "items.unit_cost")


def name_missing(table: str, has: Callable[[str], object], *, cost_known: bool = False) -> list[str]:
    """Return what is missing, each with what follows.

    Parameters
    ----------
    table : str
        ``orders`` or ``sales``.
    has : callable
        Takes a column (``unit_price`` of that table, or ``items.category``), returns whether there is one.
    cost_known : bool, optional
        Whether costs follow from other columns.

    Examples
    --------
    >>> name_missing("sales", {"price", "items.unit_cost", "items.category"}.__contains__)
    ['items.supplier_id: no supplier segments']
    """
    missing = []
    money = has_money(has)
    if table == "orders" and not money:
        missing.append("unit_price or amount: without one there is no run; add a column with it")
    if table == "orders" and not has("order_id"):
        missing.append("order_id: the lines of one customer and one day count as one order")
    if table == "sales" and not money:
        missing.append("price: no money can be counted, so classes are made by quantity")
    if money and not (cost_known or has_cost(has)):
        missing.append("unit_cost: without it every margin rests on one assumption")
    wanted = {"items.category": "no classes within product groups", "items.supplier_id": "no supplier segments"}
    if table == "orders":
        wanted |= {"promised_date": "no on-time measures", "delivered_date": "no delivery times"}
    return [*missing, *(f"{column}: {without}" for column, without in wanted.items() if not has(column))]


def has_money(has: Callable[[str], object]) -> bool:
    """Return whether a price or an amount is there."""
    return any(has(name) for name in ("unit_price", "amount", "price"))


def has_cost(has: Callable[[str], object]) -> bool:
    """Return whether a cost is there."""
    return any(has(name) for name in _COSTS)


def margin_assumed(margin: float) -> str:
    """Return what to say of the assumption that stands in for costs."""
    return f"assume.gross_margin = {margin:g}: the file holds no cost; every margin rests on it"


def assume_stock_terms(draft: Draft, *, costed: bool, timed: bool, held: bool) -> None:
    """Add what stock policies need and no file says: a lead time and what holding stock costs, as assumptions.

    Parameters
    ----------
    draft : Draft
        Takes the lines.
    costed : bool
        Whether what a unit costs is known, or follows from prices: without it a holding cost says nothing.
    timed, held : bool
        Whether a lead time and a holding cost are known already.

    Notes
    -----
    Four weeks and a quarter of unit cost a year are common first figures, of nobody in particular; a plan lists both
    under its assumptions.

    Examples
    --------
    >>> draft = Draft()
    >>> assume_stock_terms(draft, costed=True, timed=False, held=True)
    >>> draft.assumed
    ['forecasts.lead_time_days = 28: no file tells how long suppliers take; levels of stock rest on it']
    """
    if not timed:
        reason = "ASSUMED: no file tells how long suppliers take; put your own days, or give purchases"
        draft.add("forecasts", "lead_time_days", ASSUMED_LEAD_DAYS, reason)
        told = "no file tells how long suppliers take; levels of stock rest on it"
        draft.assumed.append(f"forecasts.lead_time_days = {ASSUMED_LEAD_DAYS}: {told}")
    if costed and not held:
        reason = "ASSUMED: what a year of holding costs, as a share of unit cost; put your own"
        draft.add("assume", "holding_rate", ASSUMED_HOLDING_RATE, reason)
        told = "no file tells what holding stock costs; policies rest on it"
        draft.assumed.append(f"assume.holding_rate = {ASSUMED_HOLDING_RATE:g}: {told}")
