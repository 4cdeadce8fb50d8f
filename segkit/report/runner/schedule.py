"""Run notebooks side by side, each after those it needs, until the deadline."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from segkit.core.errors import RunError
from segkit.report.runner.execute import NotebookResult
from segkit.report.runner.kernels import Kernels
from segkit.report.runner.pack import Notebook
from segkit.report.runner.progress import Progress

PATIENCE = 15  # seconds; so long a notebook may take to notice that its kernel was ended


class DeadlineError(RunError):
    """The run took longer than it may."""


class Deadline:
    """The moment at which a run ends, whatever it is doing."""

    def __init__(self, minutes: float):
        self.minutes = minutes
        self._end = time.monotonic() + 60 * minutes

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Raise a DeadlineError inside the block when the time is over; for work in this process.

        Signals reach the main thread only; elsewhere, or where the host uses the timer, the time is checked before.
        """
        if not self.remaining():
            raise DeadlineError(self.reason)
        if threading.current_thread() is not threading.main_thread() or any(signal.getitimer(signal.ITIMER_REAL)):
            yield
            return
        earlier = signal.signal(signal.SIGALRM, self._interrupt)
        signal.setitimer(signal.ITIMER_REAL, self.remaining() or 1e-3)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, earlier)

    def _interrupt(self, *_: object) -> None:
        raise DeadlineError(self.reason)

    @property
    def reason(self) -> str:
        """What to tell the user."""
        return f"the deadline of {self.minutes:g} minutes passed\nGive it more time with run.deadline_minutes."


def run_notebooks(
    pack: list[Notebook],
    before: dict[str, set[str]],
    execute: Callable[[Notebook], NotebookResult],
    *,
    jobs: int,
    deadline: Deadline,
    kernels: Kernels,
    progress: Progress,
) -> list[NotebookResult]:
    """Run a pack, at most ``jobs`` notebooks at a time.

    Parameters
    ----------
    pack : list of Notebook
        What to run.
    before : dict
        Names of the notebooks that must be done first, by name; those outside the pack do not count.
    execute : callable
        Runs one notebook in a thread of its own.
    jobs : int
        Notebooks at a time.
    deadline : Deadline
        When it passes every kernel is ended; what was running failed, what was waiting is skipped.
    kernels : Kernels
        The kernels to end.
    progress : Progress
        Is told of every start and end.

    Returns
    -------
    list of NotebookResult
        One per notebook, in the order of the pack.
    """
    waiting = {notebook.name: notebook for notebook in pack}
    needed = {name: before[name] & set(waiting) for name in waiting}
    running = _Running(execute)
    results: dict[str, NotebookResult] = {}
    try:
        while len(results) < len(pack):
            _skip_hopeless(waiting, needed, results, progress)
            for name in [name for name in waiting if needed[name] <= set(results)][: jobs - len(running.names)]:
                progress.begin(name)
                running.start(waiting.pop(name))
            if running.names:
                result = running.next_result(deadline.remaining())
                results[result.name] = result
                progress.end(result)
    except DeadlineError:
        kernels.stop()
        results |= {name: _out_of_time(result) for name, result in running.drain().items()}
        results |= {name: NotebookResult(name, "skipped", reason="no time was left") for name in waiting}
    except BaseException:
        kernels.stop()
        running.drain()
        raise
    return [results[notebook.name] for notebook in pack]


class _Running:
    """Notebooks under way, each in a thread that cannot keep the process from ending."""

    def __init__(self, execute: Callable[[Notebook], NotebookResult]):
        self.names: set[str] = set()
        self._execute = execute
        self._ended: queue.Queue[NotebookResult | tuple[str, BaseException]] = queue.Queue()

    def start(self, notebook: Notebook) -> None:
        self.names.add(notebook.name)
        threading.Thread(target=self._run, args=(notebook,), name=notebook.name, daemon=True).start()

    def next_result(self, seconds: float) -> NotebookResult:
        """Return the result of the notebook that ends next; raise what it raised, or that time is up."""
        try:
            ended = self._ended.get(timeout=seconds)
        except queue.Empty:
            raise DeadlineError from None
        if isinstance(ended, tuple):
            self.names.discard(ended[0])
            raise ended[1]
        self.names.discard(ended.name)
        return ended

    def drain(self) -> dict[str, NotebookResult]:
        """Wait for notebooks whose kernels were ended; return a result for each, whether or not it answered."""
        results = {name: NotebookResult(name, "failed", reason="it did not end in time") for name in self.names}
        until = time.monotonic() + PATIENCE
        while self.names and until > time.monotonic():
            try:
                result = self.next_result(max(0.0, until - time.monotonic()))
            except Exception:  # it failed, as its prepared result says
                continue
            results[result.name] = result
        return results

    def _run(self, notebook: Notebook) -> None:
        try:
            self._ended.put(self._execute(notebook))
        except BaseException as error:
            self._ended.put((notebook.name, error))


def _skip_hopeless(
    waiting: dict[str, Notebook], needed: dict[str, set[str]], results: dict[str, NotebookResult], progress: Progress
) -> None:
    """Skip every notebook whose prerequisites did not succeed, and those that wait for it in turn."""
    for name in list(waiting):
        failed = sorted(one for one in needed[name] if one in results and results[one].status != "done")
        if failed:
            del waiting[name]
            results[name] = NotebookResult(name, "skipped", reason=f"it needs {', '.join(failed)}")
            progress.end(results[name])
            return _skip_hopeless(waiting, needed, results, progress)


def _out_of_time(result: NotebookResult) -> NotebookResult:
    return result if result.status == "done" else replace(result, reason="ended when the deadline passed")
