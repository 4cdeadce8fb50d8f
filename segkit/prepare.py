"""Before a run: read and check everything once, and say what a run would use."""

from datetime import date
from pathlib import Path
from typing import Any

from segkit.core.data_quality import weighed_by
from segkit.core.logo import require_logo
from segkit.core.store import Prepared, write_inputs
from segkit.plan import open_plan
from segkit.plan.readiness import tell_readiness


def prepare_run(
    workspace: str | Path,
    *,
    as_of: str | date | None = None,
    overrides: dict[str, Any] | None = None,
    run_dir: Path,
) -> Prepared:
    """Read, clean and check every source once, into the folder of a run.

    Parameters
    ----------
    workspace, as_of, overrides
        As for `open_plan`.
    run_dir : Path
        Folder of the run; gets ``settings.json`` (no secrets) and ``inputs/``, from which its notebooks read.

    Returns
    -------
    Prepared
        The facts of the run.

    Raises
    ------
    SettingsError, DataError
        All problems of one kind at once.
    """
    plan = open_plan(workspace, as_of=as_of, overrides=overrides)
    plan.require_costs()
    plan.require_classes()
    plan.require_policies()
    plan.require_promising()
    plan.require_books()
    return write_inputs(plan.inputs, run_dir)


def check_workspace(
    workspace: str | Path, *, as_of: str | date | None = None, overrides: dict[str, Any] | None = None
) -> str:
    """Read and check settings and data of a workspace, and say what a run would use.

    Parameters
    ----------
    workspace, as_of, overrides
        As for `open_plan`.

    Returns
    -------
    str
        Rows used and set aside per table, the assumptions, and what a run would pass over in silence.

    Raises
    ------
    SettingsError, DataError
        All problems of one kind at once.
    """
    plan = open_plan(workspace, as_of=as_of, overrides=overrides)
    require_logo(plan.settings, plan.workspace)
    plan.require_costs()
    plan.require_classes()
    plan.require_policies()
    plan.require_promising()
    plan.require_books()
    _ = plan.rule_segments, plan.policy_rules  # a rule may fail on the data alone
    quality = plan.data_quality
    counts = quality.pivot_table("rows", "source_table", "action", aggfunc="sum", fill_value=0, sort=False)
    counts = counts.reindex(columns=["in", "used", "set_aside"], fill_value=0)
    rows = []
    for name, count in counts.iterrows():
        rows.append(f"  {name}: {count['in']:,} rows, {count['used']:,} used, {count['set_aside']:,} set aside")
        aside = quality[(quality["source_table"] == name) & (quality["action"] == "set_aside")]
        rows += [f"    {row.rows:,} {row.reason}, first: {row.first}" for row in aside.itertuples()]
    of_what = weighed_by(quality)
    assumed = [
        f"  {row.assumption} = {row.value} ({row.share:.0%} of {of_what}): {row.why}"
        for row in plan.assumptions.itertuples()
    ]
    notes = tell_readiness(plan)
    return "\n".join(
        [
            f"{plan.workspace.name}: ready, as of {plan.as_of}",
            *rows,
            "Assumptions:" if assumed else "No assumptions.",
            *assumed,
            *(["Notes:", *(f"  {note}" for note in notes)] if notes else []),
        ]
    )
