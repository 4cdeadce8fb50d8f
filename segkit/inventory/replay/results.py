"""What rules gave, as tables: by segment, and what the own rules gain on one size for all at equal service."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.formulas.class_bootstrap import block_counts
from segkit.formulas.time_bootstrap import block_bootstrap_ratio_interval
from segkit.inventory.replay.rules import ONE_TARGETS, OWN, THUMB, one_target_name

EQUAL, CHEAPEST = "one size at equal service", "one size, cheapest in hindsight"
_DRAWS, _CONFIDENCE, _YEAR = 1000, 0.9, 365.25
_LEAST_SHORT = 1e-6
_COSTS = ("shortage_cost", "holding_cost", "order_cost")
_SERVED = ("weighted_demand", "weighted_served")
Draws = dict[str, np.ndarray]


def tell_replay(steps: pd.DataFrame, *, step_days: float, block: int, seed: int) -> pd.DataFrame:
    """Return ``replay``: what every rule gave in all, and in every segment.

    Parameters
    ----------
    steps : DataFrame
        Table ``replay_steps``.
    step_days : float
        Days of a step.
    block : int
        Steps drawn together for intervals.
    seed : int
        Of the intervals.
    """
    kinds = empty_table("replay").dtypes
    if steps.empty:
        return empty_table("replay")
    key = list(nomenclature()["replay"].key)
    steps = steps.sort_values([*key, "period"], ignore_index=True)
    grouped = steps.groupby(key, sort=True)
    total, years = grouped.sum(numeric_only=True), grouped.size() * step_days / _YEAR
    value, asked = grouped["stock_value"].mean(), total["demand"]
    low, high = _fill_intervals(steps, grouped.size().to_numpy(), block, seed)
    own = total.index.get_level_values("rule") == OWN
    table = pd.DataFrame(
        {
            "places": grouped["places"].first(),
            "demand": asked,
            "served": total["served"],
            "fill_rate": _ratio(total["served"], asked),
            "weighted_fill_rate": _ratio(total["weighted_served"], total["weighted_demand"]),
            "fill_low": low,
            "fill_high": high,
            "expected_fill_rate": _ratio(total["expected_served"], asked).where(own),
            "cycle_service": _ratio(total["cycles_served"], total["cycles"]),
            "expected_cycle_service": _ratio(total["expected_cycles_served"], total["cycles"]).where(own),
            "steps_served": _ratio(total["served_steps"], total["asked_steps"]),
            "forecast_bias": _ratio(total["expected_demand"] - asked, asked),
            "stock_value": value,
            "turns": _ratio(total["served_cost"] / years, value),
            "orders_year": total["orders"] / years,
            "lost_margin": total["lost_margin"] / years,
            "shortage_cost": total["shortage_cost"] / years,
            "holding_cost": total["holding_cost"] / years,
            "total_cost": sum(total[name] for name in _COSTS) / years,
        }
    )
    return table.reset_index()[list(kinds.index)].astype(kinds.to_dict())


def _fill_intervals(steps: pd.DataFrame, lengths: np.ndarray, block: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the weighted fill rate of each run of rows; those of equal length are drawn together."""
    low, high, begin = np.empty(len(lengths)), np.empty(len(lengths)), np.cumsum(lengths) - lengths
    served, asked = steps["weighted_served"].to_numpy(), steps["weighted_demand"].to_numpy()
    for length in np.unique(lengths):
        mine = np.flatnonzero(lengths == length)
        cells = begin[mine, None] + np.arange(length)
        low[mine], high[mine] = block_bootstrap_ratio_interval(
            served[cells], asked[cells], block=block, draws=_DRAWS, seed=seed, confidence=_CONFIDENCE
        )
    return low, high


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole).where(whole > 0)


def tell_gains(steps: pd.DataFrame, *, step_days: float, block: int, seed: int) -> pd.DataFrame:
    """Return ``replay_gain``: what the own rules save against each other rule, with intervals.

    Parameters
    ----------
    steps, step_days, block, seed
        As `tell_replay` takes them.

    Returns
    -------
    DataFrame
        A row per rule compared: "one size at equal service" (stock of one target for all that serves as much), each
        single target, the cheapest of them in hindsight, and the rule of thumb; saved stock value [currency and share]
        and saved cost [currency/year] with the interval that a time-block bootstrap gives. Missing where no replayed
        target serves as much, and where what service is weighted by, or what stock is worth, is not known.

    Notes
    -----
    Between two replayed targets, stock is taken as linear in the logarithm of what is short: stock against fill rate is
    convex, and a straight line between two points of it would flatter the own rules.
    """
    every = steps[(steps["entity"] == "all").to_numpy()]
    if every.empty:
        return empty_table("replay_gain")
    wide = {
        name: every.pivot(index="period", columns="rule", values=name) for name in (*_COSTS, *_SERVED, "stock_value")
    }
    count = len(wide["stock_value"])
    counts = block_counts(count, draws=_DRAWS, block=block, seed=seed)
    drawn = np.concatenate([np.ones((count, 1)), counts], axis=1)
    rules = wide["stock_value"].columns
    sums = {name: dict(zip(rules, table.to_numpy().T @ drawn, strict=True)) for name, table in wide.items()}
    fill = {rule: _per(sums["weighted_served"][rule], sums["weighted_demand"][rule]) for rule in rules}
    value = {rule: sums["stock_value"][rule] / count for rule in rules}
    years = count * step_days / _YEAR
    cost = {rule: sum(sums[name][rule] for name in _COSTS) / years for rule in rules}
    kinds = empty_table("replay_gain").dtypes
    rows = list(_gain_rows(fill, value, cost))
    return pd.DataFrame(rows, columns=list(kinds.index)).astype(kinds.to_dict()).sort_values("rule", ignore_index=True)


def _gain_rows(fill: Draws, value: Draws, cost: Draws) -> Iterator[dict]:
    names = [one_target_name(target) for target in ONE_TARGETS]
    fills, values, costs = (np.stack([table[name] for name in names]) for table in (fill, value, cost))
    equal = _at_equal(fills, values, fill[OWN], (values, costs))
    own = fill[OWN], value[OWN], cost[OWN]
    yield _gain(EQUAL, own, (fill[OWN], *equal))
    cheapest = names[int(costs[:, 0].argmin())]
    for told, rule in ((CHEAPEST, cheapest), *((name, name) for name in names), (THUMB, THUMB)):
        yield _gain(told, own, (fill[rule], value[rule], cost[rule]))


def _at_equal(
    fills: np.ndarray, stock: np.ndarray, wanted: np.ndarray, told: tuple[np.ndarray, ...]
) -> list[np.ndarray]:
    """Return what is told of the targets at wanted fills, between those on either side; missing beyond them. By draw.

    Of targets that serve the same, as those do that serve all, the one with the least stock counts.
    """
    found = [np.full(wanted.shape, np.nan) for _ in told]
    for draw in range(len(wanted)):
        order = np.lexsort((stock[:, draw], fills[:, draw]))
        given = fills[order, draw]
        if given[0] <= wanted[draw] <= given[-1]:
            short = -np.log(np.maximum(1.0 - given, _LEAST_SHORT))
            at = -np.log(max(1.0 - wanted[draw], _LEAST_SHORT))
            first = np.append(True, np.diff(short) > 0)
            for values, figures in zip(found, told, strict=True):
                values[draw] = np.interp(at, short[first], figures[order[first], draw])
    return found


def _gain(name: str, own: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> dict:
    fill, value, cost = own
    other_fill, other_value, other_cost = other
    share, saved = 1.0 - _per(value, other_value), other_cost - cost
    told = {"rule": name, "fill_rate": fill[0], "other_fill_rate": other_fill[0], "stock_value": value[0]}
    told |= {"other_stock_value": other_value[0], "stock_saved": other_value[0] - value[0]}
    told |= {"stock_saved_share": share[0], "total_cost": cost[0], "other_total_cost": other_cost[0]}
    told |= dict(zip(("share_low", "share_high"), _interval(share[1:]), strict=True))
    return told | {"cost_saved": saved[0]} | dict(zip(("cost_low", "cost_high"), _interval(saved[1:]), strict=True))


def _per(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return shares of a whole; missing where there is none of it, as where no margin or no cost is known."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _interval(draws: np.ndarray) -> tuple[float, float]:
    known = draws[np.isfinite(draws)]
    if len(known) < 0.8 * len(draws):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)
