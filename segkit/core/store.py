"""The input tables of one plan: read from the sources on first use, or from what a run has already read."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError
from segkit.core.inputs import CUT_BY, Inputs, cut_inputs, read_inputs, sales_step
from segkit.core.lineage import fingerprint, write_table
from segkit.core.settings import Settings, check_settings

_READ_BY = ("sources", "orders", "company", "fx")  # company and fx: money in data_quality and set_aside


@dataclass(frozen=True)
class Prepared:
    """What a run starts from: the day, one hash over inputs and settings, facts per input, settings without secrets."""

    as_of: date
    fingerprint: str
    inputs: dict[str, dict]
    settings: dict[str, Any]


class InputStore:
    """Input tables by name, with the fingerprint of each.

    Parameters
    ----------
    settings : Settings
        Of the plan.
    workspace : Path
        Folder to which file names are relative.
    as_of : date, optional
        Last day known; the end of the last complete period where none is given.
    run_dir : Path, optional
        Folder of a run whose ``inputs`` are read instead of the sources.
    """

    def __init__(
        self, settings: Settings, workspace: Path, as_of: date | None = None, *, run_dir: Path | None = None
    ) -> None:
        self.settings, self.workspace, self._asked, self._run_dir = settings, workspace, as_of, run_dir
        self._inputs: Inputs | None = None

    @classmethod
    def of_run(cls, run_dir: Path, workspace: Path) -> Self:
        """Return the inputs that `prepare_run` left in a run's folder, under the run's settings."""
        values = json.loads((run_dir / "settings.json").read_text("utf-8"))
        return cls(check_settings(values, str(run_dir / "settings.json")), workspace, run_dir=run_dir)

    def with_settings(self, settings: Settings) -> "InputStore":
        """Return the inputs under other settings, as known on the same day; shared unless these change what is read.

        Raises
        ------
        SettingsError
            The inputs are those of a run, which keeps only what its own settings used.
        """
        changed = [name for name in _READ_BY if getattr(settings, name) != getattr(self.settings, name)]
        if changed and self._run_dir:
            raise SettingsError(
                f"{', '.join(changed)} change what is read from the sources; a run keeps only what it has used\n"
                "Open the plan without run_dir to change them."
            )
        other = InputStore(settings, self.workspace, self.as_of, run_dir=self._run_dir)
        other._inputs = None if changed else self.loaded
        return other

    def known_on(self, day: date) -> "InputStore":
        """Return the inputs as they were known on an earlier day: later rows are out, later events blank."""
        other = InputStore(self.settings, self.workspace, day, run_dir=self._run_dir)
        other._inputs = cut_inputs(self.loaded, day)
        return other

    @property
    def loaded(self) -> Inputs:
        """Everything that was read; reads it on first use."""
        if self._inputs is None:
            self._inputs = (
                _load_run(self._run_dir) if self._run_dir else read_inputs(self.settings, self.workspace, self._asked)
            )
        return self._inputs

    @property
    def as_of(self) -> date:
        """Last day known."""
        return self.loaded.as_of

    def names(self) -> list[str]:
        """Return the input tables that the company has."""
        return list(self.loaded.tables)

    def columns(self) -> dict[str, list[str]]:
        """Return the columns that each input table brings."""
        return {name: list(frame.columns) for name, frame in self.loaded.tables.items()}

    def table(self, name: str) -> pd.DataFrame:
        """Return an input table's used rows; an empty table where the company has none."""
        found = self.loaded.tables.get(name)
        return empty_table(name) if found is None else found.copy(deep=False)

    def report(self, name: str) -> pd.DataFrame:
        """Return ``data_quality`` or ``set_aside``."""
        return getattr(self.loaded, name).copy(deep=False)

    def fingerprint(self, name: str) -> str:
        """Return a hash of what an input table's used rows depend on."""
        facts = self.loaded.facts.get(name, {})
        rules = self.settings.orders.model_dump(mode="json") if name in ("orders", "sales") else {}
        return fingerprint([facts.get("fingerprint", ""), self._dated_by(name), rules, str(self.as_of)])

    def _dated_by(self, name: str) -> str:
        """Return the hash of the table that says which rows of a shared file were known; blank for other files."""
        source = self.settings.sources.get(name)
        if source is None or not source.one_row_per_key:
            return ""
        return self.loaded.facts.get("orders" if "orders" in self.loaded.tables else "sales", {}).get("fingerprint", "")

    def activity(self) -> tuple[pd.Series, int]:
        """Return the days on which there are orders (else sales periods), and how many days one row stands for."""
        name = "orders" if "orders" in self.loaded.tables else "sales"
        days = self.loaded.tables[name][CUT_BY[name]]
        return days, 1 if name == "orders" else sales_step(days)


def write_inputs(store: InputStore, run_dir: Path) -> Prepared:
    """Write what was read once into a run's folder; the notebooks of the run read only that.

    Parameters
    ----------
    store : InputStore
        The inputs of the plan.
    run_dir : Path
        Folder of the run; gets ``settings.json`` (no secrets) and ``inputs/``.

    Returns
    -------
    Prepared
        The facts of the run.
    """
    inputs, folder = store.loaded, run_dir / "inputs"
    for name, frame in {**inputs.tables, "data_quality": inputs.data_quality, "set_aside": inputs.set_aside}.items():
        write_table(frame, folder / f"{name}.parquet", {})
    facts = {"as_of": str(inputs.as_of), "facts": inputs.facts}
    (folder / "inputs.json").write_text(json.dumps(facts, indent=1, sort_keys=True), "utf-8")
    public = public_settings(store.settings)
    (run_dir / "settings.json").write_text(json.dumps(public, indent=1, sort_keys=True), "utf-8")
    hashes = {name: fact["fingerprint"] for name, fact in inputs.facts.items()}
    return Prepared(inputs.as_of, fingerprint([hashes, public]), inputs.facts, public)


def public_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain values, the password of every database URL hidden."""
    values = settings.model_dump(mode="json")
    for source in values["sources"].values():
        if source["url"]:
            source["url"] = hide_password(source["url"])
    return values


def hide_password(url: str) -> str:
    """Return a database URL that may be shown; one that cannot be parsed is hidden whole."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "***"
    return parsed.set(query={}).render_as_string(hide_password=True)


def _load_run(run_dir: Path) -> Inputs:
    folder = run_dir / "inputs"
    known = json.loads((folder / "inputs.json").read_text("utf-8"))
    tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    quality, aside = tables.pop("data_quality"), tables.pop("set_aside")
    return Inputs(tables, quality, aside, date.fromisoformat(known["as_of"]), known["facts"])
