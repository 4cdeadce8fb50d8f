"""The backorder run: scarce supply confirmed anew for open order lines, each by the strategy of its segment.

A unit counts for a line on the day it is available, or on the requested day where that is later. So a line is never
worse off where, by every day, no less of it is confirmed than before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

STRATEGIES = ("win", "gain", "improve", "redistribute", "fill", "lose", "skip")
WIN, GAIN, IMPROVE, REDISTRIBUTE, FILL, LOSE, SKIP = range(len(STRATEGIES))
FALLBACKS = ("improve", "redistribute", "fill", "lose")
CHANGES = ("equal", "better", "worse", "lost", "mixed")


@dataclass(frozen=True)
class OpenLines:
    """Open order lines in the order of the run, those first that are served first; one value per line.

    ``place`` numbers item-locations from 0. ``requested`` and ``latest`` are days: nothing new is confirmed after
    ``latest``. ``complete`` lines are confirmed in full or not at all; others in deliveries of at least ``minimum``,
    what completes a line may be less [units]. ``strategy`` and ``fallback`` are places in STRATEGIES; fallback must be
    one of FALLBACKS.
    """

    place: ArrayLike
    requested: ArrayLike
    quantity: ArrayLike
    strategy: ArrayLike
    fallback: ArrayLike = IMPROVE
    latest: ArrayLike = np.inf
    complete: ArrayLike = False
    minimum: ArrayLike = 0.0


@dataclass(frozen=True)
class DatedSupply:
    """Supply sorted by place and day, each pair once: ``place``, ``available`` [day], ``quantity`` [units]."""

    place: ArrayLike
    available: ArrayLike
    quantity: ArrayLike


@dataclass(frozen=True)
class HeldSupply:
    """What lines hold of which bucket, each pair once: ``line``, ``bucket`` (their places), ``quantity`` [units]."""

    line: ArrayLike
    bucket: ArrayLike
    quantity: ArrayLike


@dataclass(frozen=True)
class BackorderConfirmations:
    """What a run gives: ``held`` anew, and of every line how it was treated and how it fares.

    ``treated`` is the strategy in the end, ``exception`` tells where what the strategy demands could not be had,
    ``change`` is a place in CHANGES. ``before`` and ``after`` are [lines, 3]: units on time, units in all, last bucket
    (-1 = none). Transfers, one a row: ``moved_bucket``, ``giver`` and ``taker`` (lines; as taker -2 = the supply is
    gone; -1 = nobody: supply that was free or stays free), ``moved`` [units].
    """

    held: HeldSupply
    treated: np.ndarray
    exception: np.ndarray
    change: np.ndarray
    before: np.ndarray
    after: np.ndarray
    moved_bucket: np.ndarray
    giver: np.ndarray
    taker: np.ndarray
    moved: np.ndarray


def backorder_confirmations(lines: OpenLines, supply: DatedSupply, held: HeldSupply) -> BackorderConfirmations:
    """Return how supply is confirmed anew, line after line.

    Parameters
    ----------
    lines : OpenLines
        In the order of the run.
    supply : DatedSupply
        All supply, what the lines hold included.
    held : HeldSupply
        Confirmations before the run; they may exceed the supply.

    Returns
    -------
    BackorderConfirmations
        Never more than the supply of a bucket, nor more than a line's quantity (except what skip holds beyond it).

    Raises
    ------
    ValueError
        Where an input is out of range or shapes do not fit.

    Notes
    -----
    First, lines of skip keep their own buckets. Then what lines of gain and improve hold (and of win, where improve is
    its fallback) is set aside for them, in the order of the run: no other line can take it, whatever its strategy.
    Then each line takes in its turn what is left, with what was set aside for it:

    - win: the whole quantity on time, else an exception;
    - gain, improve, redistribute: as much as can be on time, then day by day as early as can be; for gain it is an
      exception where the supply of what it held is gone;
    - fill: as much as it can of what it holds, by no day more than before;
    - lose: nothing;
    - skip: what it holds; an exception where its supply is gone.

    A line with an exception of win or gain is treated by its fallback, in the same turn. A line gets the most that the
    lines before it, and what is set aside, allow by any day; of that, a line with a ``minimum`` gives back what never
    makes up a delivery, unless it holds more. Last, lines stay in the buckets they hold as far as
    nobody fares worse by it. The same run on its own result changes nothing, unless a gain had to fall back on fill
    or lose.

    References
    ----------
    Strategies as in SAP S/4HANA advanced available-to-promise, backorder processing: A. Krause, Confirmation
    strategies in backorder processing, SAP Community. That what gain and improve hold is safe from win is our rule.

    Examples
    --------
    >>> lines = OpenLines([0, 0], requested=[1, 1], quantity=[5, 5], strategy=[0, 3])
    >>> got = backorder_confirmations(lines, DatedSupply([0, 0], [1, 3], [6, 2]), HeldSupply([1], [0], [5]))
    >>> got.held.line.tolist(), got.held.bucket.tolist(), got.held.quantity.tolist()
    ([0, 1, 1], [0, 0, 1], [5.0, 1.0, 2.0])
    """
    from segkit.formulas import backorder_kernels as kernels
    from segkit.formulas.backorder_moves import match_places

    checked = _checked_lines(lines)
    place, requested, quantity, strategy, fallback, latest, minimum, complete = checked
    at, day, units = _checked_supply(supply)
    places = int(max(place.max(initial=-1), at.max(initial=-1))) + 1
    order = np.argsort(place, kind="stable")
    line_begin = np.searchsorted(place[order], np.arange(places + 1))
    bucket_begin = np.searchsorted(at, np.arange(places + 1))
    on = _buckets_until(requested, place, day, bucket_begin)
    end = np.maximum(_buckets_until(latest, place, day, bucket_begin), on)
    begin, old, amount = _checked_held(held, place, at, order, bucket_begin)
    ordered = tuple(values[order] for values in (on, end, quantity, complete, strategy, fallback, minimum))
    made = kernels.run_places(line_begin, bucket_begin, units, ordered, (begin, old, amount))
    starts, bucket, given, *by_line, changes = made
    gave, moved = match_places(bucket_begin, *changes)
    treated, exception, change, figures = (_unsorted(values, order) for values in by_line)
    for last in (2, 5):
        none = figures[:, last] < 0
        figures[:, last] = np.where(none, -1, figures[:, last] + bucket_begin[place])
    return BackorderConfirmations(
        HeldSupply(order[np.repeat(np.arange(len(order)), np.diff(starts))], bucket, given),
        treated, exception, change, figures[:, :3], figures[:, 3:],
        gave[:, 0], _line_of(gave[:, 1], order), _line_of(gave[:, 2], order), moved,
    )  # fmt: skip


def _checked_lines(lines: OpenLines) -> list[np.ndarray]:
    place = np.asarray(lines.place, dtype=np.int64)
    _require(place.ndim == 1 and place.min(initial=0) >= 0, "place is one number per line, from 0")
    kinds = {"requested": float, "quantity": float, "strategy": np.int8, "fallback": np.int8, "latest": float}
    kinds |= {"minimum": float}
    found = [np.broadcast_to(np.asarray(getattr(lines, name), kind), place.shape) for name, kind in kinds.items()]
    requested, quantity, strategy, fallback, latest, minimum = found
    _require(np.isfinite(requested).all() and not np.isnan(latest).any(), "requested or latest is no day somewhere")
    _require((np.isfinite(quantity) & (quantity > 0)).all(), "quantity must be above 0")
    _require((minimum >= 0).all(), "minimum must be at least 0")
    _require(np.isin(strategy, np.arange(len(STRATEGIES))).all(), "strategy is none of STRATEGIES somewhere")
    _require(np.isin(fallback, [STRATEGIES.index(name) for name in FALLBACKS]).all(), "fallback is none of FALLBACKS")
    return [place, *found, np.broadcast_to(np.asarray(lines.complete, bool), place.shape)]


def _checked_supply(supply: DatedSupply) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    place = np.asarray(supply.place, dtype=np.int64)
    day, units = np.asarray(supply.available, dtype=float), np.asarray(supply.quantity, dtype=float)
    _require(place.shape == day.shape == units.shape and place.ndim == 1, "shapes of the supply do not fit")
    rises = (np.diff(place) > 0) | ((np.diff(place) == 0) & (np.diff(day) > 0))
    _require(rises.all() and place.min(initial=0) >= 0, "supply must be sorted by place and day, each day once")
    _require((np.isfinite(units) & (units >= 0)).all(), "supply must be at least 0")
    return place, day, units


def _checked_held(
    held: HeldSupply, place: np.ndarray, at: np.ndarray, order: np.ndarray, bucket_begin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each line's rows begin, lines in ``order``, and bucket within the place and quantity of each."""
    line, bucket = np.asarray(held.line, dtype=np.int64), np.asarray(held.bucket, dtype=np.int64)
    amount = np.asarray(held.quantity, dtype=float)
    _require(line.shape == bucket.shape == amount.shape and line.ndim == 1, "shapes of what is held do not fit")
    inside = (line >= 0) & (line < len(place)) & (bucket >= 0) & (bucket < len(at))
    _require(inside.all() and (place[line] == at[bucket]).all(), "a line holds supply of another place, or of none")
    _require((np.isfinite(amount) & (amount >= 0)).all(), "what is held must be at least 0")
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order))
    rows = np.argsort(turn[line] * max(len(at), 1) + bucket, kind="stable")
    line, bucket = turn[line][rows], bucket[rows]
    _require(not ((np.diff(line) == 0) & (np.diff(bucket) == 0)).any(), "a line holds the same bucket twice")
    return np.searchsorted(line, np.arange(len(order) + 1)), bucket - bucket_begin[at[bucket]], amount[rows]


def _buckets_until(days: np.ndarray, place: np.ndarray, day: np.ndarray, bucket_begin: np.ndarray) -> np.ndarray:
    """Return per line how many buckets of its place are available by a day."""
    from segkit.formulas.backorder_kernels import count_until

    return count_until(np.ascontiguousarray(days), place, day, bucket_begin)


def _unsorted(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    made = np.empty_like(values)
    made[order] = values
    return made


def _line_of(places: np.ndarray, order: np.ndarray) -> np.ndarray:
    made = places.copy()
    made[places >= 0] = order[places[places >= 0]]
    return made


def _require(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
