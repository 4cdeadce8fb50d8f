"""Item-locations that the default rules would not stock, and rules of segkit.toml do without naming why."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from segkit.core.conditions import rows_that_meet
from segkit.core.policy_settings import DEFAULT_RULES, PolicyRule
from segkit.inventory.policies.gathered import NONE
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_checks import add_check

_UNSTOCKED = {name: rule for name, rule in DEFAULT_RULES.items() if rule.policy == NONE}
_ONCE = "sold once only"
_SHOWN = 3


def why_not_stocked(places: pd.DataFrame, decides: np.ndarray, rules: Mapping[str, PolicyRule]) -> pd.Series:
    """Return why the default rules would not stock item-locations that the rules given stock without naming that.

    Parameters
    ----------
    places : DataFrame
        One row per item-location with the columns that rules name (see `join_places`).
    decides : array of str
        Name of the rule that decides for each; blank where none does.
    rules : mapping of PolicyRule
        The rules by name.

    Returns
    -------
    Series
        The state of its life cycle, or that it sold once only; blank where nothing is to be told: the rule names the
        state (demand_periods, for what sold once), or keeps no stock.
    """
    known = places.reindex(columns=["life_cycle", "demand_periods"])
    known = known.assign(life_cycle=known["life_cycle"].astype("str"))
    met = rows_that_meet(known, {name: rule.where for name, rule in _UNSTOCKED.items()})
    ended, once = (np.asarray(met[name], dtype=bool) for name in ("ended", "one_off"))
    state = known["life_cycle"].fillna("").to_numpy(dtype=object)
    word = np.where(ended, state, np.where(once, _ONCE, "")).astype(object)
    wheres = {name: rule.where for name, rule in rules.items() if rule.policy != NONE}
    for row in np.flatnonzero(word != ""):
        where = wheres.get(decides[row])
        if where is None or (state[row] if ended[row] else "demand_periods") in where:
            word[row] = ""
    return pd.Series(word, index=places.index, dtype="str")


def add_not_named(
    policy_checks: pd.DataFrame, places: pd.DataFrame, decides: np.ndarray, rules: Mapping[str, PolicyRule]
) -> pd.DataFrame:
    """Return ``policy_checks`` with a row for what has ended, and one for what sold once, where rules stock it unnamed.

    Parameters
    ----------
    policy_checks : DataFrame
        Of the rules.
    places, decides, rules
        As for `why_not_stocked`.
    """
    why = why_not_stocked(places, decides, rules)
    once = (why == _ONCE).to_numpy()
    for name, rows in (("ended", (why != "").to_numpy() & ~once), ("one_off", once)):
        if count := int(rows.sum()):
            which = f"{_count(count)} ({_tally(why[rows])}), by {_tally(decides[rows])}"
            told = f"stocked, as no rule names it: {which}; first {'; '.join(_first(places[rows]))}. {_fix(name)}"
            policy_checks = add_check(policy_checks, f"({name})", told, matched=count)
    return policy_checks


def _count(count: int) -> str:
    return f"{count:,} item-location{'' if count == 1 else 's'}"


def _tally(words: pd.Series | np.ndarray) -> str:
    counts = pd.Series(words).value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return ", ".join(f"{word} {many:,}" for word, many in counts.items())


def _first(places: pd.DataFrame) -> Iterator[str]:
    ordered = places[PLACE].sort_values(PLACE).head(_SHOWN)
    yield from (f"{item} at {place}" for item, place in ordered.itertuples(index=False))


def _fix(name: str) -> str:
    where = f'where = "{_UNSTOCKED[name].where}", policy = "{NONE}"'
    return f"To keep no stock of it, put first: [policies.rules.{name}] {where}."
