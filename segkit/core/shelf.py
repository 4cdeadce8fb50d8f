"""Tables that are made on first use and kept: the machinery under a plan, which itself only lists the tables."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Self

import pandas as pd

from segkit.core.columns import input_tables, nomenclature
from segkit.core.lineage import Lineage, fingerprint, write_table
from segkit.core.settings import Settings, check_settings, merge_settings
from segkit.core.store import InputStore


def source(name: str) -> Any:
    """Make a property of an input table: used rows only, cut at as_of; an empty table where the company has none."""
    doc = f"Input table ``{name}``: one row is {nomenclature()[name].grain}."
    return property(lambda shelf: shelf.read_input(name), doc=doc)


def table(make: Callable[[Any], pd.DataFrame]) -> Any:
    """Make a property of a plan's table: made on first use, from what `make` reads."""
    return property(lambda shelf: shelf.get(make.__name__, make), doc=make.__doc__)


class Shelf:
    """Tables by name, each made once from the same inputs and settings.

    Parameters
    ----------
    settings : Settings
        Of the plan; the inputs may have been read under others that differ in what is not read.
    inputs : InputStore
        Reads and cleans the input tables on first use.
    run_dir : Path, optional
        Folder of a run, where tables of earlier notebooks lie and `write_tables` writes.
    lineage : Lineage, optional
        Tables already made by another plan, to be shared.
    """

    def __init__(
        self, settings: Settings, inputs: InputStore, *, run_dir: Path | None = None, lineage: Lineage | None = None
    ) -> None:
        self.inputs, self.run_dir = inputs, run_dir
        self._resolved = settings
        self._lineage = lineage or Lineage()
        self._later: Self | None = None

    @property
    def workspace(self) -> Path:
        """Folder with segkit.toml."""
        return self.inputs.workspace

    @property
    def as_of(self) -> date:
        """Last day the plan knows."""
        self._lineage.read("as_of", str(self.inputs.as_of))
        return self.inputs.as_of

    @property
    def settings(self) -> Settings:
        """The settings; which sections a table reads is noted while it is made."""
        return WatchedSettings(self._resolved, self._lineage) if self._lineage.reading else self._resolved  # type: ignore[return-value]

    def what_if(self, **changes: Any) -> Self:
        """Return a new plan with other settings; it shares every table that they do not touch.

        Parameters
        ----------
        **changes
            Sections of segkit.toml, for example ``segments={"abc_shares": [0.7, 0.9]}``.

        Returns
        -------
        Plan
            Without run_dir: a scenario never writes into a run.

        Raises
        ------
        SettingsError
            A section, key or value is unknown: all of them at once.
        """
        settings = check_settings(merge_settings(self._resolved.model_dump(mode="json"), changes), "what_if")
        inputs = self.inputs.with_settings(settings)
        return type(self)(settings, inputs, lineage=Lineage(self._lineage.memory))

    def known_on(self, day: date) -> Self:
        """Return the plan as it would have been on an earlier day, from what was known then.

        It keeps its tables to itself: those of many days would fill the memory, and serve no other plan.
        """
        earlier = type(self)(self._resolved, self.inputs.known_on(day))
        earlier._later = self
        return earlier

    def read_later(self, name: str) -> pd.DataFrame | None:
        """Return a table of the plan that `known_on` was called on, noting what it rests on; None where there is none.

        What is taken from it must not depend on what was not known yet.
        """
        if self._later is None:
            return None
        frame = getattr(self._later, name)
        made = self._later._lineage.find(name, self._later._current, None)
        for leaf in made.leaves if made else ():
            self._lineage.read(leaf, self._current(leaf) or "")
        return frame

    def write_tables(self, *names: str) -> None:
        """Write tables into ``run_dir/tables``; without run_dir nothing is written."""
        for name in names:
            frame = getattr(self, name)
            made = self._lineage.find(name, self._current, None)
            if self.run_dir and made:
                write_table(frame, self.run_dir / "tables" / f"{name}.parquet", made.leaves)

    def get(self, name: str, make: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
        """Return a table: as made before from the same inputs and settings, or made now."""
        made = self._lineage.find(name, self._current, self.run_dir)
        if made is None:
            with self._lineage.making() as leaves:
                frame = make(self)
            made = self._lineage.keep(name, frame, leaves)
        return made.frame.copy(deep=False)

    def once(self, name: str, make: Callable[[Any], Any]) -> Any:
        """Return what several tables are made from and nobody changes: made once as tables are, never written."""
        made = self._lineage.find(name, self._current, None)
        if made is None:
            with self._lineage.making() as leaves:
                value = make(self)
            made = self._lineage.keep(name, value, leaves)
        return made.frame

    def read_input(self, name: str) -> pd.DataFrame:
        """Return an input table, noting that it was read."""
        self._lineage.read(f"input.{name}", self.inputs.fingerprint(name))
        return self.inputs.table(name)

    def read_report(self, name: str) -> pd.DataFrame:
        """Return ``data_quality`` or ``set_aside``, which rest on every input and count in the plan's currency."""
        self.input_columns()
        for section in ("company", "fx"):
            self._lineage.read(f"settings.{section}", section_fingerprint(self._resolved, section))
        return self.inputs.report(name)

    def has_input(self, name: str) -> bool:
        """Return whether the company has an input table, noting that this was asked."""
        self._lineage.read(f"input.{name}", self.inputs.fingerprint(name))
        return name in self.inputs.names()

    def read_activity(self) -> tuple[pd.Series, int]:
        """Return the days on which something was sold and the days one row stands for, noting what was read."""
        self._lineage.read("input.orders", self.inputs.fingerprint("orders"))
        self._lineage.read("input.sales", self.inputs.fingerprint("sales"))
        return self.inputs.activity()

    def input_columns(self) -> dict[str, list[str]]:
        """Return the columns of every input table that the company has, noting that each was read."""
        for name in input_tables():
            self._lineage.read(f"input.{name}", self.inputs.fingerprint(name))
        return self.inputs.columns()

    def _current(self, leaf: str) -> str | None:
        """Return the fingerprint that an input or a section of the settings has now."""
        kind, _, name = leaf.partition(".")
        if kind == "settings":
            return section_fingerprint(self._resolved, name)
        if kind == "input":
            return self.inputs.fingerprint(name)
        return str(self.inputs.as_of) if leaf == "as_of" else None


class WatchedSettings:
    """Settings that note which of their sections are read."""

    def __init__(self, settings: Settings, lineage: Lineage) -> None:
        self._settings, self._lineage = settings, lineage

    def __getattr__(self, section: str) -> Any:
        self._lineage.read(f"settings.{section}", section_fingerprint(self._settings, section))
        return getattr(self._settings, section)


def section_fingerprint(settings: Settings, section: str) -> str:
    """Return a hash of one section of the settings."""
    return fingerprint(settings.model_dump(mode="json", include={section}))
