"""Remedies in words, short enough for a board, every figure rounded to the side on which it suffices."""

import math

_NAMES = {
    "price": "price",
    "mix": "mix",
    "cost": "cost of the goods",
    "discount": "discount",
    "freight": "freight",
    "service": "work to serve",
    "order size": "order size",
    "returns": "returns",
    "payment terms": "payment terms",
}


def write_remedy(row: dict, fewest: int, currency: str) -> str:
    """Return what would bring a loss maker to zero, or why nothing alone would.

    Parameters
    ----------
    row : dict
        One loss maker: its levers, with asked, enough, asked_now, asked_needed, left, lever, lever_now, lever_needed,
        is_realistic, together and entity, see `segkit.dynamics.causes.remedies.find_remedies`.
    fewest : int
        Orders a year below which nobody is asked to go.
    currency : str
        Currency of the plan.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    if row["sold"] <= 0:
        return "none: nothing was paid for, only goods taken back or given away"
    if not row["is_realistic"]:
        return _nothing_realistic(row, currency)
    words = _words(row, currency)
    return words if row["lever"] == row["asked"] else f"{_why_not(row, fewest, currency)}; {words}"


def _nothing_realistic(row: dict, currency: str) -> str:
    """Return what together would do, and how far the one lever would have to go that is enough by arithmetic."""
    none = "no single realistic remedy"
    if row["lever"] == "returns":
        return f"{none}: as much came back as was sold, or more ({row['lever_now']:,.1%} of sales)"
    alone = _far(row, currency) if row["lever"] else "so little was kept that no price would do"
    if row["together"]:
        return f"{none}: {row['together']} as with peers would do together" + (
            f" (alone: {alone})" if row["lever"] else ""
        )
    return f"{none} ({alone})" if row["lever"] else f"{none}: {alone}"


def _why_not(row: dict, fewest: int, currency: str) -> str:
    """Return why the lever that was asked for is none: what it leaves, or how far it would have to go."""
    asked, of_asked = (
        row["asked"],
        {"lever": row["asked"], "lever_now": row["asked_now"], "lever_needed": row["asked_needed"]},
    )
    if asked == "mix" and not row["enough"]:
        return "not by mix: every item loses"
    alone = f"not by {_NAMES[asked]} alone"
    if row["enough"]:
        return f"{alone} ({_far(row | of_asked, currency)})"
    if asked == "order size" and row["mergeable"] <= 0:
        return f"{alone}: nobody orders more than {fewest} times a year"
    few = f"even at {fewest} orders a year " if asked == "order size" else ""
    return f"{alone}: {few}{_money(row['left'], currency, up=False)} would still be lost"


def _far(row: dict, currency: str) -> str:
    """Return in words a change that goes too far."""
    if row["lever"] == "mix":
        return f"{row['lever_now'] - row['lever_needed']:,.0f} of {row['lever_now']:,.0f} items would have to go"
    return _words(row, currency)


def _words(row: dict, currency: str) -> str:
    """Return a remedy in words, its figure rounded to the side on which it suffices."""
    lever, now, needed = row["lever"], row["lever_now"], row["lever_needed"]
    if lever == "price":
        return f"prices {_percent(needed - 1, up=True)} higher"
    if lever == "mix":
        gone = "the worst item" if now - needed == 1 else f"the {now - needed:,.0f} worst items"
        return f"without {gone} of {now:,.0f} (first {row['worst_item']})"
    if lever == "cost":
        return f"unit costs {_percent(1 - needed, up=True)} lower"
    if lever == "payment terms":
        return f"payment in at most {_percent(needed)} of today's days"
    if lever == "order size" and row["entity"] == "item":
        return f"orders {math.ceil(needed * 10 - 1e-9) / 10:,.1f} times as large"
    if lever == "order size":
        mean = row["sold"] / row["orders"]
        return f"orders of at least {_money(mean * needed, currency)} on average (now {_money(mean, currency)})"
    if lever == "freight" and row["entity"] == "customer":
        each = (now - needed) * row["sold"] / row["orders"]
        paid = now * row["sold"] / row["orders"]
        return f"freight charged: {_money(each, currency)} an order (of {_money(paid, currency)} that it costs)"
    base = "gross sales" if lever == "discount" else "sales"
    return f"{_NAMES[lever]} of at most {_percent(needed)} of {base} (now {now:,.1%})"


def _percent(share: float, *, up: bool = False) -> str:
    """Return a share in percent with one decimal, rounded up or down."""
    scaled = share * 1000
    return f"{(math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)) / 1000:,.1%}"


def _money(amount: float, currency: str, *, up: bool = True) -> str:
    """Return money in whole units, small sums with cents, rounded up where it must suffice."""
    scale = 1 if abs(amount) >= 20 else 100
    rounded = (math.ceil(amount * scale - 1e-6) if up else round(amount * scale)) / scale
    return f"{currency} {rounded:,.{0 if scale == 1 else 2}f}".strip()
