"""What columns of an unknown file say of each other: price x quantity = amount, one day per order, and so on."""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from segkit.core.propose.fit import speaks_of
from segkit.core.propose.sniff_values import ColumnLook

PRODUCT_ROWS = 6_000


@dataclass
class Evidence:
    """Points for or against (segkit column, source column), and the sentence for each."""

    points: dict[tuple[str, str], float] = field(default_factory=dict)
    reasons: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, column: str, source: str, points: float, reason: str) -> None:
        """Count points for a pair; the reason is kept where they speak for it."""
        self.points[column, source] = self.points.get((column, source), 0.0) + points
        if points > 0 and reason:
            self.reasons.setdefault((column, source), []).append(reason)


def weigh_money(columns: dict[str, ColumnLook], item: str | None, names: dict[str, float], evidence: Evidence) -> None:
    """Tell quantity, unit price, line amount and costs apart by how they move together.

    Parameters
    ----------
    columns : dict of str to ColumnLook
        Columns with numbers, by name.
    item : str or None
        Column that names the item, if one is known.
    names : dict of str to float
        How much the name of a column speaks for it being a quantity.
    evidence : Evidence
        Points are added to it.
    """
    numeric = {name: look.numbers for name, look in columns.items()}
    found = _products(numeric, names, evidence)
    if item is not None:
        _slopes(columns, item, names, found, evidence)


def _products(numeric: dict[str, pd.Series], names: dict[str, float], evidence: Evidence) -> set[str]:
    """Triples in which quantity x price gives the amount; returns the columns told apart so."""
    table = pd.DataFrame(numeric).iloc[:: max(len(next(iter(numeric.values()), [])) // PRODUCT_ROWS, 1)]
    labels, cells = [str(name) for name in table], table.to_numpy(dtype="float64")
    best: tuple[float, str, str, str] | None = None
    for left, right in combinations(range(len(labels)), 2):
        one, other = cells[:, left], cells[:, right]
        telling = (np.abs(one) != 1) & (np.abs(other) != 1) & (one * other != 0)
        allowed = 0.006 * np.maximum(np.minimum(np.abs(one), np.abs(other)), 1)
        shares = _shares_equal(one * other, cells, telling, allowed)
        for place in np.flatnonzero(shares >= 0.8):
            name = max(names.get(labels[left], 0), names.get(labels[right], 0))
            if place not in (left, right) and (best is None or shares[place] + name > best[0]):
                best = (float(shares[place]) + name, labels[left], labels[right], labels[place])
    if best is None:
        return set()
    _, left_name, right_name, amount = best
    order = sorted((left_name, right_name), key=lambda name: (-names.get(name, 0), -_whole_share(table[name])))
    reason = f"{order[0]} x {order[1]} = {amount} in {best[0] - max(names.get(name, 0) for name in order):.1%} of rows"
    for column, source in zip(("quantity", "unit_price", "amount"), (*order, amount), strict=True):
        evidence.add(column, source, 0.6, reason)
    _net_of_discount(labels, cells, amount, evidence)
    return {*order, amount}


def _shares_equal(wanted: np.ndarray, cells: np.ndarray, rows: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return for each column the share of rows in which it equals what is wanted; 0 with fewer than 20 rows."""
    known = rows[:, None] & ~np.isnan(cells) & ~np.isnan(wanted)[:, None]
    near = np.abs(cells - wanted[:, None]) <= (allowed + 0.001 * np.abs(wanted))[:, None]
    count = known.sum(axis=0)
    return np.where(count >= 20, (near & known).sum(axis=0) / np.maximum(count, 1), 0.0)


def _whole_share(numbers: pd.Series) -> float:
    return float((numbers.dropna() % 1 == 0).mean())


def _net_of_discount(labels: list[str], cells: np.ndarray, gross: str, evidence: Evidence) -> None:
    """Quantity x price may be the amount before a discount: then the amount less it stands in another column."""
    total = cells[:, labels.index(gross)]
    for place, discount in enumerate(labels):
        if discount == gross or not speaks_of(discount, "discount"):
            continue
        taken = np.abs(cells[:, place])
        shares = _shares_equal(total - taken, cells, taken > 0, np.full(len(cells), 0.011))
        nets = [labels[other] for other in np.flatnonzero(shares > 0.95) if labels[other] not in (gross, discount)]
        for net in nets:
            evidence.add("amount", net, 0.8, f"{gross} - {discount} = {net}")
        if nets:
            evidence.add("amount", gross, -0.6, "")
            evidence.add("discount", discount, 0.3, f"{gross} - {discount} = {nets[0]}")


def _slopes(
    columns: dict[str, ColumnLook], item: str, names: dict[str, float], found: set[str], evidence: Evidence
) -> None:
    """Within an item, a line amount grows with the quantity and a unit price does not."""
    groups = pd.factorize(columns[item].codes)[0]
    known = [name for name in found if evidence.points.get(("quantity", name), 0) > 0]
    tried = known or [name for name in columns if name != item and _counts(columns[name], names)]
    slopes = {name: _slopes_on(columns, groups, name, item) for name in tried}
    grown = {name: [money for money, slope in slopes[name].items() if 0.75 <= slope <= 1.25] for name in tried}
    quantity = max(
        tried, key=lambda name: (names.get(name, 0) >= 0.5, len(grown[name]), names.get(name, 0)), default=""
    )
    for money, slope in slopes.get(quantity, {}).items():
        if money in grown[quantity]:
            reason = f"{money} grows with {quantity} within an item (x 2 gives x {2**slope:.2f})"
            evidence.add("quantity", quantity, 0.25, reason)
            for column, points in (("amount", 0.3), ("cost", 0.3), ("unit_price", -0.6), ("unit_cost", -0.6)):
                evidence.add(column, money, points, f"{reason}: it is of the line, not of the unit")
            evidence.add("quantity", money, -0.3, "")
        elif -0.4 <= slope <= 0.2:
            reason = f"does not grow with {quantity} within an item: it is of the unit"
            for column, points in (("unit_price", 0.2), ("unit_cost", 0.2), ("amount", -0.5), ("cost", -0.5)):
                evidence.add(column, money, points, reason)


def _slopes_on(columns: dict[str, ColumnLook], groups: np.ndarray, quantity: str, item: str) -> dict[str, float]:
    """Slope of each other column on a quantity, where enough rows tell and the column varies more than the quantity."""
    spread = _spread(columns[quantity])
    slopes = {}
    for name, look in columns.items():
        if name in (quantity, item):
            continue
        slope, rows = _slope(groups, columns[quantity].numbers, look.numbers)
        if rows >= 100 and (slope < 0.75 or _spread(look) > spread):
            slopes[name] = slope
    return slopes


def _counts(look: ColumnLook, names: dict[str, float]) -> bool:
    """Whether a column could be a quantity: named so, or small whole numbers of which one is the most usual."""
    if names.get(look.name, 0) >= 0.5:
        return True
    numbers = look.numbers.dropna().abs()
    return look.whole_share > 0.98 and 2 < look.distinct < 500 and float((numbers == 1).mean()) > 0.2


def _spread(look: ColumnLook) -> float:
    numbers = look.numbers.abs()
    numbers = numbers[numbers > 0]
    return float(np.log(numbers).std()) if len(numbers) > 1 else 0.0


def _slope(groups: np.ndarray, quantity: pd.Series, money: pd.Series) -> tuple[float, int]:
    """Slope of log money on log quantity within groups, and the rows it rests on."""
    x, y = quantity.to_numpy(), money.to_numpy()
    use = (groups >= 0) & (x > 0) & (y > 0)
    if use.sum() < 100:
        return np.nan, 0
    group, x, y = groups[use], np.log(x[use]), np.log(y[use])
    count = np.bincount(group)
    x = x - (np.bincount(group, x) / np.maximum(count, 1))[group]
    y = y - (np.bincount(group, y) / np.maximum(count, 1))[group]
    varied = int((np.abs(x) > 1e-9).sum())
    return (float((x * y).sum() / (x * x).sum()), varied) if varied else (np.nan, 0)


def weigh_costs(columns: dict[str, ColumnLook], price: str, of_line: bool, evidence: Evidence) -> None:
    """Look for columns that move with the price and mostly lie below it: costs, named or not.

    Parameters
    ----------
    columns : dict of str to ColumnLook
        Columns with numbers that have no other meaning yet.
    price : str
        The column taken as price (or amount).
    of_line : bool
        Whether that is the amount of the line.
    evidence : Evidence
        Points are added to it.
    """
    base = columns[price].numbers
    for name, look in columns.items():
        use = (look.numbers > 0) & (base > 0)
        if name == price or use.sum() < 50 or base[use].nunique() < 2 or look.numbers[use].nunique() < 6:
            continue
        below = float((look.numbers[use] < base[use]).mean())
        alike = float(np.corrcoef(np.log(look.numbers[use]), np.log(base[use]))[0, 1])
        ratio = float((look.numbers[use] / base[use]).median())
        if below >= 0.7 and alike >= 0.8 and 0.2 < ratio < 1:
            reason = f"below {price} in {below:.0%} of rows, moves with it (correlation {alike:.2f})"
            evidence.add("cost" if of_line else "unit_cost", name, 0.35, reason)


def weigh_dates(columns: dict[str, ColumnLook], evidence: Evidence) -> None:
    """Look which date comes first in a row: orders come before promises, shipments and deliveries.

    Parameters
    ----------
    columns : dict of str to ColumnLook
        All columns.
    evidence : Evidence
        Points are added to it.
    """
    days = {
        name: seen.dates.days for name, seen in columns.items() if seen.dates and seen.filled * seen.date_share > 0.2
    }
    for name, own in days.items():
        others = [day for other, day in days.items() if other != name]
        both = [((own < day).sum(), (own > day).sum()) for day in others]
        before, after = sum(pair[0] for pair in both), sum(pair[1] for pair in both)
        if before > 9 * after and before > 20:
            evidence.add("order_date", name, 0.3, "comes before the other dates of its row")
        elif after > 2 * before and after > 20:
            evidence.add("order_date", name, -0.4, "")


def constant_within(keys: pd.Series, values: pd.Series) -> float:
    """Return the share of keys with several rows that have one value only, nan without such keys.

    Examples
    --------
    >>> constant_within(pd.Series(["a", "a", "b", "b"]), pd.Series([1, 1, 2, 3]))
    0.5
    """
    use = keys.notna() & values.notna()
    group = values[use].groupby(keys[use].to_numpy())
    counts = group.agg(["size", "nunique"])
    several = counts[counts["size"] > 1]
    return float((several["nunique"] == 1).mean()) if len(several) else float("nan")


def weigh_orders(columns: dict[str, ColumnLook], ids: list[str], day: str | None, evidence: Evidence) -> None:
    """Look for order numbers: they hold several lines of one day.

    Parameters
    ----------
    columns : dict of str to ColumnLook
        All columns.
    ids : list of str
        Those that could name an order.
    day : str or None
        The column taken as order date.
    evidence : Evidence
        Points are added to it.
    """
    if day is None or columns[day].dates is None:
        return
    days = columns[day].dates.days  # type: ignore[union-attr]
    if days.nunique() < 2:
        return
    for name in ids:
        look = columns[name]
        one_day = constant_within(look.codes, days)
        lines = look.rows * look.filled / max(look.distinct, 1)
        if np.isnan(one_day):
            continue
        if one_day >= 0.97 and lines > 1.05:
            evidence.add("order_id", name, 0.25, f"{lines:.1f} lines each, of one day in {one_day:.1%}")
        elif one_day < 0.7:
            evidence.add("order_id", name, -0.4, "")
