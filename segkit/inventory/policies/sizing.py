"""Policies of every item-location: reorder point, order-up-to level and lot, with the service and stock they give."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.formulas.policy_levels import CoveredDemand, ExpectedService, reorder_point_for_cycle_service_by_curve
from segkit.inventory.policies.economics import order_lots
from segkit.inventory.policies.gathered import NONE, Sizing
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_overrides import LEVELS

_YEAR = 365.25
_SET = ("reorder_point", "order_up_to", "safety_stock", "order_quantity")
CEILINGS = ("max_cover_days", "shelf_life_days", "max_stock")
_NEAR = 1e-9
NO_PAY = "no stock pays: it would cost more than it returns"
NO_LEAD_TIME = "no lead time is known"
_NO_RATE = "not sized: the holding cost is not known (give assume.holding_rate)"
_FREE = "not sized: holding costs nothing (unit_cost or assume.holding_rate is zero), so that no stock is too much"
_UNSOLD = "not sized: what a unit costs is not known, as nothing was sold in the window (give items.unit_cost)"
_UNPRICED = "not sized: what a unit costs is not known (give unit_cost, or assume.gross_margin)"
_NOT_SOLD = "not sized: the margin is not known, as nothing was sold in the window (segments.window_months)"
_NO_PRICE = "not sized: the margin is not known, as what was sold has no price (give prices or a fill_rate rule)"
_NO_COST = "not sized: the margin is not known, as what was sold has no cost (unit_cost, assume.gross_margin)"


def size_policies(sizing: Sizing) -> pd.DataFrame:
    """Return ``policies``: what every item-location keeps and orders, and what that is expected to give.

    Parameters
    ----------
    sizing : Sizing
        From `gather_sizing`.

    Returns
    -------
    DataFrame
        One row per item-location with a lead time. What cannot be sized (no margin or holding cost known) keeps blank
        levels and says why; where no unit pays, stock would cost more than it returns, or a cap leaves no room for a
        single unit, the policy is to_order.

    Notes
    -----
    Caps lower or raise the levels that the target asks for; cycle_service (P1), fill_rate (P2) and stock are those that
    the levels really give, unmet demand being lost or waiting as settings say. A target of cycle_service is sized as if
    it waited, which is the safe side. Stock that covers a whole lot more than needed is counted too.
    Orders are taken to arrive in the order in which they were placed: where they follow each other faster than lead
    times scatter, and later ones overtake, more service comes than is told (`find_crossing`).
    """
    rules, costs, covered = sizing.rules, sizing.costs, sizing.covered
    if rules.empty:
        return empty_table("policies")
    lots, (point, lot, capped, reason) = covered.lots, _points(sizing)
    stocked = (rules["policy"] != NONE).to_numpy() & np.isfinite(point)
    shut = stocked & shut_out(point, lot, capped)
    given = sizing.formulas.service(covered.demand, np.where(stocked, point, -lot), lot, pack=filled_by(sizing, lot))
    worth = _worth(sizing, given, stocked)
    by_person = rules[["reorder_point", "order_up_to", "safety_stock"]].notna().any(axis=1).to_numpy()
    free = (rules["service_measure"] == "economic").to_numpy() & ~by_person & ~(rules["min_stock"] > 0).to_numpy()
    dropped = stocked & free & ((worth <= 0) | (point + lot <= 0))
    reason = np.where(dropped, NO_PAY, reason)
    reason[shut] = [f"{told}; {_no_room(*figures)}" for told, *figures in _rows(rules["reason"], capped, lots, shut)]
    kept = stocked & ~dropped & ~shut
    policy = rules["policy"].where(~dropped & ~shut, NONE)
    single = (policy == "order_up_to").to_numpy()
    exposed = np.where(single, point + 1.0, point)  # the least position at which nothing is ordered
    table = pd.DataFrame(
        {
            **{name: rules[name] for name in (*PLACE, "rule", "source", "service_measure", "target", "review_days")},
            "policy": policy,
            "lead_time_days": covered.places["mean_periods"] * sizing.period_days,
            "demand_year": sizing.demand_year,
            **_levels(sizing, point, lot, kept, policy),
            "safety_stock": np.where(kept, (exposed - covered.demand.mean) * lots, _none(policy)),
            "cycle_service": np.where(kept, given.cycle_service, _none(policy)),
            "fill_rate": np.where(kept, given.fill_rate, _none(policy)),
            "stock": np.where(kept, given.on_hand * lots, _none(policy)),
            "unit_cost": costs["unit_cost"],
            "unit_margin": costs["unit_margin"],
            "capped_by": capped,
            "reason": reason,
            "supplies_others": False,
        }
    )
    _keep_set_by_person(table, rules, kept)
    table["stock_value"] = table["stock"] * table["unit_cost"]
    table["holding_cost"] = table["stock"] * costs["holding_cost"]
    short = (1.0 - table["fill_rate"]) * table["demand_year"]
    table["lost_margin"] = short * costs["unit_margin"].clip(lower=0.0)
    kinds = empty_table("policies").dtypes
    return table[list(nomenclature()["policies"].columns)].astype(kinds.to_dict())


def size_targets(sizing: Sizing, targets: Sequence[float]) -> Iterator[pd.DataFrame]:
    """Yield the levels of `size_policies` for one target after the other, each that of all that is stocked.

    Parameters
    ----------
    sizing : Sizing
        Its rules ask for a cycle_service (P1) of all that is stocked; which one does not matter.
    targets : sequence of float
        [0-1]

    Yields
    ------
    DataFrame
        policy, reorder_point, order_up_to [units], order_quantity [units]. What levels give is not worked out, which
        takes most of the time.

    Raises
    ------
    ValueError
        The rules ask for something else.
    """
    stocked, demand = (sizing.rules["policy"] != NONE).to_numpy(), sizing.covered.demand
    if (stocked & (sizing.rules["service_measure"] != "cycle_service").to_numpy()).any():
        raise ValueError("levels are sized for targets of cycle_service: give all that is stocked one")
    lot, rows = wanted_lots(sizing), np.flatnonzero(stocked)
    pack = filled_by(sizing, lot)
    sizing.formulas.prepare(demand, lot, pack=pack)
    some, own = demand.of(rows), (lot[rows], pack[rows])
    aims = np.broadcast_to(np.asarray(targets, dtype=float), (len(rows), len(targets)))
    found = reorder_point_for_cycle_service_by_curve(some, own[0], aims, pack=own[1])
    for place in range(len(targets)):
        point = np.full(len(lot), np.nan)
        point[rows] = found[:, place]
        yield _levels_alone(sizing, *within_caps(sizing, _set_by_person(sizing, point, lot, demand), lot))


def _levels_alone(sizing: Sizing, point: np.ndarray, lot: np.ndarray, capped: np.ndarray) -> pd.DataFrame:
    policy = sizing.rules["policy"].where(~shut_out(point, lot, capped), NONE)
    kept = (policy != NONE).to_numpy() & np.isfinite(point)
    table = pd.DataFrame({"policy": policy, **_levels(sizing, point, lot, kept, policy)})
    _keep_set_by_person(table, sizing.rules, kept)
    return table


def _keep_set_by_person(table: pd.DataFrame, rules: pd.DataFrame, kept: np.ndarray) -> None:
    """Write down what a person set as it was set, not as lots make it; but what a cap left of a safety stock."""
    capped = (table["capped_by"] != "").to_numpy() if "capped_by" in table else np.zeros(len(table), dtype=bool)
    for name in [name for name in LEVELS if name in table]:
        written = kept & rules[name].notna().to_numpy() & ~(capped & (name == "safety_stock"))
        table[name] = rules[name].where(written, table[name])


def _points(sizing: Sizing) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return reorder points and lots [lots], which cap moved them, and why there is none."""
    lot = wanted_lots(sizing)
    point, reason = wanted_points(sizing, lot)
    return *within_caps(sizing, point, lot), reason


def shut_out(point: np.ndarray, lot: np.ndarray, capped: np.ndarray) -> np.ndarray:
    """Return where a cap leaves no room for a single lot, so that nothing is stocked, whatever the least order."""
    return np.isin(capped, CEILINGS) & (point + lot <= _NEAR)


def _no_room(cap: str, lots: float) -> str:
    least = "one unit" if lots == 1.0 else f"the {lots:g} units that demand comes in"
    return f"not stocked: {cap} leaves no room for {least}"


def _rows(reason: pd.Series, capped: np.ndarray, lots: np.ndarray, some: np.ndarray) -> Iterator[tuple]:
    return zip(reason[some], capped[some], lots[some], strict=True)


def _levels(
    sizing: Sizing, point: np.ndarray, lot: np.ndarray, kept: np.ndarray, policy: pd.Series
) -> dict[str, np.ndarray]:
    lots, bare = sizing.covered.lots, _none(policy)
    return {
        "reorder_point": np.where(kept, np.maximum(point * lots, 0.0), bare),
        "order_up_to": np.where(kept, (point + lot) * lots, bare),
        "order_quantity": np.where(kept, lot * lots, bare),
    }


def _none(policy: pd.Series) -> np.ndarray:
    """Return zero for what is not stocked, blank for what could not be sized."""
    return np.where((policy == NONE).to_numpy(), 0.0, np.nan)


def wanted_lots(sizing: Sizing) -> np.ndarray:
    """Return the least lots of an order, as the policy wants them or a person set them. [lots]."""
    rules, lots = sizing.rules, sizing.covered.lots
    wanted = pd.Series(_lots_under(sizing, rules["policy"]))
    apart = rules["order_up_to"] - rules["reorder_point"].fillna(0.0)  # a person's two levels say how much is ordered
    wanted = wanted.where(rules["order_up_to"].isna() | (rules["reorder_point"].isna() & (wanted < apart)), apart)
    return np.maximum(rules["order_quantity"].fillna(wanted).to_numpy() / lots, 1.0)


def _lots_under(sizing: Sizing, policy: pd.Series) -> np.ndarray:
    """Return the least lots that a policy orders: what has no pack comes in the lots of its demand. [units]."""
    costs, review = sizing.costs, sizing.rules["review_days"].to_numpy()
    packed = costs.assign(order_multiple=packs_of(sizing))
    return order_lots(packed, sizing.demand_year, review, policy, order_cost=sizing.order_cost)


def packs_of(sizing: Sizing) -> np.ndarray:
    """Return in what lots an order comes: order_multiple, else the lots of its demand. [units]."""
    pack = sizing.costs["order_multiple"].to_numpy(dtype=float)
    return np.where(pack > 0, pack, sizing.covered.lots)


def filled_by(sizing: Sizing, lot: np.ndarray) -> np.ndarray:
    """Return in what packs an order fills up to the order-up-to level; reorder_quantity orders whole lots. [lots]."""
    single = (sizing.rules["policy"] == "reorder_quantity").to_numpy()
    return np.where(single, lot, np.clip(packs_of(sizing) / sizing.covered.lots, 1.0, lot))


def wanted_points(sizing: Sizing, lot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the reorder points [lots] that targets ask for, or a person set, and why there is none."""
    rules, demand = sizing.rules, sizing.covered.demand
    point, pack = np.full(len(rules), np.nan), filled_by(sizing, lot)
    sizing.formulas.prepare(demand, lot, pack=pack)
    reason = rules["reason"].to_numpy(dtype=object).copy()
    target = rules["target"].to_numpy(dtype=float)
    measure = rules["service_measure"]
    stocked = (rules["policy"] != NONE).to_numpy()
    for name, search in (
        ("cycle_service", reorder_point_for_cycle_service_by_curve),
        ("fill_rate", sizing.formulas.for_fill_rate),
    ):
        rows = np.flatnonzero(stocked & (measure == name).to_numpy())
        if rows.size:
            point[rows] = search(demand.of(rows), lot[rows], target[rows], pack=pack[rows])
    holding = sizing.costs["holding_cost"].to_numpy() * rules["review_days"].clip(lower=1.0).to_numpy() / _YEAR
    shortage = sizing.costs["shortage_cost"].to_numpy()
    economic = stocked & (measure == "economic").to_numpy()
    known = economic & (holding > 0) & np.isfinite(shortage)
    rows = np.flatnonzero(known)
    if rows.size:
        ratio = holding * _beyond_forecast(demand) / np.maximum(shortage, 1e-12)
        point[rows] = sizing.formulas.economic(demand.of(rows), lot[rows], ratio[rows], pack=pack[rows])
    known_of = (sizing.costs[name].notna().to_numpy() for name in ("units_sold", "unit_price", "unit_cost"))
    sold, priced, costed = known_of
    free = np.where(holding == 0, _FREE, _NO_RATE)
    unheld = economic & ~(holding > 0)
    reason[unheld] = np.where(costed, free, np.where(sold, _UNPRICED, _UNSOLD))[unheld]
    bare = economic & (holding > 0) & ~np.isfinite(shortage)
    told = sold if priced.any() else np.full(len(sold), sold.any())  # without any price no window would help
    reason[bare] = np.where(told, np.where(priced, _NO_COST, _NO_PRICE), _NOT_SOLD)[bare]
    return _set_by_person(sizing, point, lot, demand), reason


def _set_by_person(sizing: Sizing, point: np.ndarray, lot: np.ndarray, demand: CoveredDemand) -> np.ndarray:
    rules, lots = sizing.rules, sizing.covered.lots
    set_point, set_level, set_safety = (
        (rules[name].to_numpy(dtype=float) / lots) for name in ("reorder_point", "order_up_to", "safety_stock")
    )
    single = (rules["policy"] == "order_up_to").to_numpy(dtype=float)
    safe = set_safety + demand.mean - single
    point = np.where(np.isfinite(safe), np.round(safe), point)
    point = np.where(np.isfinite(set_level), set_level - lot, point)
    return np.where(np.isfinite(set_point), np.fmin(set_point, set_level - lot), point)


def within_caps(sizing: Sizing, point: np.ndarray, lot: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return reorder points and lots so that the order-up-to level keeps to its caps, and which cap moved it.

    A lot larger than a cap allows is made smaller, as far as moq and pack let it. Days of cover are those of stock on
    hand: what is sold while an order is under way lies on top of it in the level. Of levels that a person set, only
    min_stock and max_stock move what is left open: the reorder point that is set stays, and the lot above it gives way.
    Where a cap leaves some room, but less than moq or pack, these win; where it leaves none, nothing is stocked.
    """
    rules, lots = sizing.rules, sizing.covered.lots
    level, capped = (point + lot) * lots, np.full(len(rules), "", dtype=object)
    set_point, set_level, _, set_lot = (rules[name].notna().to_numpy() for name in _SET)
    whole = set_level | (set_point & set_lot)
    lowered = np.zeros(len(rules), dtype=bool)
    for name, limit in ceilings(sizing).items():
        over = level > limit + _NEAR
        level, capped = np.where(over, np.floor(limit / lots + 1e-9) * lots, level), np.where(over, name, capped)
        lowered |= over
    least = rules["min_stock"].to_numpy(dtype=float)
    under = ~whole & np.isfinite(least) & (level < least - 1e-9)
    level, capped = np.where(under, np.ceil(least / lots - 1e-9) * lots, level), np.where(under, "min_stock", capped)
    single, packs = pd.Series("order_up_to", index=rules.index), packs_of(sizing)
    needed = np.maximum(_lots_under(sizing, single), rules["order_quantity"].fillna(0.0).to_numpy())
    held = set_point & ~whole & (lowered | under)
    moved, room = np.where(held, point, level / lots - lot), np.where(held, level - point * lots, level)
    small = ~set_point & ~set_level & (level > 0) & (moved < 0)  # stock runs out before a whole lot is missing
    fitting = np.where(held & under, np.ceil(room / packs - 1e-9), np.floor(room / packs + 1e-9)) * packs
    capped = np.where((held | small) & (needed > room + 1e-9), "moq", capped)
    lot = np.where(held | (small & lowered), np.maximum(np.maximum(fitting, needed) / lots, 1.0), lot)
    return np.where(small, 0.0, moved), lot, capped


def ceilings(sizing: Sizing) -> dict[str, np.ndarray]:
    """Return by cap the order-up-to level that it allows, without end where there is none or a person's levels win."""
    rules = sizing.rules
    daily = sizing.demand_year / _YEAR
    lead = sizing.covered.places["mean_periods"].to_numpy(dtype=float) * sizing.period_days
    set_point, set_level, set_safety, set_lot = (rules[name].notna().to_numpy() for name in _SET)
    by_person, whole = set_point | set_level | set_safety, set_level | (set_point & set_lot)
    limits = (
        ((rules["max_cover_days"].to_numpy(dtype=float) + lead) * daily, by_person),
        ((sizing.costs["shelf_life_days"].to_numpy(dtype=float) + lead) * daily, by_person),
        (rules["max_stock"].to_numpy(dtype=float), whole),
    )
    return {
        name: np.where(np.isfinite(limit) & ~beaten, limit, np.inf)
        for name, (limit, beaten) in zip(CEILINGS, limits, strict=True)
    }


def _worth(sizing: Sizing, given: ExpectedService, stocked: np.ndarray) -> np.ndarray:
    """Return what stocking returns a year: margin of what is met, less holding, in currency."""
    costs, lots = sizing.costs, sizing.covered.lots
    met = given.fill_rate * sizing.demand_year * costs["shortage_cost"].to_numpy()
    held = given.on_hand * lots * costs["holding_cost"].to_numpy()
    return np.where(stocked, met - held, 0.0)


def _beyond_forecast(demand: CoveredDemand) -> np.ndarray:
    """Return how many times the forecast the mean of the curves is, 1 or more.

    Rare quantiles rest on few errors, and those of slow items can hold several times the demand that is forecast. What
    a unit saves is told by them, so it is divided by this: all that units save then adds up to the demand forecast,
    by which `_worth` judges the whole.
    """
    return np.maximum(demand.moments[0] / np.maximum(demand.mean, 1e-12), 1.0)
