"""Run one notebook through papermill, and judge by its cells whether it succeeded."""

import errno
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segkit.core.errors import RunError
from segkit.report.runner.kernels import Kernels
from segkit.report.runner.pack import Notebook

FULL = "No space left on device"
SCARCE = 64 * 1024  # bytes; with less, a failure is the disk's
MARKER = "papermill-error-cell-tag"


class DiskFullError(RunError):
    """The disk that takes the reports is full."""


@dataclass(frozen=True)
class NotebookResult:
    """How one notebook fared.

    ``status`` is done, failed or skipped; ``cell`` counts the cells of the notebook from 1, with the first line of
    the failing one; ``seconds`` is wall time, kernel start included.
    """

    name: str
    status: str
    seconds: float = 0.0
    reason: str = ""
    cell: int | None = None
    first_line: str = ""

    def __str__(self) -> str:
        where = f", cell {self.cell} ({self.first_line})" if self.cell else ""
        return f"{self.name}{where}: {self.reason}" if self.reason else f"{self.name}: {self.status}"


@dataclass(frozen=True)
class _Failure:
    """Why a notebook failed, and the id of the cell."""

    reason: str
    cell_id: str = ""


def execute_notebook(
    notebook: Notebook, parameters: dict[str, Any], run_dir: Path, kernels: Kernels, on_cell: Callable[[], None]
) -> NotebookResult:
    """Run one notebook into ``run_dir/executed`` and judge it.

    Parameters
    ----------
    notebook : Notebook
        What to run.
    parameters : dict
        Value by name; checked before.
    run_dir : Path
        Absolute path of the staging folder.
    kernels : Kernels
        Starts and ends the kernel.
    on_cell : callable
        Called after each code cell.

    Returns
    -------
    NotebookResult
        Done only if nothing was raised, every cell that is not blank ran, none shows an error and all tables that the
        notebook promises are there. papermill's own status is not asked: it says completed after a dead kernel.

    Raises
    ------
    DiskFullError
        There is no room left to write.
    """
    started = time.monotonic()
    executed = run_dir / "executed" / f"{notebook.name}.ipynb"
    reached = _Reached(on_cell)
    try:
        raised = _run_papermill(notebook, parameters, run_dir, kernels, reached)
        failure = _judge(notebook, executed, run_dir, raised, reached.cell_id)
    finally:
        kernels.end(notebook.name)
    seconds = time.monotonic() - started
    if failure is None:
        return NotebookResult(notebook.name, "done", seconds)
    if FULL in failure.reason or shutil.disk_usage(run_dir).free < SCARCE:
        raise DiskFullError(f"{FULL} while {notebook.name} ran")
    return NotebookResult(notebook.name, "failed", seconds, failure.reason, *_locate(notebook, failure.cell_id))


@contextmanager
def quiet_papermill() -> Iterator[None]:
    """Keep papermill's log off the terminal; what it says of a failure is in the result."""
    logger = logging.getLogger("papermill")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Reached:
    """Remembers the cell that a kernel works on."""

    def __init__(self, on_cell: Callable[[], None]):
        self.cell_id = ""
        self._on_cell = on_cell

    def begin(self, cell: Any, **_: Any) -> None:
        self.cell_id = cell.get("id", "")

    def finish(self, **_: Any) -> None:
        self._on_cell()


def _run_papermill(
    notebook: Notebook, parameters: dict[str, Any], run_dir: Path, kernels: Kernels, reached: _Reached
) -> str:
    """Return what was raised, as one line; blank where nothing was or a cell's own error output tells it."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    log = run_dir / "logs" / f"{notebook.name}.log"
    try:
        papermill.execute_notebook(
            _literal_path(notebook.path),
            _literal_path(run_dir / "executed" / f"{notebook.name}.ipynb"),
            parameters=parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            kernel_manager_class=kernels.manager_class(notebook.name, log),
            record_timing=False,
            shutdown_kernel="immediate",
            on_cell_execute=reached.begin,
            on_cell_executed=reached.finish,
        )
    except papermill.PapermillExecutionError:
        return ""
    except DeadKernelError:
        return kernels.death(notebook.name)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"{FULL} while {notebook.name} ran") from None
        return _one_line(f"{type(error).__name__}: {error}")
    except Exception as error:  # whatever papermill, nbclient or zmq raise: the run must go on and say so
        return _one_line(f"{type(error).__name__}: {error}")
    return ""


def _judge(notebook: Notebook, executed: Path, run_dir: Path, raised: str, reached: str) -> _Failure | None:
    try:
        cells = {cell.get("id"): cell for cell in json.loads(executed.read_bytes())["cells"] if not _is_marker(cell)}
    except (OSError, ValueError):
        return _Failure(raised or "the executed notebook could not be written", reached)
    for key, cell in cells.items():
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                return _Failure(_error_line(output), key)
    if raised:
        return _Failure(raised, reached)
    for cell in notebook.code_cells:
        if cells.get(cell["id"], {}).get("execution_count") is None:
            return _Failure("the cell was not executed", cell["id"])
    missing = [table for table in notebook.writes if not is_parquet(run_dir / "tables" / f"{table}.parquet")]
    return _Failure(f"did not write table {', '.join(missing)}") if missing else None


def is_parquet(path: Path) -> bool:
    """Return whether a whole Parquet file lies there (its first and last four bytes tell)."""
    try:
        with open(path, "rb") as handle:
            head = handle.read(4)
            handle.seek(-4, 2)
            return head == handle.read(4) == b"PAR1" and path.stat().st_size > 8
    except OSError:
        return False


def _error_line(output: dict[str, Any]) -> str:
    if output["ename"] == "SystemExit":
        return f"sys.exit({output['evalue']}) ended the notebook early"
    return _one_line(f"{output['ename']}: {output['evalue']}")


def _locate(notebook: Notebook, cell_id: str) -> tuple[int | None, str]:
    for number, cell in enumerate(notebook.content["cells"], start=1):
        if cell["id"] == cell_id:
            lines = "".join(cell["source"]).strip().splitlines()
            return number, lines[0] if lines else ""
    return None, ""


def _is_marker(cell: dict[str, Any]) -> bool:
    return MARKER in cell["metadata"].get("tags", [])


def _literal_path(path: Path) -> str:
    """Escape the braces that papermill would fill with parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
