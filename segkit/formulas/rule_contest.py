"""An order book replayed under one rule of rationing: who is served of a supply that is short, on time or late.

Each rule sees a line when it arrives and what was known then. Units are divisible down to one (or further, where
quantities are not whole): a line may be served in part, and what is left of it waits.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from segkit.formulas.demand_distributions import Gamma
from segkit.formulas.replay_inputs import require

_LEAST_CV = 1e-3  # of demand that is expected without any doubt
_SURE = 0.999  # demand above this quantile is not planned for


@dataclass(frozen=True)
class ContestBook:
    """Lines of every place in order of arrival, and its receipts; times in days from the first bucket.

    ``begin`` (places + 1,) says where the lines of a place begin. Of a line: ``arrival``, ``requested`` (a whole day),
    ``quantity`` [units], ``rank`` of its class (0 = best), ``margin``, ``lost_cost`` and ``late_cost`` (goodwill of a
    unit lost [currency], and of a unit late by a day [currency/day]). ``supply`` (places, buckets) becomes available
    at ``bucket_day``, whose last entry is the end (buckets + 1,). A unit may be up to ``max_lateness_days`` late.
    """

    begin: np.ndarray
    arrival: np.ndarray
    requested: np.ndarray
    quantity: np.ndarray
    rank: np.ndarray
    margin: np.ndarray
    lost_cost: np.ndarray
    late_cost: np.ndarray
    supply: np.ndarray
    bucket_day: np.ndarray
    max_lateness_days: float

    def __post_init__(self) -> None:
        require((np.diff(self.bucket_day) > 0).all(), "buckets do not follow one another in time")
        require((self.supply >= 0).all() and (self.quantity >= 0).all(), "supply or a quantity is below 0")
        require((self.arrival >= self.bucket_day[0]).all(), "a line arrives before the first bucket")
        later = np.diff(self.arrival) >= 0
        later[self.begin[1:-1][(self.begin[1:-1] > 0) & (self.begin[1:-1] < self.arrival.size)] - 1] = True
        require(later.all(), "lines of a place are not in order of arrival")

    @property
    def worth(self) -> np.ndarray:
        """Margin and spared goodwill of a unit that is served and not lost [currency]."""
        return self.margin + self.lost_cost

    @property
    def place(self) -> np.ndarray:
        """Place of every line."""
        return np.repeat(np.arange(self.begin.size - 1), np.diff(self.begin))

    @property
    def bucket(self) -> np.ndarray:
        """Bucket in which a line arrives: the last that begins at or before it."""
        return np.searchsorted(self.bucket_day[:-1], self.arrival, side="right") - 1

    @property
    def is_whole(self) -> bool:
        """Whether lines and receipts count whole units."""
        return bool((self.quantity % 1 == 0).all() and (self.supply % 1 == 0).all())


@dataclass(frozen=True)
class Served:
    """What became of the lines.

    Each (lines,): units ``on_time``, units ``late``, and the sum over units of days late. By the bucket of delivery and
    the class (buckets, classes): ``margin_delivered``, and ``worth_delivered`` = margin and spared goodwill less that
    of lateness [currency]; a loss counts from the order on, so that rules differ by what they deliver in a bucket.
    """

    on_time: np.ndarray
    late: np.ndarray
    late_unit_days: np.ndarray
    margin_delivered: np.ndarray
    worth_delivered: np.ndarray

    def contribution(self, book: ContestBook) -> np.ndarray:
        """Return margin less goodwill of what was late or lost, by line [currency]."""
        return self.margin(book) - self.goodwill(book)

    def margin(self, book: ContestBook) -> np.ndarray:
        """Return the margin of what was served, by line [currency]."""
        return (self.on_time + self.late) * book.margin

    def goodwill(self, book: ContestBook) -> np.ndarray:
        """Return what lateness and loss cost, by line [currency]."""
        lost = np.maximum(book.quantity - self.on_time - self.late, 0.0)
        return lost * book.lost_cost + self.late_unit_days * book.late_cost


def serve_first_come(book: ContestBook) -> Served:
    """Return what is served where whoever asks first is served first; what waits the longest goes before all else.

    Examples
    --------
    >>> one = [0.0, 0.0]
    >>> book = ContestBook(np.array([0, 2]), np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([3.0, 3.0]),
    ...                    np.array([1, 0]), np.array([1.0, 2.0]), np.array(one), np.array(one),
    ...                    np.array([[4.0]]), np.array([0.0, 7.0]), 0.0)
    >>> serve_first_come(book).on_time.tolist()
    [3.0, 1.0]
    """
    from segkit.formulas.rule_contest_kernels import FIRST_COME

    return _replay(book, FIRST_COME, _nothing(book), np.zeros(book.rank.size))


def serve_new_first(book: ContestBook, expected: np.ndarray) -> Served:
    """Return what is served where new orders come first, whoever they are of, and what waits is given the rest.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    expected : ndarray
        Shape (places, buckets, classes): demand expected from the bucket to the next [units]; what waits is served, the
        oldest first, of what is on hand above all of it.
    """
    from segkit.formulas.rule_contest_kernels import FIRST_COME

    held = np.broadcast_to(expected.sum(axis=2, keepdims=True), expected.shape)
    return _replay(book, FIRST_COME, expected, np.zeros(book.rank.size), held=held)


def serve_by_quotas(book: ContestBook, expected: np.ndarray) -> Served:
    """Return what is served where every receipt is split into quotas, used by their class only.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    expected : ndarray
        Shape (places, buckets, classes): demand expected from the bucket to the next [units]. At a receipt every
        class, the best first, is given what waits and what is expected of it; what is over is a pool for all.
    """
    from segkit.formulas.rule_contest_kernels import QUOTAS

    return _replay(book, QUOTAS, expected, book.rank)


class Claims(NamedTuple):
    """What may be asked for, the dearest first, each (places, buckets, claims).

    ``cls`` (class) asks for ``width`` units [units], which are worth ``value`` each, times their chance [currency].
    """

    cls: np.ndarray
    width: np.ndarray
    value: np.ndarray


def order_claims(
    expected: np.ndarray, deviation: np.ndarray, worth: np.ndarray, *, steps: int = 10, unit: float = 0.0
) -> Claims:
    """Return demand of every class in steps of falling chance (that of their middle), for `serve_by_margin_quotas`.

    Parameters
    ----------
    expected, deviation : ndarray
        Shape (places, buckets, classes): demand from the bucket to the next, gamma [units].
    worth : ndarray
        Same shape: of a unit served [currency].
    steps : int
        By which the demand of a class is told.
    unit : float
        Smallest piece; 0 = any amount [units].

    Examples
    --------
    >>> made = order_claims(np.array([[[4.0, 9.0]]]), np.array([[[2.0, 3.0]]]), np.array([[[10.0, 5.0]]]), steps=2)
    >>> made.cls[0, 0].tolist()
    [0, 1, 0, 1]
    """
    at = np.nonzero((expected > 0) & (worth > 0))
    demand = Gamma(expected[at], np.maximum(deviation[at], _LEAST_CV * expected[at]))
    shares = np.append(np.arange(steps) / steps, _SURE)
    edges = np.stack([demand.quantile(np.full(len(at[0]), share)) if share else 0.0 * demand.mean for share in shares])
    edges = np.ceil(edges / unit - 1e-9) * unit if unit > 0 else edges
    width, chance = np.zeros((2, *expected.shape, steps))
    width[at] = np.diff(edges, axis=0).T
    chance[at] = np.stack([1.0 - demand.at_most(middle) for middle in 0.5 * (edges[1:] + edges[:-1])], axis=-1)
    value = chance * np.maximum(worth, 0.0)[..., None]
    flat = [one.reshape(*expected.shape[:2], -1) for one in (width, value)]
    cls = np.broadcast_to(np.arange(expected.shape[2])[:, None], (expected.shape[2], steps)).reshape(-1)
    order = np.argsort(-flat[1], axis=-1, kind="stable")
    width, value = (np.take_along_axis(one, order, axis=-1) for one in flat)
    return Claims(cls[order], width, value)


def serve_by_margin_quotas(book: ContestBook, claims: Claims, worth: np.ndarray) -> Served:
    """Return what is served where every receipt is split into quotas that are expected to earn most.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    claims : Claims
        Demand from each bucket to the next, from `order_claims`.
    worth : ndarray
        Shape (places, buckets, classes): what a unit of the class is expected to be worth [currency].

    Notes
    -----
    The linear program of one receipt: unit by unit goes to the claim of most worth, what waits being asked for sure; a
    greedy choice is its optimum. Nobody else may take what a class leaves of its quota before the next receipt; what
    nobody is expected to ask for is a pool for all.

    References
    ----------
    Meyr (2009), Customer segmentation, allocation planning and order promising in make-to-stock production, OR Spectrum
    31.
    """
    from segkit.formulas.rule_contest_kernels import MARGIN_QUOTAS

    return _replay(book, MARGIN_QUOTAS, worth, book.rank, worth, claims=claims)


def serve_nested(book: ContestBook, kept: np.ndarray) -> Served:
    """Return what is served where units are kept from a class for all better ones, less by what these have taken.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    kept : ndarray
        Shape (places, buckets, classes): kept from the class for better ones from the bucket to the next [units].
    """
    from segkit.formulas.rule_contest_kernels import NESTED

    return _replay(book, NESTED, kept, book.rank)


def serve_above_levels(book: ContestBook, levels: np.ndarray) -> Served:
    """Return what is served where a class is served while more than its critical level is on hand.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    levels : ndarray
        Shape (places, buckets, classes) [units].
    """
    from segkit.formulas.rule_contest_kernels import LEVELS

    return _replay(book, LEVELS, levels, book.rank)


def serve_by_bid_price(book: ContestBook, expected: np.ndarray, worth: np.ndarray) -> Served:
    """Return what is served where a unit goes to a line that is worth more than the unit's bid price.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    expected : ndarray
        Shape (places, buckets, classes): demand expected from the bucket to the next [units].
    worth : ndarray
        Same shape: what a unit of the class is expected to be worth [currency].

    Notes
    -----
    The bid price is the dual of the linear program that gives what is on hand to the demand expected until the next
    receipt. It is solved anew for every unit: of one place and one receipt it is a knapsack, and the line wins the unit
    where more is on hand than is expected of other classes worth more than the line. Its own class holds nothing
    against it: a line a little below the mean of its class would else wait for orders like itself. As a bid price is
    never below 0, a line that costs more than it brings gets nothing.

    References
    ----------
    Talluri & van Ryzin (2004), The Theory and Practice of Revenue Management, section 3.3.1 (deterministic linear
    program).
    """
    from segkit.formulas.rule_contest_kernels import BID_PRICES

    return _replay(book, BID_PRICES, expected, -book.worth, worth)


def _nothing(book: ContestBook) -> np.ndarray:
    return np.zeros((*book.supply.shape, int(book.rank.max(initial=0)) + 1))


def _replay(
    book: ContestBook,
    rule: int,
    control: np.ndarray,
    priority: np.ndarray,
    worth: np.ndarray | None = None,
    held: np.ndarray | None = None,
    claims: Claims | None = None,
) -> Served:
    """Return what is served; ``held`` is kept from what waits, for lines that are still to come."""
    from segkit.formulas.rule_contest_kernels import replay_places

    require(control.shape[:2] == book.supply.shape, "what is kept or expected has other places or buckets than supply")
    require(control.shape[2] > book.rank.max(initial=0), "a line is of a class of which nothing is kept or expected")
    values = book.quantity, book.rank.astype(np.int64), book.worth, priority.astype(float)
    lines = (book.bucket, book.arrival, book.requested, *values)
    receipts = np.ascontiguousarray(book.supply, dtype=float), book.bucket_day.astype(float)
    by_bucket = book.supply.shape[1], control.shape[2]
    outcome = (*(np.zeros(book.quantity.size) for _ in range(3)), np.zeros(by_bucket), np.zeros(by_bucket))
    terms = np.array([book.max_lateness_days, float(book.is_whole)])
    control = np.ascontiguousarray(control, dtype=float)
    worths = control if worth is None else np.ascontiguousarray(worth, dtype=float)
    from_waiting = np.zeros_like(control) if held is None else np.ascontiguousarray(held, dtype=float)
    begin, money = book.begin.astype(np.int64), (book.margin, book.late_cost)
    asked = claims or Claims(*(np.zeros((*book.supply.shape, 0), dtype=kind) for kind in (np.int64, float, float)))
    replay_places(begin, lines, receipts, terms, rule, control, worths, from_waiting, tuple(asked), money, outcome)
    return Served(*outcome)
