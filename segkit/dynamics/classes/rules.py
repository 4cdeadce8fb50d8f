"""Segments that a rule makes: all items, customers or suppliers that meet a condition of segkit.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.conditions import rows_that_meet
from segkit.core.errors import SettingsError
from segkit.core.settings import RuleSegment

ENTITIES = {"items": "item", "customers": "customer", "suppliers": "supplier"}
MADE = {
    "items": ("item_value", "item_segments"),
    "customers": ("customer_value", "customer_segments"),
    "suppliers": ("supplier_segments",),
}


@dataclass(frozen=True)
class Choices:
    """What rules choose from: one row per item, customer and supplier, with attributes, figures and segments."""

    items: pd.DataFrame
    customers: pd.DataFrame
    suppliers: pd.DataFrame

    def of(self, kind: str) -> pd.DataFrame:
        """Return the table of a kind: items, customers or suppliers."""
        return getattr(self, kind)


def join_facts(key: str, *tables: pd.DataFrame) -> pd.DataFrame:
    """Return one row per id of any table, with the columns of all; of equal names the last that is filled counts.

    Parameters
    ----------
    key : str
        Column of the ids, unique in each table.
    *tables : DataFrame
        Masters first, then what the plan makes of them.

    Returns
    -------
    DataFrame
        Sorted by ``key``; customers who are not named are left out.

    Examples
    --------
    >>> master = pd.DataFrame({"item_id": ["a", "b"], "category": ["x", "y"]})
    >>> join_facts("item_id", master, pd.DataFrame({"item_id": ["b"], "category": ["z"]}))["category"].tolist()
    ['x', 'z']
    """
    named = pd.unique(pd.concat([table[key] for table in tables]).dropna())
    ids = pd.Index(sorted(set(named) - {UNKNOWN_CUSTOMER}), name=key, dtype="str")
    columns: dict[str, pd.Series] = {}
    for table in tables:
        facts = table.drop_duplicates(key).set_index(key).reindex(ids)
        for name in facts.columns:
            cells = facts[name]
            columns[name] = cells.where(cells.notna(), columns[name]) if name in columns else cells
    return pd.DataFrame(columns, index=ids).reset_index()


def join_choices(masters: Choices, made: Mapping[str, pd.DataFrame]) -> Choices:
    """Return what rules choose from: each master with the tables that the plan makes of it.

    Parameters
    ----------
    masters : Choices
        Tables items, customers and suppliers as the company gives them.
    made : mapping of str to DataFrame
        Tables of the plan by name: those of ``MADE``.

    Returns
    -------
    Choices
        One row per id of any table (see `join_facts`).
    """
    return Choices(
        *(
            join_facts(f"{entity}_id", masters.of(kind), *(made[name] for name in MADE[kind]))
            for kind, entity in ENTITIES.items()
        )
    )


def require_rules(masters: Choices, *, rules: Mapping[str, RuleSegment]) -> None:
    """Raise a SettingsError if a condition is no SQL or names no column, before any table of the plan is made.

    Parameters
    ----------
    masters : Choices
        Tables items, customers and suppliers as the company gives them.
    rules : mapping of str to RuleSegment
        Rules by name.
    """
    if rules:
        heads = Choices(*(masters.of(kind).head(0) for kind in ENTITIES))
        match_rules(join_choices(heads, {name: empty_table(name) for name in sum(MADE.values(), ())}), rules=rules)


def match_rules(choices: Choices, *, rules: Mapping[str, RuleSegment]) -> pd.DataFrame:
    """Return ``rule_segments``: what meets each rule now.

    Parameters
    ----------
    choices : Choices
        What the rules choose from.
    rules : mapping of str to RuleSegment
        Rules by name: what each is of, and its SQL condition over the columns of that table.

    Returns
    -------
    DataFrame
        One row per rule and member.

    Raises
    ------
    SettingsError
        Conditions are no SQL, or name columns that are not there (with the nearest that is): all of them at once.
    """
    parts = []
    met = _meet(choices, rules)
    for name in sorted(rules):
        entity = ENTITIES[rules[name].of]
        ids = choices.of(rules[name].of).loc[met[name], f"{entity}_id"]
        parts.append(pd.DataFrame({"rule": name, "entity": entity, "entity_id": ids.to_numpy()}))
    table = pd.concat(parts) if parts else empty_table("rule_segments")
    return table.astype("str").sort_values(["rule", "entity", "entity_id"], ignore_index=True)


def count_rules(rule_segments: pd.DataFrame, choices: Choices, *, rules: Mapping[str, RuleSegment]) -> pd.DataFrame:
    """Return ``rule_counts``: how many meet each rule now, and what they are worth.

    Parameters
    ----------
    rule_segments : DataFrame
        Table of that name.
    choices : Choices
        What the rules choose from, with revenue and net_margin [currency].
    rules : mapping of str to RuleSegment
        Rules by name.

    Returns
    -------
    DataFrame
        One row per rule, those that nothing meets included.
    """
    if not rules:
        return empty_table("rule_counts")
    return pd.DataFrame([_count(name, rules[name], rule_segments, choices) for name in sorted(rules)])


def _meet(choices: Choices, rules: Mapping[str, RuleSegment]) -> dict[str, np.ndarray]:
    """Return which rows of its table meet each rule."""
    texts = {f"rules.{name}.where": name for name in rules}
    met: dict[str, np.ndarray] = {}
    problems = []
    for kind in ENTITIES:
        conditions = {where: rules[name].where for where, name in texts.items() if rules[name].of == kind}
        try:
            found = rows_that_meet(choices.of(kind), conditions)
        except SettingsError as error:
            problems.append(str(error))
            continue
        met |= {texts[where]: rows for where, rows in found.items()}
    if problems:
        raise SettingsError("\n".join(problems))
    return met


def _count(name: str, rule: RuleSegment, rule_segments: pd.DataFrame, choices: Choices) -> dict:
    table, entity = choices.of(rule.of), ENTITIES[rule.of]
    ids = rule_segments.loc[(rule_segments["rule"] == name).to_numpy(dtype=bool), "entity_id"]
    inside = table[table[f"{entity}_id"].isin(ids).to_numpy(dtype=bool)]
    money = {word: float(inside[word].sum(min_count=1)) for word in ("revenue", "net_margin")} if len(inside) else {}
    money = {word: money.get(word, 0.0) for word in ("revenue", "net_margin")}
    share = len(inside) / len(table) if len(table) else 0.0
    return {"rule": name, "entity": entity, "where": rule.where, "members": len(inside), "share": share, **money}
