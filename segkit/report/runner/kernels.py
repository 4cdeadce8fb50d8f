"""Kernels of a run: started with the running interpreter, in a fixed environment, and ended with all their children."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR")
SCRATCH = "segkit-run-"
SOCKET_PATH_LIMIT = 90  # bytes; the system's limit for a socket's path is about 104


def kernel_environment(as_of: date, scratch: Path, withheld: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the environment in which every kernel runs: the same results and the same bytes each time.

    Parameters
    ----------
    as_of : date
        Becomes SOURCE_DATE_EPOCH, the only clock that a page may show.
    scratch : Path
        Private folder; IPython keeps its profile here, so that no user's start-up files take part.
    withheld : frozenset of str, optional
        Names of environment variables that hold secrets: kernels do not get them.

    Returns
    -------
    dict
        Value by name of the variable.
    """
    own = {name: value for name, value in os.environ.items() if name not in withheld and name != "PYTHONSTARTUP"}
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    fixed = {
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(int(midnight.timestamp())),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "IPYTHONDIR": str(scratch / "ipython"),
    }
    return own | fixed | {f"{library}_NUM_THREADS": "1" for library in THREADS}


class Kernels:
    """Every kernel of one run, so that all of them can be ended at once.

    Use as a context: whatever still lives at its end is killed, and the private folder goes.
    """

    def __init__(self, as_of: date, withheld: frozenset[str] = frozenset()):
        _clear_abandoned()
        self.scratch = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-"))
        self._environment = kernel_environment(as_of, self.scratch, withheld)
        self._processes: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.stopped = False

    def __enter__(self) -> "Kernels":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def stop(self) -> None:
        """End every kernel with its whole process group, and let no other start."""
        self.stopped = True
        with self._lock:
            processes = list(self._processes.values())
        for process in processes:
            end_process_group(process)

    def end(self, name: str) -> None:
        """End what a notebook's kernel left running."""
        with self._lock:
            process = self._processes.pop(name, None)
        if process:
            end_process_group(process)

    def death(self, name: str) -> str:
        """Return how a notebook's kernel ended, in words."""
        process = self._processes.get(name)
        code = process.poll() if process else None
        if code == -signal.SIGKILL:
            return "the kernel died (killed by signal 9; often the machine ran out of memory)"
        how = f"killed by signal {-code}" if code and code < 0 else f"it ended with exit code {code}"
        return f"the kernel died ({how})"

    def manager_class(self, name: str, log: Path) -> type:
        """Return the kernel manager class for one notebook.

        Parameters
        ----------
        name : str
            The notebook's name.
        log : Path
            Takes what the kernel's process itself prints (crash reports).

        Returns
        -------
        type
            A jupyter kernel manager that needs no installed kernelspec: it starts ``sys.executable``, talks over
            sockets in the private folder (no ports that could collide), and is registered here.
        """
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager

        connection = self.scratch / f"{name.partition('_')[0]}.json"
        short = len(str(connection)) < SOCKET_PATH_LIMIT
        kernels = self
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        own_spec = KernelSpec(argv=command, language="python", display_name="segkit")

        class RunKernelManager(AsyncKernelManager):
            def __init__(self, **options: Any):
                transport = "ipc" if short else "tcp"
                super().__init__(**options, transport=transport, connection_file=str(connection))

            @property
            def kernel_spec(self) -> KernelSpec:
                return own_spec

            async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
                with open(log, "ab") as sink:
                    streams = {"stdout": sink, "stderr": sink, "env": dict(kernels._environment)}
                    await super().start_kernel(**{**options, **streams})
                provisioner: Any = self.provisioner
                kernels._register(name, provisioner.process)

            async def shutdown_kernel(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
                kernels.end(name)  # while it lives: only then are all its children known
                await super().shutdown_kernel(now=True)

        return RunKernelManager

    def _register(self, name: str, process: Any) -> None:
        with self._lock:
            self._processes[name] = process
        if self.stopped:
            end_process_group(process)


def _clear_abandoned() -> None:
    """Remove the private folders of runs that were killed."""
    import psutil

    for path in Path(tempfile.gettempdir()).glob(f"{SCRATCH}[0-9]*-*"):
        owner = path.name.removeprefix(SCRATCH).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not psutil.pid_exists(int(owner)) and path.stat().st_uid == os.getuid():
                shutil.rmtree(path, ignore_errors=True)


def end_process_group(leader: subprocess.Popen) -> None:
    """Kill a process, everything in its process group, and its children that made a group of their own."""
    import psutil

    with contextlib.suppress(psutil.Error):
        offspring = psutil.Process(leader.pid).children(recursive=True) if leader.poll() is None else []
        for child in offspring:
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, signal.SIGKILL)
