"""Runs of several workspaces and several dates in one call: one failure does not stop the rest."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from segkit.core.errors import SegkitError, SettingsError, UsageError
from segkit.report.run import run_workspace
from segkit.report.runner.attempt import one_line
from segkit.report.runner.execute import is_parquet
from segkit.report.runner.parts import INDEX, RunOptions, RunParts, RunResult, default_parts
from segkit.report.runner.progress import Progress
from segkit.report.runner.publish import LATEST, RUN_FILE, latest_report
from segkit.report.runner.record import read_json, write_json

HOOK_SECONDS = 60
ENTRIES = "index.json"


def run_workspaces(
    workspaces: list[Path],
    *,
    as_of: list[str] | None = None,
    only: list[str] | None = None,
    overrides: dict[str, Any] | None = None,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    parts: RunParts | None = None,
    tell: Callable[[RunResult], None] | None = None,
) -> list[RunResult]:
    """Run workspaces one after the other, each for every date, and write one index over all of them.

    The run of a single workspace renews its entry in the index over several, if it has one there.

    Parameters
    ----------
    workspaces : list of Path
        Folders with ``segkit.toml``.
    as_of : list of str, optional
        ISO dates to fill in; by default the last complete period of each workspace.
    only, overrides, options, progress, parts
        As for ``run_workspace``.
    tell : callable, optional
        Called with each result as soon as it is known.

    Returns
    -------
    list of RunResult
        One per workspace and date, in that order; failed ones carry ``exit_code`` and ``reason``.

    Raises
    ------
    SettingsError
        Two workspaces share a name, so that their reports would share a folder.
    """
    names = [path.resolve().name for path in workspaces]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"several workspaces are named {', '.join(twice)}\nGive each its own name.")
    parts = parts or default_parts()
    options = options or RunOptions()
    days: list[str | None] = [*as_of] if as_of else [None]
    results = []
    for workspace in workspaces:
        for day in days:
            result = _attempt(
                workspace, day, only=only, overrides=overrides, options=options, progress=progress, parts=parts
            )
            if tell:
                tell(result)
            results.append(result)
    mistyped = all(isinstance(result.error, UsageError) for result in results)
    if not mistyped and not (only and len(workspaces) == 1):
        index = _write_index(dict(zip(names, workspaces, strict=True)), results, options, parts)
        results += [index] if index else []
    return results


def overall_exit_code(results: list[RunResult]) -> int:
    """Return 0 if every run is done, the code they share if all failures are of one kind, else 1.

    Examples
    --------
    >>> overall_exit_code([RunResult("a", "done"), RunResult("b", "failed", exit_code=3)])
    3
    """
    codes = {result.exit_code for result in results} - {0}
    return codes.pop() if len(codes) == 1 else min(1, len(codes))


def call_on_failure(command: str, result: RunResult) -> str:
    """Run the user's command for a failed run.

    Parameters
    ----------
    command : str
        For the shell. It finds SEGKIT_WORKSPACE, SEGKIT_REASON (one line) and SEGKIT_EXIT_CODE in its environment;
        nothing is put into the command itself.
    result : RunResult
        The failed run.

    Returns
    -------
    str
        What went wrong with the command; blank if nothing.
    """
    facts = {
        "SEGKIT_WORKSPACE": result.workspace,
        "SEGKIT_REASON": " ".join(result.reason.split()),
        "SEGKIT_EXIT_CODE": str(result.exit_code),
    }
    try:
        ended = subprocess.run(command, shell=True, env=os.environ | facts, timeout=HOOK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"--on-failure did not end within {HOOK_SECONDS} seconds"
    return f"--on-failure ended with exit code {ended.returncode}" if ended.returncode else ""


def _attempt(workspace: Path, day: str | None, **options: Any) -> RunResult:
    name = workspace.resolve().name
    try:
        return run_workspace(workspace, as_of=day, **options)
    except SegkitError as error:
        return RunResult(
            name,
            "failed",
            exit_code=error.exit_code,
            reason=str(error),
            notebooks=tuple(getattr(error, "results", ())),
            error=error,
        )
    except OSError as error:
        return RunResult(name, "failed", exit_code=1, reason=str(error), error=error)
    except Exception as error:  # a fault in segkit itself must not take the other clients with it
        reason = f"{type(error).__name__}: {error}\nThis looks like a fault in segkit; --debug shows where."
        return RunResult(name, "failed", exit_code=1, reason=reason, error=error)


def _write_index(
    workspaces: dict[str, Path], results: list[RunResult], options: RunOptions, parts: RunParts
) -> RunResult | None:
    """Write the index over all clients where their reports share a folder; return a failure, or None."""
    reports = (options.reports or Path("reports")).absolute()
    last = {result.workspace: result for result in results}
    entries = [_entry(result, workspaces[name], reports) for name, result in last.items()]
    if len(workspaces) == 1:
        [new] = entries
        listed = read_json(reports / ENTRIES).get("entries", [])
        entries = [new if entry["name"] == new["name"] else entry for entry in listed]
        if new not in entries:
            return None
    try:
        reports.mkdir(parents=True, exist_ok=True)
        parts.write_portfolio(reports, entries)
        write_json(reports / ENTRIES, {"entries": entries})
    except Exception as error:  # every report is published by now
        reason = f"the index over all workspaces could not be written: {type(error).__name__}: {error}"
        return RunResult("index", "failed", exit_code=1, reason=reason, error=error)
    return None


def _entry(result: RunResult, workspace: Path, reports: Path) -> dict[str, Any]:
    """Return a client's line in the index; the link leads to its newest complete report, also after a failure."""
    folder = reports / result.workspace
    report = latest_report(folder)
    return {
        "name": result.workspace,
        "status": result.status,
        "reason": one_line(result.reason, workspace.absolute()),
        "as_of": read_json(report / RUN_FILE).get("as_of", "") if report else "",
        "link": f"{quote(folder.name)}/{LATEST}/{INDEX}" if report else "",
        "headline": _headline(report) if report else "",
    }


def _headline(report: Path) -> str:
    """Return the sentence a director reads first: that of the last step."""
    path = report / "tables" / "headlines.parquet"
    if not is_parquet(path):
        return ""
    import pandas as pd

    headlines = pd.read_parquet(path, columns=["step", "sentence"])
    last = headlines[headlines["step"] == headlines["step"].max()]
    return str(last["sentence"].iloc[0]) if len(last) else ""
