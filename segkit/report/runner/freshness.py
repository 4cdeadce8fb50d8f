"""Refuse to report on input that is stale, or that shrank since the last report."""

from datetime import date
from typing import Any

from segkit.core.errors import DataError, list_problems

KEPT_BY_HAND = ("class_overrides", "policy_overrides")


def require_fresh(inputs: dict[str, dict[str, Any]], today: date, max_age_days: int | None) -> None:
    """Raise a DataError if the newest order is older than ``max_age_days``.

    Parameters
    ----------
    inputs : dict
        Facts by input table, as ``prepare_run`` gives them; ``newest`` is an ISO date.
    today : date
        The day to count from.
    max_age_days : int or None
        [days]; None never refuses.
    """
    facts = inputs.get("orders") or inputs.get("sales") or {}
    if max_age_days is None or not facts.get("newest"):
        return
    newest = date.fromisoformat(str(facts["newest"])[:10])
    age = (today - newest).days
    if age > max_age_days:
        raise DataError(
            f"the newest order is of {newest}, {age} days before {today}; run.max_age_days allows {max_age_days}\n"
            "Bring newer data, raise run.max_age_days, or run with --allow-stale."
        )


def require_not_shrunk(
    inputs: dict[str, dict[str, Any]], earlier: dict[str, dict[str, Any]], max_shrink: float
) -> None:
    """Raise a DataError that lists every input that lost more than ``max_shrink`` of its rows, or is gone.

    Parameters
    ----------
    inputs, earlier : dict
        Facts by input table now and at the last report; ``rows`` counts. What a person keeps by hand may shrink.
    max_shrink : float
        Share of rows [0-1] that may be missing.
    """
    problems = []
    for table, facts in earlier.items():
        before, now = facts.get("rows", 0), inputs.get(table, {}).get("rows", 0)
        if table not in KEPT_BY_HAND and now < before * (1 - max_shrink):
            problems.append(f"{table} has {now:,} rows, the last report had {before:,} ({now / before - 1:+.0%})")
    if problems:
        fix = f"run.max_shrink allows {max_shrink:.0%} less. Look for a broken export, or run with --allow-shrunk."
        raise DataError(list_problems("the input shrank", problems, [fix]))
