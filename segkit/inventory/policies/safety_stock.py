"""What the safety stock of every item-location is for: cause by cause, without rest."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.policies.covered import CoveredPlaces, FittedPlaces
from segkit.inventory.policies.gathered import NONE, Sizing
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_overrides import LEVELS
from segkit.inventory.policies.sizing import wanted_lots, wanted_points, within_caps

CAUSES = ("demand", "review", "lead_time", "bias", "lots", "limits", "person")
_NEAR = 1e-9


def split_safety_stock(sizing: Sizing, fitted: FittedPlaces, policies: pd.DataFrame) -> pd.DataFrame:
    """Return ``safety_stock_causes``: what each cause asks for of the safety stock of every item-location.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    fitted : FittedPlaces
        What is known of the demand that it covers.
    policies : DataFrame
        Table of that name, from this sizing. What keeps no stock, or could not be sized, has no causes.

    Returns
    -------
    DataFrame
        item_id, location_id, cause, cause_units and cause_value [currency], a row per cause; the units of an
        item-location add up to its safety_stock.

    Notes
    -----
    The level of the same rule is worked out by the code that makes policies, with causes added one at a time:

    - demand: its scatter around the forecast over a fixed lead time, of which the review is a part, ordered lot by lot
      in which demand comes; curves are scaled so that their mean is the forecast;
    - review: the days between two looks at the stock come on top of the lead time. A rule that counts units short
      rather than cycles expects less than their mean demand before the next order comes, so they may ask for less;
    - lead_time: lead times differ;
    - bias: the curves as they are: where earlier forecasts of those alike were too low or too high, they are put right;
    - lots: orders come in lots, packs and minimum quantities. Large lots give service of their own, so the position
      from which nothing is ordered may lie lower;
    - limits: caps, least stock, a budget or the room of a location; person: levels that a person set.

    Each is what its cause adds to those before it, as textbooks take them; an average over all orders (Shapley) would
    need 64 sizings instead of five and would no longer give the textbook's figures: k sigma sqrt(L) for demand,
    and what a random lead time adds to that. Levels are whole lots, so parts of slow movers are whole steps. An
    economic level lies where the unit more no longer pays: its first part is what this asks for above mean demand,
    which is below zero where a shortage costs little.

    References
    ----------
    Silver, E. A., Pyke, D. F. & Thomas, D. J. (2017). Inventory and Production Management in Supply Chains, 4e, ch. 6
    (safety stock as k standard deviations of demand over a lead time, which may be random).
    """
    rows = np.flatnonzero((policies["policy"] != NONE).to_numpy() & policies["safety_stock"].notna().to_numpy())
    if not len(rows):
        return empty_table("safety_stock_causes")
    table, whole = policies.iloc[rows], policies["safety_stock"].to_numpy()[rows]
    person = sizing.rules[list(LEVELS)].notna().any(axis=1).to_numpy()[rows]
    bound = person | (table["capped_by"] != "").to_numpy() | bool(sizing.limits)
    parts = np.diff(np.stack(_levels(sizing.of(rows), fitted, np.where(bound, np.nan, whole))), axis=0, prepend=0.0)
    rest = whole - parts.sum(axis=0)
    rest = np.where(np.abs(rest) > _NEAR * np.maximum(np.abs(parts).sum(axis=0), 1.0), rest, 0.0)
    units = np.vstack([parts, np.where(person, 0.0, rest), np.where(person, rest, 0.0)])
    long = table.loc[table.index.repeat(len(CAUSES)), PLACE].reset_index(drop=True)
    long["cause"] = np.tile(np.array(CAUSES, dtype=object), len(rows))
    long["cause_units"] = units.T.ravel()
    long["cause_value"] = (units * table["unit_cost"].to_numpy()).T.ravel()
    return long.astype(empty_table("safety_stock_causes").dtypes.to_dict())


def sum_safety_stock(safety_stock_causes: pd.DataFrame, item_segments: pd.DataFrame) -> pd.DataFrame:
    """Return what each cause asks for by item segment, at unit cost; what has no unit cost is left out.

    Parameters
    ----------
    safety_stock_causes : DataFrame
        Table of that name.
    item_segments : DataFrame
        Table of that name: item_id, segment.

    Returns
    -------
    DataFrame
        segment ("(none)" = no segment), a column per cause (demand_value, ...) and their sum safety_stock_value
        [currency], most of it first.
    """
    known = safety_stock_causes[safety_stock_causes["cause_value"].notna()]
    names = item_segments.drop_duplicates("item_id").set_index("item_id")["segment"]
    segment = known["item_id"].map(names).astype("str").fillna("").replace("", "(none)").rename("segment")
    sums = known.groupby([segment, known["cause"].astype("str")])["cause_value"].sum().unstack(fill_value=0.0)
    sums = sums.reindex(columns=list(CAUSES), fill_value=0.0).rename_axis(columns=None).add_suffix("_value")
    sums = sums.assign(safety_stock_value=sums.sum(axis=1)).reset_index()
    return sums.sort_values(["safety_stock_value", "segment"], ascending=[False, True], ignore_index=True)


def _levels(sizing: Sizing, fitted: FittedPlaces, told: np.ndarray) -> list[np.ndarray]:
    """Return what levels lie above mean demand as causes are added, by item-location. [units].

    ``told`` is the safety stock of those that nothing limits, blank for others.
    """
    rule = sizing.under()  # without caps, and what a person set
    rule = replace(rule, costs=rule.costs.assign(shelf_life_days=np.nan))
    fixed = fitted.intervals.assign(sd_periods=0.0)
    single, lots = np.ones(len(rule.rules)), wanted_lots(rule)
    certain = (rule.covered.places["sd_periods"] <= 0).to_numpy()
    unbiased = _above_mean(_unbiased(rule), single)
    reviewed = _changed(unbiased, ~certain, _unbiased(_covering(rule, fitted.cover(fixed))), single)
    bare = _above_mean(_unbiased(_within_lead_time(rule, fitted, fixed)), single)
    free = _changed(np.where(lots > 1.0, np.nan, told), (lots > 1.0) | np.isnan(told), rule, single)
    return [bare, reviewed, unbiased, free, _changed(free, lots > 1.0, rule, lots)]


def _within_lead_time(rule: Sizing, fitted: FittedPlaces, fixed: pd.DataFrame) -> Sizing:
    """Return the sizing that covers a fixed lead time alone, of which the review is a part."""
    review = np.minimum(fixed["review_periods"], fixed["mean_periods"])
    inside = fixed.assign(review_periods=review, mean_periods=fixed["mean_periods"] - review)
    made = _covering(rule, fitted.cover(inside))
    days = made.covered.places["review_periods"] * rule.period_days
    return replace(made, rules=rule.rules.assign(review_days=days))


def _changed(level: np.ndarray, changes: np.ndarray, sizing: Sizing, lot: np.ndarray) -> np.ndarray:
    """Return levels above mean demand, worked out anew where something changes them."""
    rows, made = np.flatnonzero(changes), level.copy()
    if len(rows):
        made[rows] = _above_mean(sizing.of(rows), lot[rows])
    return made


def _covering(sizing: Sizing, covered: CoveredPlaces) -> Sizing:
    """Return the sizing with another demand to cover of the same item-locations."""
    keys = (pd.MultiIndex.from_frame(table[PLACE]) for table in (covered.places, sizing.rules))
    rows = next(keys).get_indexer(next(keys))
    places = covered.places.iloc[rows].reset_index(drop=True)
    return replace(sizing, covered=CoveredPlaces(places, covered.demand.of(rows), covered.lots[rows]))


def _unbiased(sizing: Sizing) -> Sizing:
    """Return the sizing with curves of which the mean is the forecast."""
    demand = sizing.covered.demand
    mean = demand.moments[0]
    scale = np.divide(demand.mean, mean, out=np.ones(len(mean)), where=(mean > 0) & (demand.mean > 0))
    whole = demand.whole * scale[:, None]
    scaled = CoveredDemand(whole, demand.chances, demand.mean, demand.review_mean, demand.asked)
    return replace(sizing, covered=replace(sizing.covered, demand=scaled))


def _above_mean(sizing: Sizing, lot: np.ndarray) -> np.ndarray:
    point, lot, _ = within_caps(sizing, wanted_points(sizing, lot)[0], lot)
    exposed = np.where((sizing.rules["policy"] == "order_up_to").to_numpy(), point + 1.0, point)
    return (exposed - sizing.covered.demand.mean) * sizing.covered.lots
