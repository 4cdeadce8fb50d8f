"""What a person set, laid over what the rules give: which value wins, and both values kept."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_checks import add_check
from segkit.inventory.policies.policy_overrides import CAPS, LEVELS, TARGETS, describe_override, held_overrides

BY_RULE, BY_PERSON = "rule", "override"
_HAND, _SHOWN = "(set by a person)", 3
_NEAR = 1e-9


def set_by_person(table: pd.DataFrame, policy_overrides: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return what item-locations get, with what a person has set instead.

    Parameters
    ----------
    table : DataFrame
        What the rules give, one row per item-location: policy, service_measure, target, review_days, caps,
        rule_would_be and reason.
    policy_overrides : DataFrame
        Table of that name, without problems.
    as_of : date
        Day on which an override must hold.

    Returns
    -------
    DataFrame
        With reorder_point, order_up_to, order_quantity and safety_stock as set, source, valid_to; ``rule_would_be``
        only where a person has set something.

    Notes
    -----
    A policy that is not named follows from the figures: a person who sets a reorder point, say, asks for a policy that
    has one. A cap set by a person wins over the opposite cap of the rule, and levels set by a person win over caps of
    the rule that they cross; a safety stock wins over both, as its level is not known yet.
    """
    held = held_overrides(table, policy_overrides, as_of=as_of)
    by_person = held["valid_to"].notna()
    policy = table["policy"].where(~by_person, _policy_for(held, table["policy"]))
    stocked = policy != "to_order"
    made = table.assign(
        policy=policy,
        **_goal(table, held, stocked),
        **_caps(table, held, stocked),
        **{name: held[name] for name in LEVELS},
        max_cover_days=table["max_cover_days"].where(stocked),
        source=np.where(by_person, BY_PERSON, BY_RULE),
        valid_to=held["valid_to"],
    )
    words = table["reason"].where(~by_person, "")
    words[by_person] = [_reason(*pair) for pair in _pairs(held[by_person], made[by_person], table[by_person])]
    return made.assign(rule_would_be=table["rule_would_be"].where(by_person, ""), reason=words)


def check_set_lots(policy_checks: pd.DataFrame, policy_rules: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return ``policy_checks`` with a last row for orders that a person set and that moq or pack rule out, if any.

    Parameters
    ----------
    policy_checks : DataFrame
        Of the rules.
    policy_rules : DataFrame
        Table of that name: order_quantity, reorder_point and order_up_to where a person set one.
    items : DataFrame
        Table ``items``: moq, order_multiple.

    Notes
    -----
    What a person set stands: terms may have been agreed that the item master does not know. But if they were not, no
    such order can be placed, and what the policy is told to give does not come. An order that fills up to a level is no
    smaller than the level lies above the reorder point, and no larger than the level.
    """
    level, point = policy_rules["order_up_to"], policy_rules["reorder_point"].fillna(0.0)
    set_by_hand = policy_rules["order_quantity"].notna() | (level > 0)
    asked, filled = policy_rules[set_by_hand], policy_rules.loc[set_by_hand, "order_quantity"].isna().to_numpy()
    lot = asked["order_quantity"].fillna(np.maximum(level - point, 1.0)).to_numpy(dtype=float)
    least, pack = (
        look_up(asked["item_id"], items, name).fillna(0.0).to_numpy(dtype=float) for name in ("moq", "order_multiple")
    )
    packs = lot / np.where(pack > 0, pack, 1.0)
    few = lot < least - _NEAR
    split = (pack > 0) & np.where(filled, packs < 1.0 - _NEAR, np.abs(packs - np.round(packs)) > _NEAR)
    wrong = np.flatnonzero(few | split)
    if not len(wrong):
        return policy_checks
    words = []
    for row in wrong[:_SHOWN]:
        item, place = asked[PLACE].iloc[row]
        bound = f"moq {least[row]:g}" if few[row] else f"packs of {pack[row]:g}"
        what = "up to its level " if filled[row] else ""
        words.append(f"{item} at {place} {what}{lot[row]:g} ({bound})")
    problem = f"{len(wrong):,} orders set that moq or pack rule out, first: {'; '.join(words)}"
    return add_check(policy_checks, _HAND, problem, matched=len(asked))


def _policy_for(held: pd.DataFrame, base: pd.Series) -> pd.Series:
    """Return the policy that a person named, else the one that the figures call for, else that of the rule."""
    point, up_to, lot = (held[name].notna() for name in ("reorder_point", "order_up_to", "order_quantity"))
    stocks = held[[*TARGETS, "safety_stock", "min_stock"]].fillna(0).gt(0).any(axis=1)
    called = np.select(
        [
            lot,
            up_to & (point | base.isin(["min_max", "reorder_quantity"])),
            point & base.isin(["order_up_to", "to_order"]),
            (up_to | stocks) & (base == "to_order"),
        ],
        ["reorder_quantity", "min_max", "min_max", "order_up_to"],
        default=base,
    )
    return held["policy"].where(held["policy"].notna(), pd.Series(called, index=base.index, dtype="str"))


def _goal(table: pd.DataFrame, held: pd.DataFrame, stocked: pd.Series) -> dict[str, pd.Series]:
    measure, target = table["service_measure"].where(table["service_measure"] != "", "economic"), table["target"]
    for name in TARGETS:
        is_set = held[name].notna()
        measure, target = measure.where(~is_set, name), target.where(~is_set, held[name])
    return {"service_measure": measure.where(stocked, ""), "target": target.where(stocked)}


def _caps(table: pd.DataFrame, held: pd.DataFrame, stocked: pd.Series) -> dict[str, pd.Series]:
    caps = {name: table[name].where(held[name].isna(), held[name]) for name in CAPS}
    crossed = caps["min_stock"] > caps["max_stock"]
    point = held["reorder_point"]
    level = held["order_up_to"].fillna(point + held["order_quantity"]).fillna(point)
    beaten = {"min_stock": caps["min_stock"] > level, "max_stock": caps["max_stock"] < level}
    gone = {name: (crossed | beaten[name] | held["safety_stock"].notna()) & held[name].isna() for name in CAPS}
    return {name: cap.where(stocked & ~gone[name]) for name, cap in caps.items()}


def _pairs(*tables: pd.DataFrame):  # type: ignore[no-untyped-def]
    return zip(*(table.to_dict("records") for table in tables), strict=True)


def _reason(held: dict, made: dict, rule: dict) -> str:
    """Return what a person set, until when, why, and what follows from it."""
    told = f"set by a person until {held['valid_to']:%Y-%m-%d}: {describe_override(held)} ({held['reason']})"
    if held["beats"]:
        told += "; wins over the override for all locations of the item"
    if pd.isna(held["policy"]) and made["policy"] != rule["policy"]:
        told += f"; policy {made['policy']} is what these figures call for"
    for name in CAPS:
        if not pd.isna(rule[name]) and pd.isna(made[name]) and made["policy"] != "to_order":
            told += f"; the rule's {name} {rule[name]:g} gives way"
    return f"{told}; instead of {rule['reason']}"
