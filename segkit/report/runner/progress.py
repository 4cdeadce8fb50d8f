"""How a run shows its progress: a bar on a terminal, plain lines elsewhere, nothing when a library calls it."""

from contextlib import AbstractContextManager
from typing import IO, Any

from segkit.report.runner.execute import NotebookResult


class Progress(AbstractContextManager["Progress"]):
    """Progress that shows nothing; the others say what they show."""

    def stage(self, workspace: str, name: str) -> None:
        """Note what the run of a workspace does now."""

    def expect(self, cells: dict[str, int]) -> None:
        """Take the number of code cells of each notebook, before the first begins."""

    def begin(self, name: str) -> None:
        """Note that a notebook begins."""

    def advance(self, name: str) -> None:
        """Note that a notebook has run one more code cell."""

    def end(self, result: NotebookResult) -> None:
        """Note how a notebook fared."""

    def say(self, text: str) -> None:
        """Show a line about the run as a whole."""

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class LineProgress(Progress):
    """One plain line for each notebook that ends."""

    def __init__(self, stream: IO[str]):
        self._stream = stream
        self._cells: dict[str, int] = {}
        self._ended = 0

    def stage(self, workspace: str, name: str) -> None:
        """Write what begins."""
        self.say(f"{workspace}: {name}")

    def expect(self, cells: dict[str, int]) -> None:
        """Take the number of code cells of each notebook."""
        self._cells, self._ended = cells, 0

    def end(self, result: NotebookResult) -> None:
        """Write how a notebook fared."""
        self._ended += 1
        self.say(f"[{self._ended}/{len(self._cells)}] {describe(result)}")

    def say(self, text: str) -> None:
        """Write a line at once."""
        print(text, file=self._stream, flush=True)


class BarProgress(Progress):
    """A bar over all code cells, with the names of the notebooks that run."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._console = Console(highlight=False, markup=False)
        columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        self._bar = Bar(*columns, console=self._console, transient=True)
        self._running: list[str] = []
        self._left: dict[str, int] = {}
        self._task: Any = None

    def stage(self, workspace: str, name: str) -> None:
        """Show what the run does, beside a bar that has just begun."""
        self._clear()
        self._task = self._bar.add_task(f"{workspace}: {name}", total=None)
        self._bar.start()

    def expect(self, cells: dict[str, int]) -> None:
        """Let the bar count code cells."""
        self._left = dict(cells)
        self._bar.update(self._task, total=sum(cells.values()))

    def begin(self, name: str) -> None:
        """Show the notebook's name beside the bar."""
        self._running.append(name)
        self._bar.update(self._task, description=", ".join(self._running))

    def advance(self, name: str) -> None:
        """Move the bar by a cell."""
        self._left[name] -= 1
        self._bar.advance(self._task)

    def end(self, result: NotebookResult) -> None:
        """Write how a notebook fared above the bar."""
        if result.name in self._running:
            self._running.remove(result.name)
        self._bar.update(self._task, advance=self._left.pop(result.name, 0), description=", ".join(self._running))
        self.say(describe(result))

    def _clear(self) -> None:
        for task in self._bar.task_ids:
            self._bar.remove_task(task)

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(text, soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._bar.stop()


def describe(result: NotebookResult) -> str:
    """Return one line on a notebook.

    Examples
    --------
    >>> describe(NotebookResult("0_data_check", "done", 2.345))
    '0_data_check done in 2.3 s'
    """
    if result.status == "done":
        return f"{result.name} done in {result.seconds:.1f} s"
    where = f" in cell {result.cell} ({result.first_line})" if result.cell else ""
    return f"{result.name} {result.status}{where}: {result.reason}"
