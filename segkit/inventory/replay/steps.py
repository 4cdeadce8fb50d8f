"""What rules gave step by step, added up over segments: all that is told of a replay rests on these sums."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.inventory.replay.beside import work_beside
from segkit.inventory.replay.runs import RulePath, RuleReplay


@dataclass(frozen=True)
class Worth:
    """What units are worth, by place: ``unit_cost`` and ``margin`` [currency/unit], ``holding`` [currency/unit/year].

    ``shortage`` is what a unit short costs, as levels are sized [currency/unit]; ``weight`` is that by which service is
    weighted, ``order_cost`` that of an order line (0 = not known); ``segments`` has a column per entity by which
    results are told, ``expected`` the fill_rate that levels were to give,
    ``expected_cycles`` the cycle_service.
    """

    unit_cost: np.ndarray
    margin: np.ndarray
    shortage: np.ndarray
    holding: np.ndarray
    weight: np.ndarray
    order_cost: float
    segments: pd.DataFrame
    expected: np.ndarray
    expected_cycles: np.ndarray


def sum_steps(run: RuleReplay, worth: Worth) -> pd.DataFrame:
    """Return ``replay_steps``: per rule, segment and step what was asked, met, held and ordered.

    Parameters
    ----------
    run : RuleReplay
        From `replay_rules`.
    worth : Worth
        Row by row as the places.

    Returns
    -------
    DataFrame
        Demand that a stock-out hid counts neither as asked nor as met, and its step costs neither shortages nor
        holding; its stock, and what leaves it at unit cost, do count.
    """
    steps, years = run.demand.quantity.shape[1], run.demand.steps_a_year
    known, groups = run.counted, _Groups.of(worth.segments)

    def figures_of(path: RulePath) -> Iterator[tuple[str, np.ndarray]]:
        asked, met = path.demand * known, path.served * known
        short = asked - met
        yield "demand", asked
        yield "served", met
        yield "weighted_demand", asked * worth.weight[:, None]
        yield "weighted_served", met * worth.weight[:, None]
        yield "expected_demand", run.expected * known
        yield "expected_served", asked * worth.expected[:, None]
        yield "asked_steps", (asked > 0).astype(float)
        yield "served_steps", ((asked > 0) & (short <= 1e-9)).astype(float)
        yield "cycles", path.cycles.astype(float)
        yield "cycles_served", path.cycles_served.astype(float)
        yield "expected_cycles_served", path.cycles * worth.expected_cycles[:, None]
        yield "served_cost", path.served * worth.unit_cost[:, None]
        yield "stock_value", path.mean_stock * worth.unit_cost[:, None]
        yield "lost_margin", short * worth.margin[:, None]
        yield "shortage_cost", short * worth.shortage[:, None]
        yield "holding_cost", path.mean_stock * known * worth.holding[:, None] / years
        yield "orders", (path.ordered > 0).astype(float)

    def steps_of(rule: str, path: RulePath) -> list[pd.DataFrame]:
        finest = {name: groups.of_places @ values for name, values in figures_of(path)}
        made = []
        for entity, names, of_groups, places in groups.entities:
            table = pd.DataFrame({name: (of_groups @ sums).ravel() for name, sums in finest.items()})
            table["entity_id"] = np.repeat(names, steps)
            table["places"] = np.repeat(places, steps)
            table["period"] = np.tile(run.demand.starts.to_numpy(), len(names))
            made.append(table.assign(rule=rule, entity=entity, order_cost=table["orders"] * worth.order_cost))
        return made

    kept = [table for made in work_beside(lambda one: steps_of(*one), run.paths.items()) for table in made]
    kinds = empty_table("replay_steps").dtypes
    made = pd.concat(kept, ignore_index=True) if kept else empty_table("replay_steps")
    order = list(nomenclature()["replay_steps"].key)
    return made[list(kinds.index)].astype(kinds.to_dict()).sort_values(order, ignore_index=True)


@dataclass(frozen=True)
class _Groups:
    """Places that are in the same segment of every entity, so that each place is added up once.

    ``of_places`` @ values by place are sums by group; each of ``entities`` has its name, those of its segments, the
    matrix that adds groups up to segments, and the number of places of each.
    """

    of_places: Any
    entities: list[tuple[str, np.ndarray, Any, np.ndarray]]

    @classmethod
    def of(cls, segments: pd.DataFrame) -> "_Groups":
        coded = {str(entity): pd.factorize(segments[entity], sort=True) for entity in segments}
        labels = np.column_stack([codes for codes, _ in coded.values()])
        groups, group = np.unique(labels, axis=0, return_inverse=True)
        entities = [
            (entity, np.asarray(names, dtype=object), _adding(groups[:, place], len(names)), np.bincount(codes))
            for place, (entity, (codes, names)) in enumerate(coded.items())
        ]
        return cls(_adding(group.ravel(), len(groups)), entities)


def _adding(groups: np.ndarray, count: int) -> Any:
    """Return the matrix that adds rows up by group."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(count, len(groups)))
