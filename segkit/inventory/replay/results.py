"""What rules gave, as tables: by segment, and what the own rules gain on one size for all at equal service."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.formulas.class_bootstrap import block_counts
from segkit.formulas.time_bootstrap import block_bootstrap_ratio_interval
from segkit.inventory.replay.rules import ONE_TARGETS, OWN, THUMB, one_target_name
from segkit.inventory.replay.runs import RuleReplay

_DRAWS, _CONFIDENCE = 1000, 0.9


@dataclass(frozen=True)
class Worth:
    """What units are worth, by place: ``unit_cost`` and ``margin`` [currency/unit], ``holding`` [currency/unit/year].

    ``weight`` is that by which service is weighted, ``order_cost`` that of an order line (0 = not known); ``segments``
    has a column per entity by which results are told, ``expected`` the fill_rate that levels were to give.
    """

    unit_cost: np.ndarray
    margin: np.ndarray
    holding: np.ndarray
    weight: np.ndarray
    order_cost: float
    segments: pd.DataFrame
    expected: np.ndarray


def tell_replay(run: RuleReplay, worth: Worth, *, block: int, seed: int) -> pd.DataFrame:
    """Return ``replay``: what every rule gave in all, and in every segment.

    Parameters
    ----------
    run : RuleReplay
        From `replay_rules`.
    worth : Worth
        Row by row as the places.
    block : int
        Steps drawn together for intervals.
    seed : int
        Of the intervals.
    """
    rows = []
    for entity in worth.segments:
        labels, names = pd.factorize(worth.segments[entity], sort=True)
        for rule in run.paths:
            for code, name in enumerate(names):
                mine = np.flatnonzero(labels == code)
                rows.append(
                    {"rule": rule, "entity": entity, "entity_id": name} | _row(run, worth, rule, mine, block, seed)
                )
    kinds = empty_table("replay").dtypes
    order = list(nomenclature()["replay"].key)
    return pd.DataFrame(rows, columns=list(kinds.index)).astype(kinds.to_dict()).sort_values(order, ignore_index=True)


def _row(run: RuleReplay, worth: Worth, rule: str, mine: np.ndarray, block: int, seed: int) -> dict:
    path, known = run.paths[rule], run.counted[mine]
    demand, served = path.demand[mine] * known, path.served[mine] * known
    stock = path.end_stock[mine]
    years = run.demand.quantity.shape[1] / run.demand.steps_a_year
    asked, met, weight = demand.sum(), served.sum(), worth.weight[mine]
    value = (stock * worth.unit_cost[mine, None]).sum(axis=0)
    weighted = (served * weight[:, None]).sum(axis=0), (demand * weight[:, None]).sum(axis=0)
    low, high = block_bootstrap_ratio_interval(*weighted, block=block, draws=_DRAWS, seed=seed, confidence=_CONFIDENCE)
    short = ((demand - served).sum(axis=1) * worth.margin[mine]).sum() / years
    held = (stock.mean(axis=1) * worth.holding[mine]).sum()
    orders = (path.ordered[mine] > 0).sum() / years
    sold_cost = (served.sum(axis=1) * worth.unit_cost[mine]).sum() / years
    asking = (demand > 0).sum()
    told = worth.expected[mine] * demand.sum(axis=1)
    return {
        "places": len(mine),
        "demand": asked,
        "served": met,
        "fill_rate": met / asked if asked > 0 else np.nan,
        "weighted_fill_rate": _ratio(weighted[0].sum(), weighted[1].sum()),
        "fill_low": float(low),
        "fill_high": float(high),
        "expected_fill_rate": _ratio(np.nansum(told), asked) if rule == OWN else np.nan,
        "steps_served": _ratio(((demand > 0) & (served >= demand - 1e-9)).sum(), asking),
        "forecast_bias": _ratio((run.expected[mine] * known).sum() - asked, asked),
        "stock_value": float(value.mean()),
        "turns": _ratio(sold_cost, value.mean()),
        "orders_year": float(orders),
        "lost_margin": float(short),
        "holding_cost": float(held),
        "total_cost": float(short + held + orders * worth.order_cost),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan


def tell_gains(run: RuleReplay, worth: Worth, *, block: int, seed: int) -> pd.DataFrame:
    """Return ``replay_gain``: what the own rules save against each other rule, with intervals.

    Parameters
    ----------
    run, worth, block, seed
        As `tell_replay` takes them.

    Returns
    -------
    DataFrame
        A row per rule compared: "one size at equal service" (stock of one target for all that serves as much, between
        replayed targets), each single target, and the rule of thumb; saved stock value [currency and share] and saved
        cost [currency/year] with the interval that a time-block bootstrap gives. Missing where no replayed target serves
        as much.
    """
    sums = {rule: _period_sums(run, worth, rule) for rule in run.paths}
    steps = run.demand.quantity.shape[1]
    counts = block_counts(steps, draws=_DRAWS, block=block, seed=seed)
    every = np.concatenate([np.ones((steps, 1)), counts], axis=1)
    drawn = {rule: {name: values @ every for name, values in parts.items()} for rule, parts in sums.items()}
    kinds = empty_table("replay_gain").dtypes
    return pd.DataFrame(list(_gain_rows(drawn, run)), columns=list(kinds.index)).astype(kinds.to_dict())


def _period_sums(run: RuleReplay, worth: Worth, rule: str) -> dict[str, np.ndarray]:
    path, known = run.paths[rule], run.counted
    years = run.demand.steps_a_year
    short = ((path.demand - path.served) * known * worth.margin[:, None]).sum(axis=0)
    held = (path.end_stock * worth.holding[:, None]).sum(axis=0) / years
    return {
        "asked": (path.demand * known * worth.weight[:, None]).sum(axis=0),
        "met": (path.served * known * worth.weight[:, None]).sum(axis=0),
        "value": (path.end_stock * worth.unit_cost[:, None]).sum(axis=0),
        "cost": short + held + (path.ordered > 0).sum(axis=0) * worth.order_cost,
    }


def _gain_rows(drawn: dict[str, dict[str, np.ndarray]], run: RuleReplay) -> Iterator[dict]:
    steps, years = run.demand.quantity.shape[1], run.demand.quantity.shape[1] / run.demand.steps_a_year
    own = drawn[OWN]
    fill, value, cost = _fill(own), own["value"] / steps, own["cost"] / years
    targets = [drawn[one_target_name(target)] for target in ONE_TARGETS]
    fills, values, costs = (
        np.stack(table)
        for table in zip(*((_fill(one), one["value"] / steps, one["cost"] / years) for one in targets), strict=True)
    )
    equal_value, equal_cost = _at_equal(fills, values, fill), _at_equal(fills, costs, fill)
    yield _gain("one size at equal service", fill, fill, equal_value, value, equal_cost, cost)
    cheapest = costs[:, 0].argmin()
    yield _gain(
        "one size, cheapest in hindsight", fill, fills[cheapest], values[cheapest], value, costs[cheapest], cost
    )
    for target, *rest in zip(ONE_TARGETS, fills, values, costs, strict=True):
        yield _gain(one_target_name(target), fill, rest[0], rest[1], value, rest[2], cost)
    thumb = drawn[THUMB]
    yield _gain(THUMB, fill, _fill(thumb), thumb["value"] / steps, value, thumb["cost"] / years, cost)


def _fill(sums: dict[str, np.ndarray]) -> np.ndarray:
    return sums["met"] / np.maximum(sums["asked"], 1e-12)


def _at_equal(fills: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return values at wanted fills, between the targets on either side; missing beyond them. All by draw."""
    found = np.full(wanted.shape, np.nan)
    for draw in range(len(wanted)):
        order = np.argsort(fills[:, draw], kind="stable")
        given = fills[order, draw]
        if given[0] <= wanted[draw] <= given[-1]:
            found[draw] = np.interp(wanted[draw], given, values[order, draw])
    return found


def _gain(
    name: str,
    fill: np.ndarray,
    other_fill: np.ndarray,
    other_value: np.ndarray,
    value: np.ndarray,
    other_cost: np.ndarray,
    cost: np.ndarray,
) -> dict:
    share = 1.0 - value / np.maximum(other_value, 1e-12)
    saved = other_cost - cost
    told = {"rule": name, "fill_rate": fill[0], "other_fill_rate": other_fill[0], "stock_value": value[0]}
    told |= {
        "other_stock_value": other_value[0],
        "stock_saved": other_value[0] - value[0],
        "stock_saved_share": share[0],
    }
    told |= dict(zip(("share_low", "share_high"), _interval(share[1:]), strict=True))
    told |= {"total_cost": cost[0], "other_total_cost": other_cost[0], "cost_saved": saved[0]}
    return told | dict(zip(("cost_low", "cost_high"), _interval(saved[1:]), strict=True))


def _interval(draws: np.ndarray) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if len(known) < 0.8 * len(draws):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)
