"""Why policies gave another service and another stock than their levels were to give: cause by cause, without rest."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import comb

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.replay.beside import work_beside
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.rules import OWN, RuleLevels
from segkit.inventory.replay.runs import ReplayTerms, RuleReplay, draw_steps, replay_rules
from segkit.inventory.replay.steps import Worth

BIAS, LEAD, LOTS = 0, 1, 2
ALL_ON, KEPT = 7, 8  # outcomes: all three causes at work; none of them (as the bits of 8 tell), and levels that stay
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_FARTHEST = 4.0  # times: a forecast that is farther off is put right as far
MEASURES = ("fill_rate", "stock_value")
_UNITS = {"fill_rate": "share", "stock_value": "currency"}
_EXPECTED = {"fill_rate": ("fill_rate", "fill_rate_free"), "stock_value": ("stock", "stock_free")}


@dataclass(frozen=True)
class Held:
    """A replay that was held: demand from the first reset on, levels, terms, first judged day and seed."""

    demand: CameDemand
    levels: list[RuleLevels]
    terms: ReplayTerms
    judged: pd.Timestamp
    seed: int


def explain_gap(held: Held, run: RuleReplay, worth: Worth) -> pd.DataFrame:
    """Return ``replay_gap``: expected and achieved fill_rate and stock, and what each cause did, by segment.

    Parameters
    ----------
    held : Held
        What was replayed.
    run : RuleReplay
        What it gave.
    worth : Worth
        Units and segments of the places.

    Returns
    -------
    DataFrame
        achieved = expected + forecast_bias_effect + lead_time_effect + lot_effect + reset_effect + distribution_effect,
        in every row.

    Notes
    -----
    The own rules are replayed with each set of causes switched off; a cause's effect is what it changes, averaged over
    every order in which they may be switched on (Shapley). Off means: of every segment as much is asked for as was
    forecast (orders dropped or repeated evenly); lead times as they were known when levels were set; orders of just
    what is missing, without lots. Of what lots do, the levels expect a part: that is not counted again. With all three
    off, levels that are set anew are compared with each set of them kept all along: stock above a level that fell stays
    until it is sold, and one that rose is bought at once, so that levels that move leave more than each of them is to
    give. What then still differs from the levels' own figures is the shape of demand, how it comes in time, and chance:
    distribution.
    """
    own = [replace(one, by_rule={OWN: one.by_rule[OWN]}) for one in held.levels]
    factor = _forecast_over_came(run, worth)

    def outcome(switched: int) -> tuple[np.ndarray, ...]:
        on = [bool(switched >> place & 1) for place in range(3)]
        demand = held.demand if on[BIAS] else _as_forecast(held.demand, factor, held.judged)
        terms = held.terms if on[LEAD] else _known_lead_times(held, own)
        levels, terms = (own, terms) if on[LOTS] else _without_lots(own, terms)
        given = _given if switched < KEPT else _given_by_each
        return given(demand, levels, terms, held)

    outcomes = work_beside(outcome, range(KEPT + 1))
    kinds = empty_table("replay_gap").dtypes
    rows = [row for entity in worth.segments for row in _rows(entity, worth, run, held.levels, outcomes)]
    table = pd.DataFrame(rows, columns=list(kinds.index)).astype(kinds.to_dict())
    return table.sort_values(["entity", "entity_id", "measure"], ignore_index=True)


def _given(demand: CameDemand, levels: list[RuleLevels], terms: ReplayTerms, held: Held) -> tuple[np.ndarray, ...]:
    """Return by place what was served, what was asked for [units], and mean stock."""
    run = replay_rules(demand, levels, terms, judged=held.judged, seed=held.seed)
    path = run.paths[OWN]
    served, asked = ((units * run.counted).sum(axis=1) for units in (path.served, path.demand))
    return served, asked, path.mean_stock.mean(axis=1)


def _given_by_each(
    demand: CameDemand, levels: list[RuleLevels], terms: ReplayTerms, held: Held
) -> tuple[np.ndarray, ...]:
    """Return the same of levels that had always been those that held in each step, with lead times as they tell."""
    first = int(np.searchsorted(demand.starts, held.judged))
    sums = np.zeros((3, len(demand.places)))
    for one, begin, end in _spans(levels, demand.starts[first:]):
        begin, end = begin + first, end + first
        upto = {"starts": demand.starts[:end], "quantity": demand.quantity[:, :end], "known": demand.known[:, :end]}
        always, since = replace(one, day=levels[0].day), replace(held, judged=demand.starts[begin])
        if terms.steps_received is not None:
            terms = replace(terms, steps_received=_known_steps(held, [always]))
        served, asked, stock = _given(replace(demand, **upto), [always], terms, since)
        sums += np.stack([served, asked, stock * (end - begin)])
    return sums[0], sums[1], sums[2] / (len(demand.starts) - first)


def _rows(entity: str, worth: Worth, run: RuleReplay, levels: list[RuleLevels], outcomes: list[tuple]) -> list[dict]:
    labels, names = pd.factorize(worth.segments[entity], sort=True)

    def sums(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels, values, len(names))

    came = outcomes[ALL_ON][1]
    rows = []
    for measure in MEASURES:
        whole, free = (expected_of(run.demand, levels, name) for name in _EXPECTED[measure])
        if measure == "fill_rate":
            reached = np.stack([_ratio(sums(served), sums(asked)) for served, asked, _ in outcomes])
            told, bare = (_ratio(sums(fill * came), sums(came)) for fill in (whole, free))
        else:
            reached = np.stack([sums(stock * worth.unit_cost) for _, _, stock in outcomes])
            told, bare = sums(whole * worth.unit_cost), sums(free * worth.unit_cost)
        effects = _effects(reached)
        for place, name in enumerate(names):
            parts = {
                "forecast_bias_effect": effects[BIAS, place],
                "lead_time_effect": effects[LEAD, place],
                "lot_effect": effects[LOTS, place] - (told[place] - bare[place]),
                "reset_effect": reached[0, place] - reached[KEPT, place],
                "distribution_effect": reached[KEPT, place] - bare[place],
            }
            both = {"expected": told[place], "achieved": reached[ALL_ON, place]}
            rows.append(
                {"entity": entity, "entity_id": name, "measure": measure, "unit": _UNITS[measure], **both, **parts}
            )
    return rows


def _effects(reached: np.ndarray) -> np.ndarray:
    """Return what each of three causes changes, averaged over every order; bit j of a row = cause j is on."""
    effects = np.zeros((3, reached.shape[1]))
    for cause in range(3):
        for others in range(8):
            if not others >> cause & 1:
                share = 1.0 / (3 * comb(2, others.bit_count()))
                effects[cause] += share * (reached[others | 1 << cause] - reached[others])
    return effects


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def expected_of(demand: CameDemand, levels: list[RuleLevels], column: str) -> np.ndarray:
    """Return by place what the own levels that held in these steps were to give, on average; 0 = not stocked."""
    told = np.zeros(len(demand.places))
    for one, begin, end in _spans(levels, demand.starts):
        place = demand.place_of(one.places)
        there = place >= 0
        told[place[there]] += one.by_rule[OWN][column].fillna(0.0).to_numpy()[there] * (end - begin)
    return told / len(demand.starts)


def _spans(levels: list[RuleLevels], starts: pd.DatetimeIndex) -> list[tuple[RuleLevels, int, int]]:
    """Return the levels that hold in any of the steps, with the first step of each and the one after its last."""
    begins = [int(np.searchsorted(starts, one.day, side="right")) for one in levels]
    spans = zip(levels, begins, [*begins[1:], len(starts)], strict=True)
    return [(one, begin, end) for one, begin, end in spans if end > begin]


def _held_from(levels: list[RuleLevels], first: pd.Timestamp) -> list[RuleLevels]:
    """Return the levels that held on a day or later."""
    return [one for one, later in pairwise(levels) if later.day >= first] + levels[-1:]


def _forecast_over_came(run: RuleReplay, worth: Worth) -> np.ndarray:
    """Return by place how many times as much was forecast as came, of its segment together."""
    labels, names = pd.factorize(worth.segments["segment"], sort=True)
    told, came = (
        np.bincount(labels, (values * run.counted).sum(axis=1), len(names))
        for values in (run.expected, run.demand.quantity)
    )
    factor = np.where((told > 0) & (came > 0), told / np.where(came > 0, came, 1.0), 1.0)
    return np.clip(factor, 1.0 / _FARTHEST, _FARTHEST)[labels]


def _as_forecast(demand: CameDemand, factor: np.ndarray, judged: pd.Timestamp) -> CameDemand:
    """Return demand of which, evenly, orders are dropped or repeated half the span later, so that it adds up."""
    first = int(np.searchsorted(demand.starts, judged))
    part = demand.quantity[:, first:]
    number = np.cumsum(part > 0, axis=1) + np.arange(part.shape[1])
    share = (number * _GOLDEN) % 1.0
    times = np.floor(factor)[:, None] + (share < (factor % 1.0)[:, None])
    again = np.maximum(times - 1.0, 0.0) * part
    made = demand.quantity.copy()
    made[:, first:] = np.minimum(times, 1.0) * part + np.roll(again, part.shape[1] // 2, axis=1)
    return replace(demand, quantity=made)


def _known_lead_times(held: Held, levels: list[RuleLevels]) -> ReplayTerms:
    """Return terms with the lead times known when levels were set: of each step, or where none drift, on average."""
    terms, demand = held.terms, held.demand
    if terms.steps_received is not None:
        return replace(terms, steps_received=_known_steps(held, levels))
    mean, sd, count = np.zeros((3, len(demand.places)))
    for one in _held_from(levels, held.judged):
        place = demand.place_of(one.places)
        there = place >= 0
        mean[place[there]] += one.places["lead_time_days"].to_numpy()[there]
        sd[place[there]] += one.places["lead_time_sd"].to_numpy()[there]
        count[place[there]] += 1.0
    told = [np.where(count > 0, values / np.maximum(count, 1.0), now) for values, now in (
        (mean, terms.lead_time_days), (sd, terms.lead_time_sd))]  # fmt: skip
    return replace(terms, lead_time_days=told[0], lead_time_sd=told[1])


def _known_steps(held: Held, levels: list[RuleLevels]) -> np.ndarray:
    """Return whole steps of lead times as the levels of each step reckoned with, by place and step; NaN = not sized."""
    demand = held.demand
    table = np.full(demand.quantity.shape, np.nan)
    for one, begin, end in _spans(levels, demand.starts):
        place = demand.place_of(one.places)
        there = place >= 0
        mean, sd = (one.places[name].to_numpy()[there] for name in ("lead_time_days", "lead_time_sd"))
        drawn = draw_steps(mean, sd, len(demand.starts), demand.step_days, held.seed)
        table[place[there], begin:end] = drawn[:, begin:end] if drawn.ndim == 2 else drawn[:, None]
    return table


def _without_lots(levels: list[RuleLevels], terms: ReplayTerms) -> tuple[list[RuleLevels], ReplayTerms]:
    """Return levels and terms under which just what is missing is ordered."""
    free = []
    for one in levels:
        table = one.by_rule[OWN]
        below = np.where(table["order_up_to"] > 0, table["order_up_to"] - table["unit"], -1.0)
        free.append(replace(one, by_rule={OWN: table.assign(reorder_point=below, lot=0.0)}))
    none = np.zeros(len(terms.minimum_order))
    return free, replace(terms, minimum_order=none, order_multiple=none)
