"""Whether every workspace has a fresh, complete report: for a dead man's switch."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from segkit.core.errors import SettingsError
from segkit.core.settings import FILE_NAME, read_settings
from segkit.report.run import reports_folder
from segkit.report.runner.attempt import ATTEMPT_FILE, one_line
from segkit.report.runner.lock import is_locked
from segkit.report.runner.parts import RunOptions
from segkit.report.runner.publish import RUN_FILE, latest_report
from segkit.report.runner.record import read_json

_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


@dataclass(frozen=True)
class WorkspaceStatus:
    """How a workspace stands: its newest complete report, its age [hours], and what is wrong (blank if nothing)."""

    workspace: str
    as_of: str
    finished: str
    age_hours: float | None
    problem: str

    def __str__(self) -> str:
        if self.age_hours is None:
            return f"{self.workspace}: no complete report; {self.problem}"
        report = f"{self.workspace}: as of {self.as_of}, {_age(self.age_hours)} old"
        return f"{report}; {self.problem}" if self.problem else report


def workspace_status(folder: Path, max_age_hours: float | None, now: datetime) -> WorkspaceStatus:
    """Return how a workspace stands.

    Parameters
    ----------
    folder : Path
        The workspace's folder in the reports.
    max_age_hours : float or None
        [hours] after which the newest complete report counts as old.
    now : datetime
        With time zone.

    Returns
    -------
    WorkspaceStatus
        With a problem if there is no report, it is too old, or the last attempt failed or was killed.
    """
    report = latest_report(folder)
    record = read_json(report / RUN_FILE) if report else {}
    problems = [_attempt_problem(folder)]
    if not record:
        return WorkspaceStatus(folder.name, "", "", None, problems[0] or "none was published yet")
    age = (now.astimezone(UTC) - _last_confirmed(folder, record)).total_seconds() / 3600
    if max_age_hours is not None and age > max_age_hours:
        problems.append(f"older than {_age(max_age_hours)}")
    problem = "; ".join(text for text in problems if text)
    return WorkspaceStatus(folder.name, record["as_of"], record["finished"], age, problem)


def reported_workspaces(reports: Path) -> list[Path]:
    """Return the folders of all workspaces that were ever run into a reports folder."""
    return sorted(path.parent for path in reports.glob(f"*/{ATTEMPT_FILE}"))


def status_folder(workspace: str, reports: Path | None) -> Path:
    """Return where a workspace's reports are; it may be given as its folder or by its name alone.

    Parameters
    ----------
    workspace : str
        Folder or name.
    reports : Path or None
        Folder for reports, where it was given.

    Returns
    -------
    Path
        The workspace's folder in the reports.
    """
    path = Path(workspace)
    if not (path / FILE_NAME).is_file():
        return (reports or Path("reports")) / path.name
    try:
        settings = read_settings(path)
    except SettingsError:
        settings = None
    return reports_folder(path, settings, RunOptions(reports))


def parse_age(text: str) -> float:
    """Return an age such as ``26h``, ``90m`` or ``2d`` in hours.

    Examples
    --------
    >>> parse_age("26h"), parse_age("90m")
    (26.0, 1.5)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text.strip())
    if not found:
        raise SettingsError(f"--max-age {text}: write it like 26h, 90m or 2d")
    return float(found.group(1)) * _HOURS[found.group(2)]


def _last_confirmed(folder: Path, record: dict) -> datetime:
    """Return when the newest report was made, or found to be still right (a run that was already done)."""
    attempt = read_json(folder / ATTEMPT_FILE)
    same = attempt.get("state") == "done" and attempt.get("run_id") == record["run_id"]
    return datetime.fromisoformat(max(record["finished"], attempt["time"]) if same else record["finished"])


def _attempt_problem(folder: Path) -> str:
    attempt = read_json(folder / ATTEMPT_FILE)
    state = attempt.get("state", "")
    if state == "failed":
        return f"the last attempt failed: {one_line(attempt.get('reason', ''), attempt.get('workspace', ''))}"
    if state == "running" and not is_locked(folder):
        return "the last attempt was killed"
    return ""


def _age(hours: float) -> str:
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
