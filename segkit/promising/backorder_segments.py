"""The segments of a backorder run: which lines each takes, by which strategy it treats them, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.conditions import never_decides, rows_that_meet
from segkit.core.errors import CoverageError, SettingsError, list_problems, nearest_name
from segkit.core.offenders import first_offenders
from segkit.formulas.backorders import FALLBACKS, STRATEGIES

_SUBJECT = "segments of the backorder run cannot be used"
_WAYS = {"": 1, "asc": 1, "desc": -1}


@dataclass(frozen=True)
class BackorderSegment:
    """Order lines that a backorder run treats alike, in the order of ``sort``.

    ``where`` is an SQL condition over the columns of the order lines and confirmed_before [units]. ``strategy``: win =
    fully confirmed on the requested day, else an exception; gain = never worse, better where it can be, an exception
    where its supply is gone; improve = gain without an exception; redistribute = better, equal or worse; fill = never
    better, keeps what it can; lose = loses all; skip = untouched. ``fallback`` (improve, redistribute, fill or lose)
    treats a line of win or gain that has an exception. ``sort`` names columns, the first counts most, each followed by
    ``desc`` where the largest or latest comes first; what ties comes by order_date, order_id, line_id.
    """

    strategy: str = "improve"
    where: str = "true"
    sort: tuple[str, ...] = ()
    fallback: str = "improve"


@dataclass(frozen=True)
class SegmentWords:
    """How errors speak of segments: where they stand, and how one is added that takes every line."""

    where: str
    add_last: str


PYTHON = SegmentWords(
    "segments.",
    "Add a last segment that meets all, for example BackorderSegment('skip') to leave the others untouched.",
)
TOML = SegmentWords(
    "promising.backorders.",
    "Add a last segment to segkit.toml, without where so that it meets all:\n[promising.backorders.others]\n"
    'strategy = "skip"   # leaves the other lines untouched',
)


def require_segments(segments: Mapping[str, BackorderSegment], columns: list[str], words: SegmentWords) -> None:
    """Raise a SettingsError that names every segment with an unknown strategy, fallback or sort order.

    Parameters
    ----------
    segments : mapping of str to BackorderSegment
        In the order of the run.
    columns : list of str
        Columns by which lines can be sorted.
    words : SegmentWords
        How errors speak.
    """
    problems = [] if segments else ["there are none"]
    for short, segment in segments.items():
        name = f"{words.where}{short}"
        if segment.strategy not in STRATEGIES:
            problems.append(f"{name}: strategy {segment.strategy!r}{nearest_name(segment.strategy, list(STRATEGIES))}")
        if segment.fallback not in FALLBACKS:
            problems.append(f"{name}: fallback {segment.fallback!r}; known: {', '.join(FALLBACKS)}")
        if isinstance(segment.sort, str):
            problems.append(f"{name}: sort is a text; give a tuple, for example ({segment.sort!r},)")
        else:
            problems += [f"{name}: {problem}" for problem in sort_problems(segment.sort, columns)]
    if problems:
        raise SettingsError(list_problems(_SUBJECT, problems))


def sort_problems(sort: tuple[str, ...], columns: list[str]) -> list[str]:
    """Return what is wrong with sort orders.

    Examples
    --------
    >>> sort_problems(("margin down", "quantity desc"), ["margin", "quantity"])
    ["sort 'margin down'; write 'margin', or 'margin desc' for largest first"]
    """
    problems = []
    for order in sort:
        column, _, way = order.partition(" ")
        if column not in columns:
            problems.append(f"sort {order!r}{nearest_name(column, columns)}")
        elif way.strip().lower() not in _WAYS:
            problems.append(f"sort {order!r}; write {column!r}, or {f'{column} desc'!r} for largest first")
    return problems


def choose_segments(
    lines: pd.DataFrame, segments: Mapping[str, BackorderSegment], words: SegmentWords
) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each line's segment, and which lines (rows) meet which segments (columns).

    Parameters
    ----------
    lines : DataFrame
        Order lines with all that conditions may name.
    segments : mapping of str to BackorderSegment
        The first that a line meets takes it.
    words : SegmentWords
        How errors speak.

    Raises
    ------
    SettingsError
        Conditions are no SQL, or name columns that are not there: all of them at once.
    CoverageError
        Lines that no segment takes.
    """
    found = rows_that_meet(lines, {f"{words.where}{name}.where": segment.where for name, segment in segments.items()})
    met = np.column_stack(list(found.values()))
    bare = ~met.any(axis=1)
    if bare.any():
        problem = f"{int(bare.sum()):,} of {len(lines):,} lines meet no segment, first: {first_offenders(lines[bare])}"
        raise CoverageError(
            list_problems("the backorder run leaves order lines without a strategy", [problem], [words.add_last])
        )
    return met.argmax(axis=1), met


def order_of_run(lines: pd.DataFrame, chosen: np.ndarray, segments: Mapping[str, BackorderSegment]) -> np.ndarray:
    """Return the lines in the order of the run: by segment, its sort orders, order_date, then as they stand.

    Parameters
    ----------
    lines : DataFrame
        Sorted by order_id and line_id.
    chosen : ndarray
        Place of each line's segment.
    segments : mapping of str to BackorderSegment
        In the order of the run.

    Examples
    --------
    >>> lines = pd.DataFrame({"margin": [1.0, 5.0, None], "order_date": pd.to_datetime(["2025-01-01"] * 3)})
    >>> order_of_run(lines, np.zeros(3, dtype=int), {"all": BackorderSegment(sort=("margin desc",))}).tolist()
    [1, 0, 2]
    """
    parts = []
    for place, segment in enumerate(segments.values()):
        rows = np.flatnonzero(chosen == place)
        own = lines.iloc[rows]
        keys = [sort_key(own[order.partition(" ")[0]], order) for order in segment.sort]
        parts.append(rows[np.lexsort([sort_key(own["order_date"], ""), *keys[::-1]])])
    return np.concatenate(parts)


def sort_key(cells: pd.Series, order: str) -> np.ndarray:
    """Return numbers that sort as the cells do, the largest first where the order ends in desc, missing last."""
    way = _WAYS[order.partition(" ")[2].strip().lower()]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(cells):
        values = np.where(cells.isna(), np.nan, cells.to_numpy(dtype="datetime64[us]").astype("int64").astype(float))
    elif pd.api.types.is_numeric_dtype(cells):
        values = cells.to_numpy(dtype=float, na_value=np.nan)
    else:
        codes, _ = pd.factorize(cells, sort=True)
        values = np.where(codes < 0, np.nan, codes)
    return np.where(np.isnan(values), np.inf, way * values)


def count_segments(met: np.ndarray, chosen: np.ndarray, segments: Mapping[str, BackorderSegment]) -> pd.DataFrame:
    """Return per segment how many lines meet it, how many it takes, what shadows it, and why it takes none."""
    names = list(segments)
    dead = never_decides({name: segment.where for name, segment in segments.items()})
    rows = []
    for place, (name, segment) in enumerate(segments.items()):
        counts = np.bincount(chosen[met[:, place]], minlength=len(names))
        earlier = ", ".join(f"{names[other]} {counts[other]:,}" for other in range(place) if counts[other])
        matched, won = int(counts.sum()), int(counts[place])
        problem = "" if won else "takes nothing now: always met by earlier segments" if matched else "meets nothing now"
        told = {"rank": place + 1, "segment": name, "where": segment.where, "strategy": segment.strategy}
        told |= {"fallback": segment.fallback if segment.strategy in ("win", "gain") else ""}
        told |= {"sort_order": ", ".join(segment.sort), "matched": matched, "won": won, "shadowed_by": earlier}
        rows.append({**told, "problem": dead.get(name, problem)})
    return pd.DataFrame(rows)
