"""The backorder run: what open orders would hold of scarce supply if it were confirmed anew by segment; a dry run."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.tables import sort_rows
from segkit.formulas.backorders import (
    CHANGES,
    STRATEGIES,
    BackorderConfirmations,
    OpenLines,
    backorder_confirmations,
)
from segkit.promising.backorder_inputs import KEY, PLACE, BackorderBook, lateness_limit, read_book, whole_days
from segkit.promising.backorder_segments import (
    PYTHON,
    BackorderSegment,
    SegmentWords,
    choose_segments,
    count_segments,
    order_of_run,
    require_segments,
)
from segkit.promising.backorder_words import tell_reasons
from segkit.promising.given_tables import plain_tables
from segkit.promising.held_elsewhere import give_back, move_back, still_lent

_UNITS = ("on_time", "late", "unconfirmed")


@dataclass(frozen=True)
class BackorderRun:
    """A backorder run before anything is written back: it is for a person to approve.

    ``lines``: table ``backorder_run``, each line before and after; ``segments``: table ``backorder_segments``;
    ``confirmations``: table ``backorder_confirmations``, what lines hold after; ``transfers``: table
    ``backorder_transfers``, who gave what to whom.
    """

    lines: pd.DataFrame
    segments: pd.DataFrame
    confirmations: pd.DataFrame
    transfers: pd.DataFrame


def run_backorders(
    orders: pd.DataFrame,
    confirmations: pd.DataFrame,
    supply: pd.DataFrame,
    *,
    segments: Mapping[str, BackorderSegment],
) -> BackorderRun:
    """Return what open order lines would hold if supply were confirmed anew, segment after segment.

    Parameters
    ----------
    orders : DataFrame
        Open order lines: order_id, line_id, order_date, requested_date, item_id, location_id, quantity [units]; any
        other column may serve segments to choose and sort. ``max_lateness_days`` (blank = any) and ``delivery``
        (partial, complete, split into deliveries of at least ``split_minimum``; blank = partial) are kept to.
    confirmations : DataFrame
        What lines hold now, as `promise_orders` traces it: order_id, line_id, available_date of the supply, quantity
        [units]; several rows of one day are added up. It may exceed the supply, as where a receipt was cancelled. What
        is made to order (available_date blank), or from another supply_item_id or supply_location_id, counts as supply
        of the line's own place on promised_date; other lines there may get it like any other. What came from another
        place and no line takes is there again for the lines of that place.
    supply : DataFrame
        All supply, what is confirmed included: item_id, location_id, available_date, quantity [units].
    segments : mapping of str to BackorderSegment
        In the order of the run; a line belongs to the first whose condition it meets.

    Returns
    -------
    BackorderRun
        Tables before and after; the inputs are as they were, and nothing is written back.

    Raises
    ------
    SettingsError
        Segments have an unknown strategy, fallback, sort order or condition.
    CoverageError
        Lines that no segment takes.
    DataError
        Tables lack columns, name unknown order lines, repeat lines, or hold no amounts or dates.

    Notes
    -----
    See `segkit.formulas.backorders` for what each strategy promises. What skip, gain and improve hold is safe from
    every other line while its supply is there; so a win line takes from redistribute, fill and lose only, and has an
    exception where that is not enough. All columns of quotas form one pool.

    What came from another place and nobody there takes any more goes back, and the run is made again: the lines of that
    place may then free what they hold from a third one, and so on, until nothing from elsewhere is unused. What went
    back is not lent again, so that this ends; it takes at most as many rounds as there are pairs of places and days
    between which lines hold something.

    Examples
    --------
    >>> day, place = pd.Timestamp("2025-06-02"), {"item_id": "SKU-1", "location_id": "DC"}
    >>> line = {"order_date": day, "requested_date": day, **place, "quantity": 8.0}
    >>> orders = pd.DataFrame([{"order_id": name, "line_id": "1", **line} for name in ("A", "B")])
    >>> held = pd.DataFrame({"order_id": ["A"], "line_id": ["1"], "available_date": [day], "quantity": [8.0]})
    >>> supply = pd.DataFrame([{**place, "available_date": day, "quantity": 10.0}])
    >>> rules = {"key": BackorderSegment("win", "order_id = 'B'"), "rest": BackorderSegment("redistribute")}
    >>> run_backorders(orders, held, supply, segments=rules).lines["reason"].tolist()
    ['redistribute; gives 6 to B/1 (key)', 'win; takes 6 from A/1 (rest); takes 2 held by nobody']
    """
    return confirm_anew(orders, confirmations, supply, segments, PYTHON)


def confirm_anew(
    orders: pd.DataFrame,
    confirmations: pd.DataFrame,
    supply: pd.DataFrame,
    segments: Mapping[str, BackorderSegment],
    words: SegmentWords,
) -> BackorderRun:
    """Return a backorder run as `run_backorders` does, its errors in the words of who states the segments."""
    tables = {"orders": orders, "confirmations": confirmations, "supply": supply}
    plain = plain_tables("backorders cannot be run", tables, numbers=("quantity", "max_lateness_days", "split_minimum"))
    require_segments(segments, [*orders.columns, "confirmed_before"], words)
    book = read_book(plain["orders"], plain["confirmations"], plain["supply"])
    if book.lines.empty:
        return BackorderRun(
            *(empty_table(f"backorder_{name}") for name in ("run", "segments", "confirmations", "transfers"))
        )
    lines = book.lines
    held = np.bincount(np.asarray(book.held.line), book.held.quantity, len(lines))
    lines = lines.assign(confirmed_before=held)
    chosen, met = choose_segments(lines, segments, words)
    names = pd.Series(list(segments), dtype="str")
    strategies = [segment.strategy for segment in segments.values()]
    lines = lines.assign(
        segment=names.take(chosen).to_numpy(), strategy=pd.Series(strategies, dtype="str").take(chosen).to_numpy()
    )
    made = _run(book, lines, chosen, segments)
    lent, moved = book.lent, list[pd.DataFrame]()
    for _ in range(len(lent)):
        back = give_back(lent, _freed(book, made))
        if back.empty:
            break
        lent = still_lent(lent, back)
        moved.append(move_back(back))
        book = read_book(plain["orders"], plain["confirmations"], plain["supply"], pd.concat(moved))
        made = _run(book, lines, chosen, segments)
    table = _list_lines(lines, book, made)
    summary = _sum_segments(table, count_segments(met, chosen, segments))
    return BackorderRun(table, summary, _list_confirmations(lines, book, made), _list_transfers(lines, book, made))


def _run(
    book: BackorderBook, lines: pd.DataFrame, chosen: np.ndarray, segments: Mapping[str, BackorderSegment]
) -> BackorderConfirmations:
    """Return the run on arrays, its lines numbered as in the book."""
    order = order_of_run(lines, chosen, segments)
    place_of = np.empty(len(order), dtype=np.int64)
    place_of[order] = np.arange(len(order))
    codes = [
        np.array([STRATEGIES.index(getattr(segment, name)) for segment in segments.values()])[chosen]
        for name in ("strategy", "fallback")
    ]
    given = (
        book.place, whole_days(lines, "requested_date"), lines["quantity"].to_numpy(dtype=float), *codes,
        lateness_limit(lines), *_least_deliveries(lines),
    )  # fmt: skip
    held = type(book.held)(place_of[np.asarray(book.held.line)], book.held.bucket, book.held.quantity)
    made = backorder_confirmations(OpenLines(*(values[order] for values in given)), book.supply, held)
    back = {name: getattr(made, name)[place_of] for name in ("treated", "exception", "change", "before", "after")}
    sides = {side: _renumbered(getattr(made, side), order) for side in ("giver", "taker")}
    after = type(made.held)(order[np.asarray(made.held.line)], made.held.bucket, made.held.quantity)
    return BackorderConfirmations(held=after, **back, **sides, moved_bucket=made.moved_bucket, moved=made.moved)


def _freed(book: BackorderBook, made: BackorderConfirmations) -> pd.DataFrame:
    """Return what nobody holds of each bucket after the run: as much of what came from elsewhere can go back."""
    units = np.asarray(book.supply.quantity)
    free = units - np.bincount(np.asarray(made.held.bucket), np.asarray(made.held.quantity), len(book.buckets))
    return book.buckets.assign(quantity=free)[free > 1e-9 * units]


def _least_deliveries(lines: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return which lines go complete only, and the least delivery of the others."""
    if "delivery" not in lines:
        return np.zeros(len(lines), dtype=bool), np.zeros(len(lines))
    delivery, quantity = lines["delivery"].astype("str"), lines["quantity"].to_numpy(dtype=float)
    told = lines["split_minimum"] if "split_minimum" in lines else pd.Series(0.0, index=lines.index)
    least = np.where((delivery == "split").to_numpy(dtype=bool), told.to_numpy(dtype=float, na_value=0.0), 0.0)
    complete = (delivery == "complete").to_numpy(dtype=bool) | (least >= quantity)
    return complete, np.where(complete, 0.0, np.nan_to_num(least))


def _renumbered(line: np.ndarray, order: np.ndarray) -> np.ndarray:
    return np.where(line >= 0, order[np.maximum(line, 0)], line)


def _list_lines(lines: pd.DataFrame, book: BackorderBook, made: BackorderConfirmations) -> pd.DataFrame:
    """Return ``backorder_run``."""
    kinds = empty_table("backorder_run").dtypes
    asked, quantity = lines["requested_date"], lines["quantity"].to_numpy(dtype=float)
    table = lines.reindex(columns=list(kinds.index))
    days = np.append(book.buckets["available_date"].to_numpy(dtype="datetime64[us]"), np.datetime64("NaT"))
    for side, figures in (("before", made.before), ("after", made.after)):
        on_time, total, last = figures.T
        day = pd.Series(days[last.astype("int64")], lines.index)
        day = day.where(day.isna() | (day > asked), asked)
        table[f"confirmed_{side}"] = total
        table[f"on_time_{side}"] = on_time
        table[f"confirmed_date_{side}"] = day
        table[f"late_{side}_days"] = (day.dt.normalize() - asked.dt.normalize()).dt.days.astype(float)
        table[f"on_requested_{side}"] = on_time >= quantity * (1 - 1e-9)
    table["treated_as"] = np.array(STRATEGIES, dtype=object)[made.treated]
    table["outcome"] = np.array(CHANGES, dtype=object)[made.change]
    table["exception"] = made.exception
    table["reason"] = tell_reasons(lines, made).to_numpy()
    return table.astype(kinds.to_dict())


def _sum_segments(table: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Return ``backorder_segments``: what each segment asks for and gets, before and after."""
    kinds = empty_table("backorder_segments").dtypes
    place = pd.Index(counted["segment"]).get_indexer(table["segment"])
    sums = {"quantity": np.bincount(place, table["quantity"], len(counted))}
    for side in ("before", "after"):
        on_time, total = (
            np.bincount(place, table[f"{name}_{side}"], len(counted)) for name in ("on_time", "confirmed")
        )
        parts = (on_time, total - on_time, np.maximum(sums["quantity"] - total, 0.0))
        sums |= {f"{name}_{side}": part for name, part in zip(_UNITS, parts, strict=True)}
        sums[f"lines_on_requested_{side}"] = np.bincount(place, table[f"on_requested_{side}"], len(counted))
    for name in CHANGES:
        sums[f"lines_{name}"] = np.bincount(place, table["outcome"] == name, len(counted))
    sums["exceptions"] = np.bincount(place, table["exception"], len(counted))
    made = counted.assign(**sums)
    return made[list(kinds.index)].astype(kinds.to_dict())


def _list_confirmations(lines: pd.DataFrame, book: BackorderBook, made: BackorderConfirmations) -> pd.DataFrame:
    """Return ``backorder_confirmations``."""
    line, bucket = np.asarray(made.held.line), np.asarray(made.held.bucket)
    order = np.argsort(line * max(len(book.buckets), 1) + bucket, kind="stable")
    named = lines[[*KEY, *PLACE]].take(line[order]).reset_index(drop=True)
    days = book.buckets["available_date"].take(bucket[order]).to_numpy()
    table = named.assign(available_date=days, quantity=np.asarray(made.held.quantity)[order])
    kinds = empty_table("backorder_confirmations").dtypes
    return table[list(kinds.index)].astype(kinds.to_dict())


def _list_transfers(lines: pd.DataFrame, book: BackorderBook, made: BackorderConfirmations) -> pd.DataFrame:
    """Return ``backorder_transfers``."""
    table = book.buckets.take(made.moved_bucket).reset_index(drop=True)
    for side, line in (("from", made.giver), ("to", made.taker)):
        for name in KEY:
            cells = lines[name].astype("str").take(np.maximum(line, 0)).reset_index(drop=True)
            table[f"{side}_{name}"] = cells.where(line >= 0, "")
    kind = np.where(
        made.giver < 0, "free", np.where(made.taker == -2, "gone", np.where(made.taker < 0, "left", "taken"))
    )
    table = table.assign(quantity=made.moved, transfer=kind)
    kinds = empty_table("backorder_transfers").dtypes
    key = [name for name in kinds.index if name not in ("quantity", "transfer")]
    return sort_rows(table[list(kinds.index)].astype(kinds.to_dict()), key)
