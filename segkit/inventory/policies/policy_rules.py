"""The rule table: which policy, target, review and caps each item-location gets, who decided, and what else fitted."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.conditions import never_decides, rows_that_meet
from segkit.core.errors import CoverageError, list_problems
from segkit.core.policy_settings import Policies, PolicyRule
from segkit.inventory.policies.not_named import add_not_named, why_not_stocked
from segkit.inventory.policies.places import PLACE, empty_places
from segkit.inventory.policies.policy_overrides import require_policy_overrides
from segkit.inventory.policies.set_by_person import set_by_person

_LIMITS = ("max_cover_days", "min_stock", "max_stock")
_SHOWN = 3


def require_policy_rules(policies: Policies) -> None:
    """Raise a SettingsError if a condition is no SQL or names no column, before any table of the plan is made.

    Parameters
    ----------
    policies : Policies
        Settings ``policies``.
    """
    _meet(empty_places(), policies.rules_in_order)


def match_policies(
    places: pd.DataFrame, policy_overrides: pd.DataFrame, *, policies: Policies, review_days: float, as_of: date
) -> pd.DataFrame:
    """Return ``policy_rules``: what every item-location gets, and why.

    Parameters
    ----------
    places : DataFrame
        One row per item-location with the columns that the rules name (see `join_places`).
    policy_overrides : DataFrame
        Table of that name: what a person set.
    policies : Policies
        Settings ``policies``: the rules, tried in their order.
    review_days : float
        Days between two looks at the stock, where a rule does not say.
    as_of : date
        Day on which an override must hold.

    Returns
    -------
    DataFrame
        One row per item-location, sorted by it. The first rule that is met decides (``rule``, ``source`` rule), the
        others that are met stand in ``also_matched``. Where a person has set something, ``source`` is override and
        ``rule_would_be`` keeps what the rule alone gives.

    Raises
    ------
    SettingsError
        Conditions are no SQL, or name columns that are not there: all of them at once.
    DataError
        Overrides cannot hold (see `list_policy_override_problems`).
    CoverageError
        Item-locations that no rule covers: how many, the first, in which segments.
    """
    require_policy_overrides(policy_overrides)
    rules = policies.rules_in_order
    if places.empty:
        return empty_table("policy_rules")
    places = places.sort_values(PLACE, ignore_index=True)
    met = _meet(places, rules)
    _require_covered(places, met)
    winner = met.argmax(axis=1)
    given = pd.DataFrame([_given(name, rule, review_days) for name, rule in rules.items()])
    table = given.take(winner).reset_index(drop=True)
    if policies.rules:
        why = why_not_stocked(places, np.array(list(rules), dtype=object)[winner], rules)
        table["reason"] += ("; " + why + ", which no rule names").where(why != "", "")
    table = pd.concat([places[PLACE], table], axis=1).assign(also_matched=_others(met, winner, list(rules)))
    table = set_by_person(table, policy_overrides, as_of=as_of)
    kinds = empty_table("policy_rules").dtypes
    return table[list(kinds.index)].astype(kinds.to_dict())


def check_policy_rules(places: pd.DataFrame, *, policies: Policies) -> pd.DataFrame:
    """Return ``policy_checks``: how many item-locations each rule meets, for how many it decides, what shadows it.

    Parameters
    ----------
    places : DataFrame
        One row per item-location with the columns that the rules name (see `join_places`).
    policies : Policies
        Settings ``policies``.

    Returns
    -------
    DataFrame
        One row per rule, in the order in which they are tried. What a person set does not count here. Last rows tell
        what has ended, or sold once only, and is stocked as the rules of segkit.toml do not name it.

    Raises
    ------
    SettingsError
        Conditions are no SQL, or name columns that are not there: all of them at once.
    """
    rules = policies.rules_in_order
    met, names = _meet(places, rules), list(rules)
    winner = np.where(met.any(axis=1), met.argmax(axis=1), -1) if len(met) else np.zeros(0, dtype=int)
    counts = [np.bincount(winner[met[:, place]], minlength=len(names)) for place in range(len(names))]
    dead = never_decides({name: rule.where for name, rule in rules.items()})
    rows = []
    for place, (name, rule) in enumerate(rules.items()):
        earlier = {names[other]: int(counts[place][other]) for other in range(place) if counts[place][other]}
        tally = {"matched": int(met[:, place].sum()), "won": int(counts[place][place])}
        row = {"rank": place + 1, "rule": name, "where": rule.where, "policy": rule.policy}
        row |= {"service_measure": rule.service_measure, "target": rule.target, **tally}
        shadows = ", ".join(f"{other} {count:,}" for other, count in earlier.items())
        rows.append({**row, "shadowed_by": shadows, "problem": dead.get(name) or _problem(**tally)})
    kinds = empty_table("policy_checks").dtypes
    table = pd.DataFrame(rows, columns=list(kinds.index)).astype(kinds.to_dict())
    decides = np.array([*names, ""], dtype=object)[winner]
    return add_not_named(table, places, decides, rules) if policies.rules and len(places) else table


def describe_rule(rule: PolicyRule, review_days: float) -> str:
    """Return what a rule gives, in words.

    Examples
    --------
    >>> describe_rule(PolicyRule(where="true", policy="min_max", fill_rate=0.95, max_stock=40), 7)
    'min_max, fill_rate 0.95, review_days 7, max_stock 40'
    """
    if rule.policy == "to_order":
        return "to_order"
    goal = rule.service_measure if rule.target is None else f"{rule.service_measure} {rule.target:g}"
    review = rule.review_days if rule.review_days is not None else review_days
    caps = [f"{name} {getattr(rule, name):g}" for name in _LIMITS if getattr(rule, name) is not None]
    return ", ".join([rule.policy, goal, f"review_days {review:g}", *caps])


def _given(name: str, rule: PolicyRule, review_days: float) -> dict:
    caps = {limit: np.nan if getattr(rule, limit) is None else getattr(rule, limit) for limit in _LIMITS}
    review = rule.review_days if rule.review_days is not None else review_days
    goal = {"service_measure": rule.service_measure, "target": np.nan if rule.target is None else rule.target}
    words = {"rule_would_be": describe_rule(rule, review_days), "reason": f"rule {name}: {rule.where}"}
    return {"rule": name, "policy": rule.policy, **goal, "review_days": review, **caps, **words}


def _meet(places: pd.DataFrame, rules: dict[str, PolicyRule]) -> np.ndarray:
    """Return which places (rows) meet which rules (columns, in their order)."""
    found = rows_that_meet(places, {f"policies.rules.{name}.where": rule.where for name, rule in rules.items()})
    return np.column_stack(list(found.values()))


def _require_covered(places: pd.DataFrame, met: np.ndarray) -> None:
    bare = places[~met.any(axis=1)]
    if bare.empty:
        return
    first = "; ".join(f"{item} at {place}" for item, place in bare[PLACE].head(_SHOWN).itertuples(index=False))
    problem = f"{len(bare):,} of {len(places):,} item-locations meet no rule, first: {first}"
    concerned = []
    for name in ("segment", "life_cycle", "pattern"):
        if name in bare:
            counts = bare[name].fillna("").replace("", "(none)").value_counts().sort_index()
            counts = counts.sort_values(ascending=False, kind="stable")
            told = ", ".join(f"{word} {count:,}" for word, count in counts.items())
            concerned.append(f"  {name}: {told}")
    fix = 'Add a last rule that meets all: [policies.rules.all_others] where = "true".'
    raise CoverageError(
        list_problems("policies.rules leave item-locations without a policy", [problem], [*concerned, fix])
    )


def _others(met: np.ndarray, winner: np.ndarray, names: list[str]) -> np.ndarray:
    """Return the rules met besides the one that decides, as text per place."""
    also = met.copy()
    also[np.arange(len(met)), winner] = False
    kinds, which = np.unique(also, axis=0, return_inverse=True)
    words = [", ".join(name for name, hit in zip(names, kind, strict=True) if hit) for kind in kinds]
    return np.array(words, dtype=object)[which.reshape(-1)]


def _problem(matched: int, won: int) -> str:
    if not matched:
        return "meets nothing now"
    return "" if won else "decides nothing now: always met by earlier rules"
