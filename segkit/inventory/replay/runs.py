"""Rules replayed on the same demand: levels are set anew on several days from what was known then, and held between."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from segkit.formulas.replay import Stock, StockPolicy, replay_paths
from segkit.inventory.policies.places import PLACE
from segkit.inventory.replay.beside import work_beside
from segkit.inventory.replay.cycles import count_cycles
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.rules import RuleLevels

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_FIXED = 1e-3  # steps: lead times that vary less are rounding
_LITTLE = 1e-6  # of a pack: less than the unit in which demand comes
_COARSE = 0.25  # of lead time and review, by which whole steps may miss them


@dataclass(frozen=True)
class ReplayTerms:
    """How orders and shortages go, by place: lead time [days], review [days], lots [units].

    ``waiting`` is the share of short demand that waits: 0 = lost sales, 1 = backorders. ``steps_received`` are the
    whole steps that orders of each place and step take, from `receive_steps`; NaN or None: drawn from mean and sd.
    """

    lead_time_days: np.ndarray
    lead_time_sd: np.ndarray
    review_days: np.ndarray
    minimum_order: np.ndarray
    order_multiple: np.ndarray
    waiting: float
    steps_received: np.ndarray | None = None

    @property
    def arrival_days(self) -> np.ndarray:
        """Days after which all stock is what a rule ordered: lead time and review."""
        return self.lead_time_days + self.review_days

    def of(self, rows: np.ndarray) -> "ReplayTerms":
        """Return the terms of some of the places."""
        by_place = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "waiting"}
        return replace(self, **{name: values[rows] for name, values in by_place.items() if values is not None})


@dataclass(frozen=True)
class RulePath:
    """What a rule gave at every place in every step [units]; ``end_stock`` is that at the end of the step.

    ``cycles`` tells where a replenishment cycle ended, ``cycles_served`` where it ended without a shortage.
    """

    demand: np.ndarray
    served: np.ndarray
    end_stock: np.ndarray
    ordered: np.ndarray
    cycles: np.ndarray
    cycles_served: np.ndarray

    @property
    def mean_stock(self) -> np.ndarray:
        """Stock on hand on average over each step, as policies expect it: what is served leaves it evenly."""
        return self.end_stock + self.served / 2.0


@dataclass(frozen=True)
class RuleReplay:
    """What rules gave: paths by rule over the judged steps, and in which steps demand was known."""

    demand: CameDemand
    paths: dict[str, RulePath]
    counted: np.ndarray
    expected: np.ndarray


def replay_rules(
    demand: CameDemand, levels: list[RuleLevels], terms: ReplayTerms, *, judged: pd.Timestamp, seed: int
) -> RuleReplay:
    """Return what every rule gave from a day on.

    Parameters
    ----------
    demand : CameDemand
        From the first day on which levels were set.
    levels : list of RuleLevels
        Set on rising days; each holds until the next.
    terms : ReplayTerms
        Row by row as the demand's places.
    judged : Timestamp
        First day that counts; what lies before warms up.
    seed : int
        Where the lead times begin in their even sequence.

    Returns
    -------
    RuleReplay
        All rules start with stock at their first level, and see the same demand and the same lead times.

    Notes
    -----
    Orders take as long as real ones that were ordered nearest in time, where receipts tell (see `receive_steps`): alike
    from order to order, and hardly crossing. Elsewhere lead times of a place are spread evenly over a gamma
    distribution with its mean and deviation, the same shares for all places on a day, so that names and order of places
    play no part.
    """
    step = demand.step_days
    lead = _lead_times(terms, demand.quantity.shape[1], step, seed)
    review = np.maximum(np.round(terms.review_days / step), 1).astype("int64")
    first = int(np.searchsorted(demand.starts, judged))
    reviewed = np.arange(demand.quantity.shape[1])[None, :] % review[:, None] == 0
    unit = _units(demand, levels)
    taken, unit = demand.taken(unit), unit[:, None]
    rows = [demand.place_of(one.places) for one in levels]

    def path_of(name: str) -> RulePath:
        point, level, lot = _over_time(demand, levels, rows, name)
        fill = _fill_within(level, point, terms.order_multiple)
        policy = StockPolicy(point, fill, lot, terms.minimum_order, terms.order_multiple, review_periods=review)
        opening = Stock(np.maximum(level[:, 0], 0.0))
        made = replay_paths(taken, opening, policy, lead_time_periods=lead, waiting=terms.waiting)
        placed = (made.ordered > 0) | ((point >= 0) & (lot == 0) & (level - point <= unit + _LITTLE) & reviewed)
        lacking = (made.short > _LITTLE) | (made.backordered > _LITTLE)
        times = lead if lead.ndim == 2 else lead[:, None]
        cycles, whole = count_cycles(placed, lacking, demand.known, lead=times, first=first)
        asked, met, held, ordered = (
            table[:, first:].copy() for table in (made.demand, made.served, made.end_stock, made.ordered)
        )
        return RulePath(asked, met, held, ordered, cycles, whole)

    names = list(levels[0].by_rule)
    paths = dict(zip(names, work_beside(path_of, names), strict=True))
    late = {"starts": demand.starts[first:], "quantity": demand.quantity[:, first:], "known": demand.known[:, first:]}
    own = replace(demand, **late)
    return RuleReplay(own, paths, demand.known[:, first:], _expected(own, levels))


def _fill_within(level: np.ndarray, point: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return levels from which rounding up to whole packs gives as many packs as stay at or below the level.

    At the reorder point or below it at least one pack is ordered.
    """
    packs = pack[:, None]
    return np.where((level > 0) & (packs > 0), np.maximum(level - packs, point) + _LITTLE * packs, level)


def _over_time(
    demand: CameDemand, levels: list[RuleLevels], rows: list[np.ndarray], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return reorder points, order-up-to levels and lots by place and step; before a place was known, none."""
    shape = demand.quantity.shape
    point, level, lot = np.full(shape, -1.0), np.full(shape, -1.0), np.zeros(shape)
    for one, place, held in zip(levels, rows, _held(demand, levels), strict=True):
        told = np.flatnonzero(place >= 0)
        table = one.by_rule[name].iloc[told]
        row = place[told]
        point[row, held] = table["reorder_point"].to_numpy()[:, None]
        level[row, held] = table["order_up_to"].to_numpy()[:, None]
        lot[row, held] = table["lot"].to_numpy()[:, None]
    return point, level, lot


def _held(demand: CameDemand, levels: list[RuleLevels]) -> list[slice]:
    """Return the steps in which the levels of each day held: from the day after it until the next."""
    since = [int(np.searchsorted(demand.starts, one.day + pd.Timedelta(days=1))) for one in levels]
    return [slice(begin, end) for begin, end in zip(since, [*since[1:], len(demand.starts)], strict=True)]


def _units(demand: CameDemand, levels: list[RuleLevels]) -> np.ndarray:
    """Return by place in what lots demand comes: who orders just what is missing orders at every review."""
    unit = np.ones(len(demand.places))
    for one in levels:
        place = demand.place_of(one.places)
        unit[place[place >= 0]] = one.places["unit"].to_numpy()[place >= 0]
    return unit


def _expected(demand: CameDemand, levels: list[RuleLevels]) -> np.ndarray:
    """Return the demand that was expected of every place and step when levels were set. [units]."""
    expected = np.zeros(demand.quantity.shape)
    for one, held in zip(levels, _held(demand, levels), strict=True):
        place = demand.place_of(one.places)
        told = np.flatnonzero(place >= 0)
        expected[place[told], held] = (one.places["demand_year"].to_numpy()[told] / demand.steps_a_year)[:, None]
    return expected


def _lead_times(terms: ReplayTerms, steps: int, step_days: float, seed: int) -> np.ndarray:
    """Return whole steps between ordering and arrival, by place and step."""
    drawn = draw_steps(terms.lead_time_days, terms.lead_time_sd, steps, step_days, seed)
    if terms.steps_received is None:
        return drawn
    received = terms.steps_received[:, :steps]
    return np.where(np.isnan(received), drawn if drawn.ndim == 2 else drawn[:, None], received).astype("int64")


def draw_steps(mean: np.ndarray, sd: np.ndarray, steps: int, step_days: float, seed: int) -> np.ndarray:
    """Return whole steps of lead times with a mean and deviation [days], by place and step; fixed ones by place."""
    fixed = np.maximum(np.round(mean / step_days), 0.0)
    random = (sd > _FIXED * step_days) & (mean > 0)
    if not random.any():
        return fixed.astype("int64")
    share = (0.5 + (np.arange(steps) + seed) * _GOLDEN) % 1.0
    shape = (mean[random] / sd[random]) ** 2
    drawn = gammaincinv(shape[:, None], share[None, :]) * (mean[random] / shape)[:, None]
    table = np.repeat(fixed[:, None], steps, axis=1)
    table[random] = np.round(drawn / step_days)
    return table.astype("int64")


def misses_times(terms: ReplayTerms, step_days: float) -> bool:
    """Return whether whole steps miss lead time and review of most places by more than a quarter.

    A replay would then judge other policies than those that are set: a review of a week replayed by months, say.
    """
    told = terms.lead_time_days + terms.review_days
    lead, review = (np.round(days / step_days) for days in (terms.lead_time_days, terms.review_days))
    off = np.abs((lead + np.maximum(review, 1.0)) * step_days - told)
    return bool(len(told)) and bool(np.median(off / np.maximum(told, _FIXED)) > _COARSE)


def terms_of(
    places: pd.DataFrame,
    intervals: pd.DataFrame,
    rules: pd.DataFrame,
    items: pd.DataFrame,
    *,
    period_days: float,
    waiting: float,
) -> ReplayTerms:
    """Return the terms under which places are supplied.

    Parameters
    ----------
    places : DataFrame
        item_id, location_id.
    intervals : DataFrame
        From `cover_intervals`: lead times as they were.
    rules : DataFrame
        Table ``policy_rules``: review_days.
    items : DataFrame
        Table ``items``: moq, order_multiple.
    period_days : float
        Days of a planning period.
    waiting : float
        Share of short demand that waits.
    """
    known = places[PLACE].merge(intervals, "left", PLACE).merge(rules[[*PLACE, "review_days"]], "left", PLACE)
    masters = places[["item_id"]].merge(items.drop_duplicates("item_id"), "left", "item_id")
    moq, multiple = (
        masters[name].fillna(0.0).to_numpy(dtype=float) if name in masters else np.zeros(len(places))
        for name in ("moq", "order_multiple")
    )
    return ReplayTerms(
        (known["mean_periods"].fillna(0.0) * period_days).to_numpy(),
        (known["sd_periods"].fillna(0.0) * period_days).to_numpy(),
        known["review_days"].fillna(known["review_periods"] * period_days).fillna(1.0).to_numpy(),
        moq,
        multiple,
        waiting,
    )
