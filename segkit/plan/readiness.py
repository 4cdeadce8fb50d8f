"""What is worth knowing before a run though it stops none: columns that nothing reads, lost cells, idle rules."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from segkit.core.columns import empty_table, input_tables
from segkit.core.propose.column_names import name_score, name_words
from segkit.core.source_settings import Source

if TYPE_CHECKING:
    from segkit.plan import Plan

_NEAR, _SPOKEN = 0.8, 0.6


def tell_readiness(plan: "Plan") -> list[str]:
    """Return a line for each thing that a run would pass over in silence; nothing is sized or forecast for it.

    Parameters
    ----------
    plan : Plan
        Of the workspace.

    Returns
    -------
    list of str
        Columns that nothing reads, cells taken as missing, rules that decide nothing, costs that policies lack.
    """
    return [*_unread_columns(plan), *_lost_cells(plan.data_quality), *_idle_rules(plan), *_missing_costs(plan)]


def _unread_columns(plan: "Plan") -> list[str]:
    """Return the columns of each source that no table reads; a file that is read several times is one source."""
    inputs, sources = plan.inputs.loaded, plan.settings.sources
    told = []
    for name, unread in inputs.unread.items():
        same = [other for other in inputs.unread if _same_rows(sources[name], sources[other])]
        joined = {column for column in unread if _is_joined(column, sources[name].file, sources.values())}
        left = [one for one in unread if one not in joined and all(one in inputs.unread[other] for other in same)]
        if left and same[0] == name:
            named = ", ".join(one + _meant(one, name, inputs.tables[name]) for one in left)
            told.append(f"{' and '.join(same)}: nothing reads {named}")
    return told


def _same_rows(source: Source, other: Source) -> bool:
    return all(getattr(source, part) == getattr(other, part) for part in ("file", "url", "query", "sheet"))


def _is_joined(column: str, file: str, sources: Iterable[Source]) -> bool:
    joins = [join for source in sources for join in source.joins.values() if file and join.file == file]
    return any(column in (*join.on.values(), *join.bring) for join in joins)


def _meant(column: str, table: str, frame: pd.DataFrame) -> str:
    """Return which column of the table, or of another one, a name may stand for; blank where none is near.

    Examples
    --------
    >>> _meant("Lead Time Day", "items", pd.DataFrame()), _meant("colour", "items", pd.DataFrame())
    (' (did you mean lead_time_days?)', '')
    >>> _meant("lead_time_days", "suppliers", pd.DataFrame())
    ' (it is read in items and locations)'
    """
    specs, plain = input_tables(), "_".join(name_words(column))
    free = [name for name in specs[table].columns if name not in frame]
    close = get_close_matches(plain, free, n=1, cutoff=_NEAR)
    elsewhere = [other for other, spec in specs.items() if column in spec.columns and other != table]
    if not close and elsewhere:
        return f" (it is read in {' and '.join(elsewhere)})"
    spoken = max(free, key=lambda name: name_score(f"{table}.{name}", column), default="")
    if not close and spoken and name_score(f"{table}.{spoken}", column) >= _SPOKEN:
        close = [spoken]
    return f" (did you mean {close[0]}?)" if close else ""


def _lost_cells(quality: pd.DataFrame) -> list[str]:
    lost = quality[(quality["action"] == "noted") & quality["reason"].str.endswith("taken as missing")]
    return [
        f"{row.source_table}: {row.rows:,} {row.reason}, first: {row.first}. {row.fix}".rstrip()
        for row in lost.itertuples()
    ]


def _idle_rules(plan: "Plan") -> list[str]:
    checks = plan.rule_checks() if plan.settings.policies.rules else empty_table("policy_checks")
    told = checks[checks["problem"] != ""].itertuples()
    return [f"policies{' ' if row.rule.startswith('(') else '.rules.'}{row.rule}: {row.problem}" for row in told]


def _missing_costs(plan: "Plan") -> list[str]:
    economic = int((plan.policy_rules["service_measure"] == "economic").sum())
    if not economic:
        return []
    many = f"{economic:,} of {len(plan.policy_rules):,} item-locations"
    if plan.settings.assume.holding_rate is None:
        return [f"policies: {many} get no levels, as their rule is economic: give assume.holding_rate, or a fill_rate"]
    if not plan.item_value["revenue"].any():
        return [f"policies: {many} get no levels, as their rule is economic and nothing is priced: give a fill_rate"]
    return []
