"""What a run consists of and how it is to run: the functions it calls, the options a user gives, the result."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from segkit.core.settings import Settings
from segkit.report.runner.execute import NotebookResult
from segkit.report.runner.publish import LATEST

PACKAGE = Path(__file__).parents[2]
INDEX = "index.html"


@dataclass(frozen=True)
class RunOptions:
    """How a run behaves.

    ``reports`` is the folder for reports (None: ``run.reports_dir`` of the settings, seen from the workspace, else
    ``reports`` in the current folder); ``force`` redoes what is done; ``allow_stale`` and ``allow_shrunk`` let doubtful
    input pass; ``jobs`` notebooks run at a time.
    """

    reports: Path | None = None
    force: bool = False
    allow_stale: bool = False
    allow_shrunk: bool = False
    jobs: int = 2


@dataclass(frozen=True)
class RunParts:
    """The functions and the folder of notebooks that a run uses; tests put others in their place."""

    prepare: Callable[..., Any]
    write_pages: Callable[..., None]
    write_workbook: Callable[..., None]
    write_portfolio: Callable[..., None]
    read_logo: Callable[..., str]
    notebooks: Path
    today: Callable[[], date] = lambda: datetime.now(UTC).date()


@dataclass(frozen=True)
class RunResult:
    """How one run ended.

    ``status`` is done, already done or failed; ``report`` is the published folder, ``kept`` the folder with the
    executed notebooks of a failed run; ``is_latest`` tells whether ``latest`` points to the report; ``error`` is what
    was raised, for those who debug.
    """

    workspace: str
    status: str
    exit_code: int = 0
    reason: str = ""
    as_of: date | None = None
    run_id: str = ""
    report: Path | None = None
    kept: Path | None = None
    is_latest: bool = False
    notebooks: tuple[NotebookResult, ...] = ()
    error: BaseException | None = None

    @property
    def page(self) -> Path | None:
        """The page to open."""
        if self.report is None:
            return None
        return (self.report.with_name(LATEST) if self.is_latest else self.report) / INDEX


def notebooks_dir() -> Path:
    """Return the folder of the notebooks that come with segkit: inside the package, or beside it in a checkout."""
    inside = PACKAGE / "notebooks"
    return inside if inside.is_dir() else PACKAGE.parent / "notebooks"


def default_parts() -> RunParts:
    """Return the parts of a real run. What is heavy is imported when it is called."""
    return RunParts(_prepare, _write_pages, _write_workbook, _write_portfolio, _read_logo, notebooks_dir())


def _prepare(*tables: Any, **options: Any) -> Any:
    from segkit.prepare import prepare_run

    return prepare_run(*tables, **options)


def _write_pages(run_dir: Path, *args: Any, **options: Any) -> None:
    from segkit.report.pages import write_pages
    from segkit.report.phases_upload import write_run_phases
    from segkit.report.policy_upload import write_run_upload

    write_run_upload(run_dir)
    write_run_phases(run_dir)
    write_pages(run_dir, *args, **options)


def _write_workbook(*args: Any, **options: Any) -> None:
    from segkit.report.workbook import write_workbook

    write_workbook(*args, **options)


def _write_portfolio(*args: Any, **options: Any) -> None:
    from segkit.report.pages import write_portfolio

    write_portfolio(*args, **options)


def _read_logo(settings: Settings, workspace: Path) -> str:
    if not settings.company.logo:
        return ""
    from segkit.report.pages import read_logo

    return read_logo(settings, workspace)
