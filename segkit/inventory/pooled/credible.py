"""Levels put right by what came on earlier ones: sleepers wake up, launches sell, the largest orders do not repeat."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.credibility import (
    ASLEEP,
    AWAKE,
    NEVER,
    STAGES,
    PastLevels,
    credible_levels,
    credible_weights,
    sales_so_far,
    stage_losses,
)
from segkit.formulas.panel_kernels import sales_of_each, window_counts, window_sums
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel

_CASES = 200_000
_ENOUGH, _MANY = 200, 1_000  # cases, before they say anything of launches, and of levels
_KNOWN, _AHEAD = 8, 4  # periods
# Most sleepers sell nothing, so that the full correction loses by absolute errors what it wins by the mean.
_ASLEEP = 0.5
_TAKEN = np.where(np.arange(STAGES) >= ASLEEP, _ASLEEP, 1.0)[:, None]
_AS_IT_IS = np.array([1.0, 0.0, 0.0])
_JUDGED_FROM = (NEVER, AWAKE, ASLEEP)  # stages that are judged as one: new, awake, asleep


@dataclass(frozen=True)
class Belief:
    """``weights`` of level, mean and usual size by stage; ``launched``: what those never sold will sell [of it]."""

    weights: np.ndarray
    launched: float


def put_right(
    panel: DemandPanel, bare: Panel, factors: Factors, table: np.ndarray, *, seed: int
) -> tuple[np.ndarray, float]:
    """Return levels as far as they can be believed, and what series that never sold are expected to sell.

    Parameters
    ----------
    panel : DemandPanel
        Demand.
    bare : Panel
        The same without season and calendar.
    factors : Factors
        Season and calendar.
    table : array
        Levels after every period, (series, periods). [units per period]
    seed : int
        Where the draw of series begins.

    Returns
    -------
    levels : array
        Same shape. [units per period]
    launched : float
        [units per period]

    Notes
    -----
    Levels are judged by the four periods that followed, however many are asked for, so that all sums of periods fit
    together. Weights come from all earlier origins; they are used where those of the earlier half would have helped the
    later one, by squared errors. Fewer than 1,000 cases say nothing, fewer than 200 nothing of launches.
    """
    mean, stage = sales_so_far(bare.values, bare.observed, bare.start)
    size = _usual_size(panel)
    belief = _believed(_past_levels(panel, bare.observed, factors, (table, mean, stage), size, seed=seed))
    weights, launched = belief.weights * np.array([1.0, 1.0, size]), belief.launched * size
    return credible_levels(table, mean, stage, weights, launched), launched


def _usual_size(panel: DemandPanel) -> float:
    """Return the median over series of the mean size of demand, in which all is counted: no unit plays a part."""
    count, total = sales_of_each(panel.values, panel.observed)
    return float(np.median(total[count > 0] / count[count > 0])) if count.any() else 1.0


def _past_levels(
    panel: DemandPanel,
    observed: np.ndarray,
    factors: Factors,
    known: tuple[np.ndarray, np.ndarray, np.ndarray],
    size: float,
    *,
    seed: int,
) -> PastLevels:
    """Return levels of earlier periods and what came in the next few, of all series or of a regular draw by rank."""
    level, mean, stage = known
    periods = level.shape[1]
    ahead = max(min(_AHEAD, periods // 4), 1)
    first = max(_KNOWN, periods // 3)
    origins = np.arange(periods - ahead, first - 1, -max(ahead // 2, 1))[::-1]
    part = np.flatnonzero((panel.rank + seed) % max(-(-len(level) * len(origins) // _CASES), 1) == 0)
    count = window_counts(observed, part, origins, ahead)
    sold = window_sums(panel.values, part, observed, part, origins, ahead)
    usual = window_sums(factors.table, factors.group[part], observed, part, origins, ahead)
    one, place = np.nonzero(2 * count > ahead)
    came = sold[one, place] / np.maximum(usual[one, place], 1e-9) / size
    row, last = part[one], origins[place] - 1
    return PastLevels(came, level[row, last] / size, mean[row, last] / size, stage[row, last], origins[place])


def _believed(past: PastLevels) -> Belief:
    """Return what earlier levels tell, where it would have helped later ones."""
    never = past.stage == NEVER
    launched = float(past.actual[never].mean()) if never.sum() >= _ENOUGH else 0.0
    as_it_is = np.tile(_AS_IT_IS, (STAGES, 1))
    past = past.where(~never)
    if len(past.level) < _MANY:
        return Belief(as_it_is, launched)
    past = past.comparable()
    early = past.origin <= np.median(past.origin)
    later = past.where(~early)
    tried = stage_losses(later, credible_weights(past.where(early))), stage_losses(later, as_it_is)
    helps = np.less(*(np.add.reduceat(losses, _JUDGED_FROM) for losses in tried))
    taken = _TAKEN * np.repeat(helps, np.diff([*_JUDGED_FROM, STAGES]))[:, None]
    return Belief(as_it_is + taken * (credible_weights(past) - as_it_is), launched)
