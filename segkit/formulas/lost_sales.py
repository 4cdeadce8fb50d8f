"""Stock levels where unmet demand is lost: the pipeline is rolled forward over demand scenarios.

Where short demand waits, all that is on order will be sold: the levels of `segkit.formulas.policy_levels` rest on that.
Where it is lost, stock that comes finds less demand than was counted on, so that the same level serves more and leaves
more; the fewer units the level has, the more. No closed form tells it. So a stock is rolled forward along scenarios of
demand twice, once with short demand lost and once waiting, and what the closed form gives is changed as the scenarios
change: their chance falls out of the ratio, and where nothing is short nothing changes.

Outcomes are worked out at a few levels of each item-location, the same whatever is asked, and read between. Where s is
a whole number of lots, one more of them can be under way, and service and stock leap; between, stock can fall as s
rises: what is ordered later is ordered in better time. Of all levels that serve enough the one that holds least is
taken, so that more service never takes less stock.

Scenarios are the strata of the demand over lead time and review, each once, in an order that is mixed; within each,
demand is split over steps as a gamma process splits it that scatters as much, as in `policy_levels`, in whole lots.
They are the same for all item-locations, and at every call.
"""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.lost_sales_scenarios import cycles_rolled, lumpy_lots, rolled, steady_lots
from segkit.formulas.policy_levels import (
    CoveredDemand,
    ExpectedService,
    economic_reorder_point,
    expected_service,
    expected_services,
    reorder_point_for_fill_rate_by_curve,
    work_out_parts,
)

_INNER = 31  # levels tried in a round
_PARTS = np.arange(3) / 3.0  # of mean demand, and chances: levels at which outcomes are worked out
_CHANCES = np.array([0.5, 0.75, 0.9, 0.96, 0.985, 0.995])
_LEAPS = np.arange(1, 6)  # lots under way, above which one more makes no leap
_ABOUT = np.array([-1.5, -0.5, 0.5, 1.5, 3.0])  # standard deviations from the mean of the lead time's demand, and
_FEWER = np.arange(1, 6) / 10.0  # of mean demand: levels where lots are steady, that serve far more a little higher
_LONG, _NEAR_MEAN = 0.2, np.array([0.75, 0.85, 0.92])  # share of the review up to which stock begins near the mean
_FEW = 10.0  # cycles with a shortage, that tell hardly more of the share of them than one cycle more or less
_ROUNDS, _SPLIT = 3, 8  # of further levels where lots are steady, as many as are rolled forward at once
_KEPT = "outcomes_of_lost_sales"
_FARTHEST = 1e15
_NEAR = 1e-9


def expected_service_of_lost_sales(
    demand: CoveredDemand, reorder_point: np.ndarray, lot: np.ndarray, *, pack: np.ndarray | None = None
) -> ExpectedService:
    """Return what reorder points give where unmet demand is lost.

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    reorder_point, lot : array
        s and Q; below zero nothing is ever ordered. [lots]
    pack : array, optional
        As `expected_service` takes it. [lots]

    Returns
    -------
    ExpectedService
        As `expected_service` gives it.

    Examples
    --------
    >>> chances = np.array([0.25, 0.75])
    >>> demand = CoveredDemand(np.array([[4.0, 6.0]]), chances, np.array([5.0]), np.array([1.0]))
    >>> one = np.ones(1)
    >>> waits, lost = expected_service(demand, one, one), expected_service_of_lost_sales(demand, one, one)
    >>> bool(lost.fill_rate[0] > waits.fill_rate[0] + 0.3)
    True
    """
    point, lots = np.asarray(reorder_point, dtype=float), np.asarray(lot, dtype=float)
    packs, review = _packs(lots, pack), demand.moments[0] * demand.review_share
    waits = expected_service(demand, point, lots, pack=packs)
    outcomes = _outcomes(demand, lots, packs)
    short, left, lacking, held = np.moveaxis(outcomes(point[:, None]), 1, 0)[..., 0]
    ordered = point >= 0  # stock cannot fall below zero
    fill, served = 1.0 - short / np.where(review > 0, review, 1.0), 1.0 - lacking
    apart = _apart(demand, lots, packs)  # elsewhere no more is short than where it waits: it is not asked again
    fill, served = (
        np.where(apart, *pair)
        for pair in ((fill, np.maximum(fill, waits.fill_rate)), (served, np.maximum(served, waits.cycle_service)))
    )
    served, fill = np.where(ordered, served, 0.0), np.where(ordered, fill, np.where(review > 0, 0.0, 1.0))
    told = served, fill, np.where(ordered, held, 0.0), np.where(ordered, left, 0.0)
    exact = waits.cycle_service, waits.fill_rate, waits.on_hand, waits.left
    return ExpectedService(*(np.where(outcomes.same & ordered, *pair) for pair in zip(exact, told, strict=True)))


def work_out_lost_sales(demand: CoveredDemand, lot: np.ndarray, *, pack: np.ndarray | None = None) -> None:
    """Work out what levels give with these lots, and keep it with the demand, for all its parts.

    Parameters
    ----------
    demand, lot, pack
        As `expected_service_of_lost_sales` takes them.
    """
    packs = _packs(lot, pack)
    work_out_parts(demand, lot, pack=packs)
    _outcomes(demand, np.asarray(lot, dtype=float), packs)


def economic_reorder_point_of_lost_sales(
    demand: CoveredDemand, lot: np.ndarray, ratio: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the reorder points of least cost where unmet demand is lost.

    Parameters
    ----------
    demand, lot, ratio, pack
        As `economic_reorder_point` takes them.

    Returns
    -------
    array
        s at which units short a review period, and mean stock times the ratio, together cost least; -Q where that is
        without stock. [lots]
    """
    size, ratio, packs = np.asarray(lot, dtype=float), np.asarray(ratio, dtype=float), _packs(lot, pack)
    outcomes = _outcomes(demand, size, packs).costly()
    best, least = -size, demand.moments[0] * demand.review_share
    low, high = np.zeros((2, len(size)))
    told = np.isfinite(ratio) & (demand.whole[:, -1] < _FARTHEST)
    rows = np.flatnonzero(told & ~outcomes.same)
    tried, dense = outcomes.at[rows], -1.0  # of levels so near all are tried
    while rows.size:
        short, held = np.moveaxis(outcomes.of(rows)(tried), 1, 0)
        cost = short + ratio[rows, None] * held
        place, each = cost.argmin(axis=1), np.arange(rows.size)
        better = cost[each, place] < least[rows] - _NEAR
        best[rows] = np.where(better, tried[each, place], best[rows])
        least[rows] = np.where(better, cost[each, place], least[rows])
        wide = tried[:, -1] - tried[:, 0] > dense
        low[rows] = tried[each, np.maximum(place - 1, 0)]
        high[rows] = tried[each, np.minimum(place + 1, tried.shape[1] - 1)]
        rows = rows[wide]
        tried, dense = np.round(np.linspace(low[rows], high[rows], _INNER + 2, axis=1)), _INNER + 1.0
    alike = np.flatnonzero(told & outcomes.same)
    if alike.size:
        point = economic_reorder_point(demand.of(alike), size[alike], ratio[alike], pack=packs[alike])
        short, held = outcomes.of(alike)(np.zeros((len(alike), 1)))[..., 0].T  # below zero nothing is ever ordered
        best[alike] = np.where(
            point >= 0, point, np.where(short + ratio[alike] * held < least[alike], 0.0, -size[alike])
        )
    return np.where(told, best, np.nan)


def reorder_point_for_fill_rate_of_lost_sales(
    demand: CoveredDemand, lot: np.ndarray, target: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the least reorder points that give a fill_rate (P2) where unmet demand is lost.

    Parameters
    ----------
    demand, lot, target, pack
        As `reorder_point_for_fill_rate_by_curve` takes them.

    Returns
    -------
    array
        s, whole, 0 or more, of those that reach the target the one with least stock. [lots]
    """
    waits, packs = reorder_point_for_fill_rate_by_curve(demand, lot, target, pack=pack), _packs(lot, pack)
    high, low = np.maximum(waits, 0.0), np.full(len(lot), -1.0)
    outcomes = _outcomes(demand, np.asarray(lot, dtype=float), packs)
    high = np.where(_apart(demand, lot, packs), np.maximum(high, outcomes.at[:, -1]), high)
    rows, review = np.flatnonzero((high - low > 1.0) & ~outcomes.same), demand.moments[0] * demand.review_share
    while rows.size:
        middle = np.floor((low[rows] + high[rows]) / 2.0)
        short = outcomes.of(rows)(middle[:, None])[:, 0, 0]
        enough = short <= (1.0 - target[rows] + _NEAR) * review[rows]
        high[rows], low[rows] = np.where(enough, middle, high[rows]), np.where(enough, low[rows], middle)
        rows = rows[high[rows] - low[rows] > 1.0]
    high = _with_least_stock(outcomes, high)
    return np.where((demand.mean > 0) | np.isnan(waits), np.where(np.isfinite(waits), high, waits), waits)


def _with_least_stock(outcomes: "_Outcomes", point: np.ndarray) -> np.ndarray:
    """Return the level of least stock at a level or above it: itself, or one at which outcomes were worked out."""
    tried = np.concatenate([point[:, None], np.maximum(outcomes.at, point[:, None])], axis=1)
    held = outcomes(tried)[:, 3]
    least = held <= held.min(axis=1, keepdims=True) + _NEAR
    best = np.where(least, tried, -1.0).max(axis=1)  # of equals the one that serves most
    return np.where(outcomes.same, point, best)


def _apart(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return whether a stock that loses may be short of more than one that lets wait."""
    return (steady_lots(demand, lot) > 0) | (lumpy_lots(demand, pack) > 0)


def _packs(lot: np.ndarray, pack: np.ndarray | None) -> np.ndarray:
    """Return packs of one lot or more, no larger than the lots."""
    lots = np.maximum(np.asarray(lot, dtype=float), 1.0)
    return lots if pack is None else np.clip(pack, 1.0, lots)


@dataclass(frozen=True)
class _Outcomes:
    """What levels give, by item-location: figures (rows, 4, points) at some levels ``at``, rising or falling with them.

    Units short a review, units left, share of cycles with a shortage, mean stock. ``same`` tells where none of it is
    other than where demand waits.
    """

    at: np.ndarray
    figures: np.ndarray
    same: np.ndarray

    def of(self, rows: np.ndarray) -> "_Outcomes":
        return _Outcomes(self.at[rows], self.figures[rows], self.same[rows])

    def costly(self) -> "_Outcomes":
        """Return no more than what costs: units short and mean stock."""
        return _Outcomes(self.at, np.ascontiguousarray(self.figures[:, ::3]), self.same)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return the figures of levels (rows, candidates): (rows, figures, candidates)."""
        from segkit.formulas.monotone_curves import values_between

        found = values_between(self.at, self.figures, np.ascontiguousarray(points, dtype=float))
        found[:, 1::2] += np.maximum(points - self.at[:, -1:], 0.0)[:, None]  # where all is met, each unit more is left
        return found


def _outcomes(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray) -> _Outcomes:
    """Return what levels give with these lots; what was last asked for is kept with the demand."""
    from segkit.formulas.monotone_curves import falling_means

    known = demand.kept.get(_KEPT)
    rows = np.flatnonzero((known[0] != lot) | (known[1] != pack)) if known else np.arange(len(lot))
    if known and not len(rows):
        return _Outcomes(*known[2:])
    asked = demand.of(rows)
    at = _more_finely(asked, _levels(asked, lot[rows]), lot[rows], pack[rows])
    figures, same = _figures(asked, at, lot[rows], pack[rows])
    figures[:, ::2] = falling_means(figures[:, ::2])  # what is short, and cycles with a shortage
    made: tuple[np.ndarray, ...] = (at, figures, same)
    if known:
        width = max(known[2].shape[1], at.shape[1])
        both = zip(_widened(known[2:], width), _widened(made, width), strict=True)
        made = tuple(_with_rows(old, rows, new) for old, new in both)
    demand.kept[_KEPT] = (lot.copy(), pack.copy(), *made)
    return _Outcomes(*made)


def _widened(outcomes: tuple[np.ndarray, ...], width: int) -> tuple[np.ndarray, ...]:
    """Return outcomes at so many levels: above the last one nothing is short, and each unit more is left."""
    at, figures, same = outcomes
    beyond = np.arange(1, width - at.shape[1] + 1)
    rise = np.array([0.0, 1.0, 0.0, 1.0])[:, None] * beyond
    at = np.concatenate([at, at[:, -1:] + beyond], axis=1)
    return at, np.concatenate([figures, figures[:, :, -1:] + rise], axis=2), same


def _with_rows(old: np.ndarray, rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    made = old.copy()
    made[rows] = new
    return made


def _levels(demand: CoveredDemand, lot: np.ndarray) -> np.ndarray:
    """Return levels at which outcomes are worked out, whole and rising, from none to where nothing is short."""
    place = np.minimum(np.searchsorted(demand.chances, _CHANCES), len(demand.chances) - 1)
    mean, most = demand.moments[0][:, None], np.ceil(demand.whole[:, -1:])
    leaps = np.floor(lot)[:, None] * _LEAPS
    some = (leaps <= demand.whole[:, place[-1:]]) & (leaps * len(_LEAPS) >= mean * _LEAPS)
    steady, lead = steady_lots(demand, lot)[:, None] > 0, np.maximum(1.0 - demand.review_share, 0.0)[:, None]
    lead, spread = lead * mean, np.sqrt(lead * demand.moments[1][:, None])
    parts = [
        mean * _PARTS,
        demand.whole[:, place],
        most,
        np.where(steady | (demand.review_share[:, None] <= _LONG), mean * _NEAR_MEAN, most),
        np.where(some, leaps, np.where(steady, lead + spread * _ABOUT, most)),
        np.where(some, leaps - 1.0, np.where(steady, mean * _FEWER, most)),
    ]
    wanted = np.floor(np.sort(np.nan_to_num(np.maximum(np.concatenate(parts, axis=1), 0.0), posinf=_FARTHEST), axis=1))
    each = np.arange(wanted.shape[1])
    return np.maximum.accumulate(np.minimum(wanted, _FARTHEST) - each, axis=1) + each


def _more_finely(demand: CoveredDemand, at: np.ndarray, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return levels with more of them where lots are steady: between those that differ most when rolled once.

    There service and stock leap, wherever a review more or less orders, and between levels far apart nothing tells it.
    Elsewhere the further levels lie above all others.
    """
    steady = np.flatnonzero(steady_lots(demand, lot) > 0)
    if not steady.size:
        return at
    some, review = demand.of(steady), (demand.moments[0] * demand.review_share)[steady, None]
    own, terms = at[steady], (lot[steady], pack[steady])
    told, _ = _figures(some, own, *terms, once=True)
    for further in reversed(range(_ROUNDS)):
        differ = np.abs(np.diff(told[:, 0])) + np.abs(np.diff(told[:, 2])) * review
        differ += np.abs(np.diff(told[:, 3])) * told[:, 2, :-1]  # where nothing is short, stock rises evenly
        differ *= (1.0 - told[:, 0, 1:] / np.maximum(review, _NEAR)) ** 2  # few keep stock that serves little
        places = np.argsort(-np.where(np.diff(own) > 1.0, differ, 0.0), axis=1, kind="stable")[:, :_SPLIT]
        low, high = (np.take_along_axis(own, places + step, axis=1) for step in (0, 1))
        beyond = own[:, -1:] + np.arange(1, _SPLIT + 1)
        tried = np.where(high - low > 1.0, _between(low, high, lot[steady, None]), beyond)
        own = np.concatenate([own, tried], axis=1)
        order = np.argsort(own, axis=1, kind="stable")
        own = np.take_along_axis(own, order, axis=1)
        if further:
            told = np.concatenate([told, _figures(some, tried, *terms, once=True)[0]], axis=2)
            told = np.take_along_axis(told, order[:, None], axis=2)
    at = np.concatenate([at, at[:, -1:] + np.arange(1, own.shape[1] - at.shape[1] + 1)], axis=1)
    at[steady] = own
    return at


def _between(low: np.ndarray, high: np.ndarray, lot: np.ndarray) -> np.ndarray:
    """Return a level between two: the last one before another lot can be under way, one where it can, else the middle.

    A stock that ran out begins anew with whole lots, so that what levels give leaps at each of their multiples.
    """
    middle = np.floor((low + high) / 2.0)
    leap = np.round(middle / lot) * lot
    some = np.where((leap > low) & (leap < high), leap, middle)
    return np.where(high % lot == 0, high - 1.0, some)


def _figures(
    demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray, *, once: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, 4, candidates): short a review, left, cycles with a shortage, mean stock; and `_Outcomes.same`.

    What the closed forms give where demand waits, times what lost sales change it by along the scenarios.
    """
    review = demand.moments[0] * demand.review_share
    lost, waits = np.moveaxis(rolled(demand, points, lot, pack, once=once), 2, 0)
    # Scenarios without a shortage tell nothing of rare ones.
    some, cycles = waits[..., 0] > _NEAR, waits[..., 2] > _NEAR
    step, lumpy = steady_lots(demand, lot)[:, None], lumpy_lots(demand, pack)[:, None]
    many = cycles_rolled(demand, lot, pack)[:, None]
    lacked = lost[..., 2] * many
    apart = np.maximum(step, lumpy * lacked / (lacked + _FEW))
    alone = (step >= 1.0) & some & cycles  # scenarios tell all
    given = expected_services(demand, np.where(alone, np.nan, points), lot, pack=pack)
    short, lacking = (1.0 - given.fill_rate) * review[:, None], 1.0 - given.cycle_service
    scale, more = _ratio(short, waits[..., 0]), lost - waits
    left, held = (
        _mixed(apart * some, lost[..., place], told + (1.0 - lumpy) * np.maximum(more[..., place] * scale, 0.0))
        for told, place in ((given.left, 1), (given.on_hand, 3))
    )
    fewer = np.where(some, np.minimum(lost[..., 0] * scale, short), short)  # what is lost is not asked again
    short = np.clip(_mixed(apart * some, lost[..., 0], _mixed(lumpy, short, fewer)), 0.0, review[:, None])
    fewer = lacking * np.minimum((lost[..., 2] * many + _FEW) / (waits[..., 2] * many + _FEW), 1.0)
    lacking = _mixed(apart * cycles, lost[..., 2], _mixed(lumpy, lacking, fewer))
    same = np.isclose(lost, waits, _NEAR, _NEAR).all(axis=(1, 2))
    return np.stack([short, left, np.clip(lacking, 0.0, 1.0), held], axis=1), same


def _mixed(share: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return a share of one and the rest of the other, which may be blank where there is no rest."""
    return np.where(share >= 1.0, one, np.where(share > 0.0, share * one + (1.0 - share) * other, other))


def _ratio(told: np.ndarray, rolled: np.ndarray) -> np.ndarray:
    """Return what closed forms tell over what scenarios gave; 1 where scenarios have none of it."""
    return np.where(rolled > _NEAR, told / np.where(rolled > _NEAR, rolled, 1.0), 1.0)
