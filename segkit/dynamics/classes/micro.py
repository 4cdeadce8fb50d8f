"""Micro-segments: customer segment x item segment x channel; cells too thin to act on are merged upward.

A cell with fewer lines or customers than the settings ask for first loses its channel: it joins the thin siblings of
its customer and item segment. What is still thin then loses the bands (value class of customer x value class of item),
then the items' side, and last joins (rest). A cell that is thick enough stays alone, so a pool takes only thin ones.
"""

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.core.segment_settings import MicroSegments
from segkit.dynamics.lines.values import total_by

OTHER = "(other)"
REST = "(rest)"
NO_CLASS = "(no class)"
_CELL = ["customer_segment", "item_segment", "channel"]
_CLASSES = ["customer_class", "item_class"]
_LEVELS = ("cell", "channels", "value", "customer", "all")


def mark_segments(
    lines: pd.DataFrame, customer_segments: pd.DataFrame, item_segments: pd.DataFrame, *, rules: MicroSegments
) -> pd.DataFrame:
    """Return order lines with the segment and the value class of their customer and of their item.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, or rows of it.
    customer_segments, item_segments : DataFrame
        Tables of those names.
    rules : MicroSegments
        Which column of each table is the segment: ``customers_by``, ``items_by``.

    Returns
    -------
    DataFrame
        ``lines`` in the same order with customer_segment, customer_class, item_segment and item_class, as categories.
        Lines without a customer are (unknown); customers and items without a class are (no class).

    Notes
    -----
    The class of a segment is the value class of most of its members; of equally many the first by name.
    """
    customer = _classed(lines["customer_id"], customer_segments, rules.customers_by)
    item = _classed(lines["item_id"], item_segments, rules.items_by)
    return lines.assign(
        customer_segment=customer[0], customer_class=customer[1], item_segment=item[0], item_class=item[1]
    )


def map_micro_segments(marked: pd.DataFrame, *, rules: MicroSegments) -> pd.DataFrame:
    """Return ``micro_map``: the micro-segment of every cell of the grid, and why.

    Parameters
    ----------
    marked : DataFrame
        Order lines from `mark_segments`.
    rules : MicroSegments
        ``min_lines`` [order lines that are demand] and ``min_customers`` below which a cell is merged upward. Customers
        are not counted where none is named.

    Returns
    -------
    DataFrame
        One row per customer segment, item segment and channel that has lines; every cell is in one micro-segment.
    """
    if marked.empty:
        return empty_table("micro_map")
    code, cells = _cells(marked)
    sold, customer, known = _demand(marked)
    cells["lines"] = np.bincount(code[sold], minlength=len(cells))
    buyers = _pairs(code[sold & known], customer[sold & known])
    cells["customers"] = np.bincount(buyers[0], minlength=len(cells))
    for name in ("revenue", "net_margin"):
        cells[name] = np.bincount(code, marked[name], len(cells))
    placed = _merge_upward(cells, buyers, rules)
    return placed[list(nomenclature()["micro_map"].columns)].sort_values(_CELL, ignore_index=True)


def assign_micro_segments(marked: pd.DataFrame, micro_map: pd.DataFrame) -> pd.DataFrame:
    """Return order lines with the micro-segment that each is in.

    Parameters
    ----------
    marked : DataFrame
        Order lines from `mark_segments`; of any span of time.
    micro_map : DataFrame
        Table ``micro_map``.

    Returns
    -------
    DataFrame
        ``marked`` in the same order with micro_segment, a category. A line of a cell that the map does not know goes to
        the narrowest pool that would take it: other channels, value classes, customer class, (rest).
    """
    code, cells = _cells(marked)
    known = micro_map.set_index(_CELL)["micro_segment"]
    found = known.reindex(pd.MultiIndex.from_frame(cells[_CELL])).to_numpy(dtype=object)
    found[pd.isna(found)] = _nearest_pools(cells[pd.isna(found)], set(known))
    names, place = np.unique(found.astype(str), return_inverse=True)
    return marked.assign(micro_segment=pd.Categorical.from_codes(place[code], pd.Index(names, dtype="str")))


def value_micro_segments(marked: pd.DataFrame, micro_map: pd.DataFrame) -> pd.DataFrame:
    """Return ``micro_segments``: what every micro-segment bought, cost to serve and earned.

    Parameters
    ----------
    marked : DataFrame
        Order lines from `mark_segments`.
    micro_map : DataFrame
        Table ``micro_map`` of the same lines.

    Returns
    -------
    DataFrame
        One row per micro-segment; sums over them equal the sums over the lines.
    """
    if marked.empty:
        return empty_table("micro_segments")
    lines = assign_micro_segments(marked, micro_map)
    counts = {"orders": "", "customers": "customer_id", "items": "item_id"}
    table = total_by(lines, "micro_segment", counts).merge(_parts(lines, micro_map), on="micro_segment")
    return table[list(nomenclature()["micro_segments"].columns)]


def _classed(ids: pd.Series, segments: pd.DataFrame, by: str) -> tuple[pd.Categorical, pd.Categorical]:
    """Return segment and value class of each row by its id."""
    key = str(ids.name)
    code, known = pd.factorize(ids)
    members = pd.Index(segments[key])
    segment, names = pd.factorize(_named(segments[by], members), sort=True)
    abc, classes = pd.factorize(_named(segments["abc"], members), sort=True)
    votes = np.bincount(segment * max(len(classes), 1) + abc, minlength=len(names) * len(classes))
    parent = classes.to_numpy()[votes.reshape(len(names), -1).argmax(axis=1)] if len(names) else np.array([], object)
    extra = pd.Index([name for name in (NO_CLASS, UNKNOWN_CUSTOMER) if name not in names], dtype="object")
    names, parents = names.append(extra), pd.Index([*parent, *extra], dtype="object")
    place = members.get_indexer(known)
    own = np.where(place >= 0, segment[place] if len(segment) else 0, names.get_loc(NO_CLASS))
    own = np.where(np.asarray(known == UNKNOWN_CUSTOMER), names.get_loc(UNKNOWN_CUSTOMER), own)[code]
    up, labels = pd.factorize(parents)
    return (
        pd.Categorical.from_codes(own, names).remove_unused_categories(),
        pd.Categorical.from_codes(up[own], labels).remove_unused_categories(),
    )


def _named(values: pd.Series, members: pd.Index) -> pd.Index:
    """Return segments with the blank ones named: (unknown) for lines without a customer, (no class) for the rest."""
    blank = (values.isna() | (values == "")).to_numpy(dtype=bool)
    named = np.where(blank, NO_CLASS, values.to_numpy(dtype=object))
    return pd.Index(np.where(np.asarray(members == UNKNOWN_CUSTOMER), UNKNOWN_CUSTOMER, named), dtype="object")


def _cells(marked: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the cell of each line, and the cells with their classes."""
    channel, channels = pd.factorize(marked["channel"])
    customer, item = marked["customer_segment"].cat, marked["item_segment"].cat
    pair = customer.codes.to_numpy().astype(np.int64) * len(item.categories) + item.codes.to_numpy()
    code, _ = pd.factorize(pair * max(len(channels), 1) + channel)
    cells = (
        marked.loc[~pd.Series(code).duplicated().to_numpy(), [*_CELL, *_CLASSES]]
        .astype("object")
        .reset_index(drop=True)
    )
    return code, cells


def _demand(marked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which lines are demand, the code of each line's customer, and whether that customer is named."""
    sold = ~(marked["is_return"] | marked["is_reversed"]).to_numpy(dtype=bool)
    customer, ids = pd.factorize(marked["customer_id"])
    named = np.asarray(ids != UNKNOWN_CUSTOMER, dtype=bool)
    return sold, customer, named[customer] if len(ids) else sold


def _pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct pairs of two codes."""
    place, others = pd.factorize(second)
    pairs = pd.unique(first * np.int64(max(len(others), 1)) + place)
    return pairs // max(len(others), 1), pairs % max(len(others), 1)


def _pools(cells: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the name of the pool of every cell at every level, narrowest first."""
    segments = cells["customer_segment"] + "/" + cells["item_segment"] + "/"
    classes = cells["customer_class"] + "/" + cells["item_class"] + "/"
    names = [
        segments + cells["channel"],
        segments + OTHER,
        classes + REST,
        cells["customer_class"] + f"/{REST}",
        pd.Series(REST, index=cells.index, dtype="object"),
    ]
    return dict(zip(_LEVELS, names, strict=True))


def _merge_upward(cells: pd.DataFrame, buyers: tuple[np.ndarray, np.ndarray], rules: MicroSegments) -> pd.DataFrame:
    """Return the cells with micro_segment, level and reason: each at the first level where it is not thin."""
    open_cells = np.ones(len(cells), dtype=bool)
    nameless = (cells["customer_class"] == UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
    placed = cells.assign(micro_segment="", level="")
    for level, pool in _pools(cells).items():
        code, names = pd.factorize(pool)
        lines = np.bincount(code, np.where(open_cells, cells["lines"], 0), len(names))
        inside = open_cells[buyers[0]]
        customers = np.bincount(_pairs(code[buyers[0][inside]], buyers[1][inside])[0], minlength=len(names))
        thick = (lines >= rules.min_lines)[code] & ((customers >= rules.min_customers)[code] | nameless)
        settled = open_cells & (thick | (level == _LEVELS[-1]))
        placed.loc[settled, "micro_segment"], placed.loc[settled, "level"] = pool[settled], level
        open_cells &= ~settled
    placed["reason"] = _reasons(placed, rules)
    text = [*_CELL, "micro_segment", "level", "reason"]
    return placed.astype(dict.fromkeys(text, "str"))


def _reasons(placed: pd.DataFrame, rules: MicroSegments) -> list[str]:
    columns = ("level", "lines", "customers", "customer_class", "item_class")
    return [_reason(*cell, rules=rules) for cell in zip(*(placed[name] for name in columns), strict=True)]


def _reason(level: str, lines: int, customers: int, customer: str, item: str, *, rules: MicroSegments) -> str:
    if level == "cell":
        return "enough to stand alone"
    short = []
    if lines < rules.min_lines:
        short.append(f"{_count(lines, 'line')}, fewer than {rules.min_lines:,}")
    if customers < rules.min_customers and customer != UNKNOWN_CUSTOMER:
        short.append(f"{_count(customers, 'customer')}, fewer than {rules.min_customers:,}")
    where = {
        "channels": "over channels",
        "value": f"by value class ({customer} x {item})",
        "customer": f"over all items of customer class {customer}",
        "all": "with all that is too thin elsewhere",
    }
    return f"{' and '.join(short)}: merged {where[level]}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _nearest_pools(cells: pd.DataFrame, known: set[str]) -> list[str]:
    """Return the narrowest known pool of every cell that the map does not name."""
    pools = list(zip(*list(_pools(cells).values())[1:], strict=True))
    return [next((name for name in names if name in known), REST) for names in pools]


def _parts(lines: pd.DataFrame, micro_map: pd.DataFrame) -> pd.DataFrame:
    """Return micro_segment, level, merged_cells and the three parts of its name."""
    first = lines[~lines["micro_segment"].duplicated()]
    parts = first[["micro_segment", *_CELL, *_CLASSES]].astype("object").set_index("micro_segment")
    known = micro_map.groupby("micro_segment")
    parts["level"], parts["merged_cells"] = known["level"].first(), known.size()
    classes, merged = parts["level"].isin(["value", "customer"]), parts["level"] != "cell"
    parts.loc[classes, ["customer_segment", "item_segment"]] = parts.loc[classes, _CLASSES].to_numpy()
    parts.loc[merged, "channel"] = np.where(parts.loc[merged, "level"] == "channels", OTHER, REST)
    parts.loc[parts["level"].isin(["customer", "all"]), "item_segment"] = REST
    parts.loc[parts["level"] == "all", "customer_segment"] = REST
    table = parts.reset_index().drop(columns=_CLASSES)
    return table.astype(dict.fromkeys(["micro_segment", *_CELL, "level"], "str"))
