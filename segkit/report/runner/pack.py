"""The notebooks of a run: what each needs and writes, and in which order they can run."""

import json
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from segkit.core.errors import RunError, UsageError, list_problems
from segkit.report.runner.parameters import parameter_problems


@dataclass(frozen=True)
class Notebook:
    """One notebook of the pack, as it lies in the notebook folder.

    ``name`` is the file's name without its ending, ``needs`` and ``writes`` are tables, ``source`` the bytes of the
    file, ``content`` what they hold.
    """

    name: str
    path: Path
    title: str
    needs: tuple[str, ...]
    writes: tuple[str, ...]
    source: bytes = field(repr=False)
    content: dict[str, Any] = field(repr=False, compare=False)

    @property
    def number(self) -> str:
        """The number that the name begins with."""
        return self.name.partition("_")[0]

    @property
    def code_cells(self) -> list[dict[str, Any]]:
        """The cells that must have run: code, and not blank."""
        cells = self.content["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]


def read_pack(folder: Path) -> list[Notebook]:
    """Read the numbered notebooks (``0_data_check.ipynb``, …) of a folder.

    Parameters
    ----------
    folder : Path
        Where the notebooks are. Those without a number are for analysts and no part of a run.

    Returns
    -------
    list of Notebook
        Sorted by name.

    Raises
    ------
    RunError
        There is none, or some are no notebooks or lack the ``segkit`` metadata: all of them at once.
    """
    paths = sorted(folder.glob("[0-9]*_*.ipynb"))
    if not paths:
        raise RunError(f"no notebooks in {folder}\nInstall segkit anew, or give the folder that holds 0_….ipynb.")
    problems, pack = [], []
    for path in paths:
        try:
            pack.append(_read_notebook(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems.append(f"{path.name}: {error or type(error).__name__}")
    if problems:
        raise RunError(list_problems("the notebooks cannot be run", problems))
    return pack


def prerequisites(pack: list[Notebook]) -> dict[str, set[str]]:
    """Return, by notebook name, the names of the notebooks that write what it needs.

    Raises
    ------
    RunError
        A table is written by two notebooks, or needed and written by none, or notebooks wait for each other.
    """
    writers: dict[str, list[str]] = {}
    for notebook in pack:
        for table in notebook.writes:
            writers.setdefault(table, []).append(notebook.name)
    problems = [f"{table} is written by {' and '.join(names)}" for table, names in writers.items() if len(names) > 1]
    problems += [
        f"{notebook.name} needs {table}, which no notebook writes"
        for notebook in pack
        for table in notebook.needs
        if table not in writers
    ]
    if problems:
        raise RunError(
            list_problems(
                "the notebooks do not fit together", problems, ["Mend needs and writes in their segkit metadata."]
            )
        )
    before = {notebook.name: {writers[table][0] for table in notebook.needs} for notebook in pack}
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        raise RunError(f"notebooks wait for each other: {' needs '.join(reversed(error.args[1]))}") from None
    return before


def select_notebooks(pack: list[Notebook], only: list[str] | None) -> list[Notebook]:
    """Return the notebooks with the given numbers, or all of them for None.

    Raises
    ------
    UsageError
        No notebook has such a number.
    """
    if not only:
        return pack
    numbers = [notebook.number for notebook in pack]
    if unknown := [number for number in only if number not in numbers]:
        raise UsageError(f"--only {','.join(unknown)}: no such notebook; there are {', '.join(numbers)}")
    return [notebook for notebook in pack if notebook.number in only]


def require_parameters(pack: list[Notebook], given: dict[str, Any]) -> None:
    """Raise a RunError that lists every unknown, missing and mistyped parameter of every notebook."""
    problems = [text for notebook in pack for text in parameter_problems(notebook.name, notebook.content, given)]
    if problems:
        raise RunError(list_problems("parameters do not fit the notebooks", problems))


def _read_notebook(path: Path) -> Notebook:
    source = path.read_bytes()
    content = json.loads(source)
    entry = content["metadata"].get("segkit")
    if not isinstance(entry, dict) or not {"title", "needs", "writes"} <= set(entry):
        raise ValueError('its metadata lacks "segkit": {"title", "needs", "writes"}')
    for cell in content["cells"]:
        if not cell.get("id"):
            raise ValueError("cells without id; save it as nbformat 4.5")
    return Notebook(
        path.stem, path.resolve(), entry["title"], tuple(entry["needs"]), tuple(entry["writes"]), source, content
    )
