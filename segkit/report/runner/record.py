"""What a run writes down about itself: its id and run.json."""

import hashlib
import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from segkit.report.runner.execute import NotebookResult
from segkit.report.runner.pack import Notebook

LIBRARIES = (
    "pandas", "numpy", "scipy", "numba", "pyarrow", "statsmodels", "matplotlib", "seaborn", "duckdb", "pandera",
    "papermill", "nbclient", "nbconvert", "ipykernel", "xlsxwriter", "sqlalchemy",
)  # fmt: skip


class PreparedRun(Protocol):
    """What a run takes from ``segkit.prepare.prepare_run`` (see ``Prepared`` there)."""

    as_of: date
    fingerprint: str
    inputs: dict[str, dict[str, Any]]
    settings: dict[str, Any]


def make_run_id(prepared: PreparedRun, pack: Iterable[Notebook], only: list[str] | None, logo: str) -> str:
    """Return the id of a run: the same inputs, settings, notebooks, program and libraries give the same id.

    Parameters
    ----------
    prepared : Prepared
        Its fingerprint stands for inputs and settings.
    pack : iterable of Notebook
        The notebooks that run.
    only : list of str or None
        The selection, where there is one.
    logo : str
        What the pages show; no part of the fingerprint.

    Returns
    -------
    str
        Ten hexadecimal digits.
    """
    parts = [
        prepared.fingerprint,
        prepared.as_of.isoformat(),
        json.dumps(versions(), sort_keys=True),
        ",".join(only or []),
        logo,
    ]
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update(_program_digest())
    for notebook in pack:
        digest.update(notebook.name.encode() + hashlib.sha256(notebook.source).digest())
    return digest.hexdigest()[:10]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, segkit and the libraries that results depend on."""
    found = {"python": platform.python_version(), "segkit": _version("segkit")}
    return found | {name: _version(name) for name in LIBRARIES}


def run_record(
    *,
    workspace: str,
    run_id: str,
    prepared: PreparedRun,
    parameters: dict[str, Any],
    only: list[str] | None,
    results: list[NotebookResult],
    started: datetime,
    stages: dict[str, float],
) -> dict[str, Any]:
    """Return the content of run.json: the one place in a report that tells times."""
    finished = datetime.now(UTC)
    return {
        "workspace": workspace,
        "as_of": prepared.as_of.isoformat(),
        "run_id": run_id,
        "only": only or [],
        "started": started.isoformat(timespec="milliseconds"),
        "finished": finished.isoformat(timespec="milliseconds"),
        "seconds": round((finished - started).total_seconds(), 3),
        "stages": stages,
        "peak_memory_mb": _peak_memory(),
        "parameters": parameters,
        "notebooks": [{**asdict(result), "seconds": round(result.seconds, 3)} for result in results],
        "inputs": prepared.inputs,
        "settings": prepared.settings,
        "versions": versions(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
    }


def write_json(path: Path, content: dict[str, Any], hide: Callable[[str], str] = str) -> None:
    """Write JSON to a temporary name and rename it: a reader meets the old file or the new one.

    Parameters
    ----------
    path : Path
        File to write.
    content : dict
        What to write; what JSON does not know is written as text.
    hide : callable, optional
        Takes secrets out of the text.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
    try:
        temporary.write_text(hide(text) + "\n", "utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file, or an empty dict where there is none that can be read."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _peak_memory() -> dict[str, float]:
    """Peak resident memory [MB] of the runner and of the largest kernel so far."""
    per_mb = 2**20 if sys.platform == "darwin" else 2**10
    used = {"runner": resource.RUSAGE_SELF, "largest_kernel": resource.RUSAGE_CHILDREN}
    return {name: round(resource.getrusage(who).ru_maxrss / per_mb, 1) for name, who in used.items()}


@cache
def _program_digest() -> bytes:
    """Digest of segkit's own files: a change of the program is a new run, even under one version number."""
    package = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix not in (".pyc", ".ipynb"):
            digest.update(str(path.relative_to(package)).encode() + path.read_bytes())
    return digest.digest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
