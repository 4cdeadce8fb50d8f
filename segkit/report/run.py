"""Run the notebooks of a workspace and publish the report: all of it, or nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segkit.core.errors import SettingsError, UsageError
from segkit.core.settings import Settings, read_settings, workspace_folder
from segkit.report.runner.attempt import foreign_owner, note_attempt, noted_attempt
from segkit.report.runner.job import Job, NotebooksError, run_job
from segkit.report.runner.lock import is_locked, lock_workspace
from segkit.report.runner.parts import RunOptions, RunParts, RunResult, default_parts, notebooks_dir
from segkit.report.runner.progress import Progress
from segkit.report.runner.redact import find_secrets
from segkit.report.runner.schedule import Deadline

__all__ = ["NotebooksError", "RunOptions", "RunParts", "RunResult", "notebooks_dir", "reports_folder", "run_workspace"]


def run_workspace(
    workspace: Path | str,
    *,
    as_of: str | None = None,
    only: list[str] | None = None,
    overrides: dict[str, Any] | None = None,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    parts: RunParts | None = None,
) -> RunResult:
    """Run the notebooks on one workspace and publish their report.

    Parameters
    ----------
    workspace : Path or str
        Folder with ``segkit.toml``.
    as_of : str, optional
        ISO date; the plan knows nothing later. By default the last complete period.
    only : list of str, optional
        Numbers of the notebooks to run. Such a part has a report of its own and never becomes ``latest``.
    overrides : dict, optional
        Nested settings that win over the file.
    options : RunOptions, optional
        Where reports go and what is allowed.
    progress : Progress, optional
        Shows progress; nothing by default.
    parts : RunParts, optional
        The functions to use; the real ones by default.

    Returns
    -------
    RunResult
        Done, or already done where the same inputs, settings, notebooks and program have a report.

    Raises
    ------
    SettingsError, DataError
        Settings or data cannot be used; data are stale or shrank.
    LockedError
        Another run of this workspace is under way.
    NotebooksError
        Notebooks failed. ``latest`` stays, their executed copies are kept.
    RunError
        Anything else that stopped the run: the deadline, a full disk, the pages.

    Notes
    -----
    ``latest`` moves on complete success only, and not to an ``as_of`` that was asked for and is earlier than that of
    the report it points to (a backfill).
    """
    workspace, options = workspace_folder(workspace), options or RunOptions()
    try:
        settings = read_settings(workspace, overrides)
    except UsageError:
        raise
    except SettingsError as error:
        _note_unreadable(reports_folder(workspace, None, options), workspace, error)
        raise
    folder = reports_folder(workspace, settings, options)
    secrets = find_secrets(settings)
    with lock_workspace(folder):
        _require_own(folder, workspace)
        with noted_attempt(folder, workspace, secrets) as facts:
            job = Job(
                workspace=workspace,
                folder=folder,
                settings=settings,
                secrets=secrets,
                as_of=as_of,
                only=sorted(set(only)) if only else None,
                overrides=overrides,
                options=options,
                progress=progress or Progress(),
                parts=parts or default_parts(),
                deadline=Deadline(settings.run.deadline_minutes),
                started=datetime.now(UTC),
            )
            result = run_job(job)
            facts |= {"as_of": str(result.as_of), "run_id": result.run_id}
            return result


def reports_folder(workspace: Path, settings: Settings | None, options: RunOptions) -> Path:
    """Return the folder that holds every report of a workspace."""
    if options.reports is not None:
        reports = options.reports
    elif settings and settings.run.reports_dir:
        reports = workspace.resolve() / settings.run.reports_dir
    else:
        reports = Path("reports")
    return reports.absolute() / workspace.resolve().name


def _require_own(folder: Path, workspace: Path) -> None:
    """Refuse to mix the reports of two workspaces whose folders have the same name."""
    if owner := foreign_owner(folder, workspace):
        raise SettingsError(
            f"{folder} holds the reports of {owner}, another workspace of that name\n"
            "Rename one of them, or give another folder with --reports."
        )


def _note_unreadable(folder: Path, workspace: Path, error: SettingsError) -> None:
    """Note a failure that comes before the lock, so that ``segkit status`` shows it."""
    if folder.is_dir() and not is_locked(folder) and not foreign_owner(folder, workspace):
        note_attempt(folder, workspace, "failed", reason=str(error), exit_code=error.exit_code)
