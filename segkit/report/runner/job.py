"""One run, from the sources to the published report; the lock is held by then."""

import errno
import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from segkit.core.errors import RunError, SegkitError
from segkit.core.settings import Settings
from segkit.report.runner.execute import FULL, DiskFullError, NotebookResult, execute_notebook, quiet_papermill
from segkit.report.runner.freshness import require_fresh, require_not_shrunk
from segkit.report.runner.kernels import Kernels
from segkit.report.runner.normalise import normalise_notebook
from segkit.report.runner.pack import Notebook, prerequisites, read_pack, require_parameters, select_notebooks
from segkit.report.runner.parts import RunOptions, RunParts, RunResult
from segkit.report.runner.progress import Progress
from segkit.report.runner.publish import (
    RUN_FILE,
    clear_leftovers,
    discard,
    drop_old_reports,
    keep_failed,
    latest_report,
    name_staging,
    open_staging,
    point_latest,
    publish,
)
from segkit.report.runner.record import PreparedRun, make_run_id, read_json, run_record, write_json
from segkit.report.runner.redact import Secrets, require_no_secrets
from segkit.report.runner.schedule import Deadline, DeadlineError, run_notebooks


class NotebooksError(RunError):
    """Some notebooks failed; nothing was published. ``results`` tells how each fared."""

    exit_code = 3

    def __init__(self, message: str, results: list[NotebookResult]):
        super().__init__(message)
        self.results = results


@dataclass(frozen=True)
class Job:
    """Everything that one run is given."""

    workspace: Path
    folder: Path
    settings: Settings
    secrets: Secrets
    as_of: str | None
    only: list[str] | None
    overrides: dict[str, Any] | None
    options: RunOptions
    progress: Progress
    parts: RunParts
    deadline: Deadline
    started: datetime
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show and time a stage of the run."""
        self.progress.stage(self.workspace.name, name)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)


def run_job(job: Job) -> RunResult:
    """Run the notebooks, make the pages and publish. The workspace's lock must be held.

    Parameters
    ----------
    job : Job
        What to run, and how.

    Returns
    -------
    RunResult
        Done or already done.

    Raises
    ------
    SegkitError
        Whatever stopped the run; nothing was published then, and ``latest`` is as it was.
    """
    clear_leftovers(job.folder)
    pack = read_pack(job.parts.notebooks)
    before = prerequisites(pack)
    pack = select_notebooks(pack, job.only)
    require_parameters(pack, _parameters(job, "", Path()))
    logo = job.parts.read_logo(job.settings, job.workspace)
    # papermill takes a second to import; that can pass while the sources are read
    threading.Thread(target=importlib.import_module, args=("papermill",), daemon=True).start()
    staging = open_staging(job.folder)
    try:
        with job.stage("reading the sources"), job.deadline.guard():
            prepared = job.parts.prepare(job.workspace, as_of=job.as_of, overrides=job.overrides, run_dir=staging)
        _require_good_input(job, prepared)
        run_id = make_run_id(prepared, pack, job.only, logo)
        target = job.folder / f"{prepared.as_of}-{run_id}"
        if (target / RUN_FILE).is_file() and not job.options.force:
            discard(staging)
            return _result(job, prepared, run_id, target, "already done")
        staging = name_staging(staging, run_id)
        with job.stage("running the notebooks"):
            results = _run_pack(job, pack, before, prepared, staging)
        _record(job, prepared, run_id, results, staging)
        _require_success(results, job, run_id)
        _make_pages(job, pack, prepared, staging)
        require_no_secrets(staging, job.secrets)
        _record(job, prepared, run_id, results, staging)
        publish(staging, target)
    except BaseException as error:
        _give_up(staging, error, job.secrets)
    result = _result(job, prepared, run_id, target, "done", results)
    drop_old_reports(job.folder, job.settings.run.keep)
    return result


def _run_pack(
    job: Job, pack: list[Notebook], before: dict[str, set[str]], prepared: PreparedRun, staging: Path
) -> list[NotebookResult]:
    parameters = _parameters(job, prepared.as_of.isoformat(), staging)
    job.progress.expect({notebook.name: len(notebook.code_cells) for notebook in pack})
    with quiet_papermill(), Kernels(prepared.as_of, job.secrets.variables) as kernels:

        def execute(notebook: Notebook) -> NotebookResult:
            return execute_notebook(notebook, parameters, staging, kernels, lambda: job.progress.advance(notebook.name))

        results = run_notebooks(
            pack,
            before,
            execute,
            jobs=job.options.jobs,
            deadline=job.deadline,
            kernels=kernels,
            progress=job.progress,
        )
        paths = {str(staging): "report", str(job.workspace): job.workspace.name, str(kernels.scratch): "kernel"}
    for notebook in pack:
        with suppress(FileNotFoundError, ValueError):  # a kernel that died early may leave no whole notebook
            normalise_notebook(staging / "executed" / f"{notebook.name}.ipynb", notebook, paths, job.secrets)
    return results


def _make_pages(job: Job, pack: list[Notebook], prepared: PreparedRun, staging: Path) -> None:
    executed = [staging / "executed" / f"{notebook.name}.ipynb" for notebook in pack]
    try:
        with job.stage("making the pages"), job.deadline.guard():
            job.parts.write_pages(staging, executed, job.settings, job.workspace, prepared.as_of)
        with job.stage("making the workbook"), job.deadline.guard():
            job.parts.write_workbook(staging, None, job.settings, prepared.as_of)
    except (SegkitError, OSError):
        raise
    except Exception as error:
        raise RunError(f"the pages could not be made: {type(error).__name__}: {error}") from error


def _require_good_input(job: Job, prepared: PreparedRun) -> None:
    run = job.settings.run
    if not job.options.allow_stale:
        asked = date.fromisoformat(job.as_of) if job.as_of else job.parts.today()
        require_fresh(prepared.inputs, min(asked, job.parts.today()), run.max_age_days)
    latest = latest_report(job.folder)
    earlier = read_json(latest / RUN_FILE) if latest else {}
    is_backfill = bool(job.as_of) and earlier.get("as_of", "") > prepared.as_of.isoformat()
    if earlier and not job.options.allow_shrunk and not is_backfill:
        require_not_shrunk(prepared.inputs, earlier["inputs"], run.max_shrink)


def _require_success(results: list[NotebookResult], job: Job, run_id: str) -> None:
    bad = [result for result in results if result.status != "done"]
    if not bad:
        return
    kept = f"Executed notebooks are kept in {job.folder.name}/failed-{run_id}/executed; the last report stays."
    lines = [job.secrets.hide(str(result)) for result in bad]
    if not job.deadline.remaining():
        raise DeadlineError("\n  ".join([job.deadline.reason.partition("\n")[0], *lines]) + f"\n{kept}")
    head = f"{len(bad)} of {len(results)} notebooks did not succeed"
    raise NotebooksError("\n  ".join([head, *lines]) + f"\n{kept}", results)


def _give_up(staging: Path, error: BaseException, secrets: Secrets) -> None:
    """Clear up after a run that stopped, and raise what stopped it in words that a user understands."""
    full = isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
    if full:
        discard(staging)
        raise DiskFullError(
            f"the disk that takes the reports is full ({FULL}); nothing was published, the last report stays\n"
            "Make room, or give another folder with --reports."
        ) from error
    if staging.exists():
        for path in [*staging.glob("executed/*.ipynb"), *staging.glob("logs/*")]:
            _hide_in_file(path, secrets)
        keep_failed(staging)
    raise error


def _hide_in_file(path: Path, secrets: Secrets) -> None:
    text = path.read_text("utf-8", errors="replace")
    if (hidden := secrets.hide(text)) != text:
        path.write_text(hidden, "utf-8")


def _record(job: Job, prepared: PreparedRun, run_id: str, results: list[NotebookResult], staging: Path) -> None:
    content = run_record(
        workspace=job.workspace.name,
        run_id=run_id,
        prepared=prepared,
        parameters={"as_of": job.as_of or "", "overrides": job.overrides or {}},
        only=job.only,
        results=results,
        started=job.started,
        stages=job.seconds,
    )
    write_json(staging / RUN_FILE, content, job.secrets.hide)


def _result(
    job: Job,
    prepared: PreparedRun,
    run_id: str,
    target: Path,
    status: str,
    results: list[NotebookResult] | None = None,
) -> RunResult:
    """Point ``latest`` to the report where it may, and return the result."""
    latest = latest_report(job.folder)
    latest_as_of = read_json(latest / RUN_FILE).get("as_of", "") if latest else ""
    backfill = bool(job.as_of) and latest_as_of > prepared.as_of.isoformat()
    if not job.only and not backfill and latest != target.resolve():
        point_latest(target)
    return RunResult(
        workspace=job.workspace.name,
        status=status,
        as_of=prepared.as_of,
        run_id=run_id,
        report=target,
        is_latest=latest_report(job.folder) == target.resolve(),
        notebooks=tuple(results or ()),
    )


def _parameters(job: Job, as_of: str, run_dir: Path) -> dict[str, Any]:
    return {"workspace": str(job.workspace), "as_of": as_of, "run_dir": str(run_dir)}
