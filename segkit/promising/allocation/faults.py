"""What is wrong with the tables of an allocation, all of it at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.ids import id_text, id_texts

_SHOWN = 3


class Faults:
    """Collects the problems of one table; `stop` raises them all, if there are any."""

    def __init__(self, table: pd.DataFrame, name: str) -> None:
        self.table, self.name = table, name
        self.problems: list[str] = []

    def needs(self, columns: Sequence[str]) -> None:
        """Raise at once where columns are not there: nothing else can be checked."""
        lacking = [column for column in columns if column not in self.table]
        if lacking:
            has = ", ".join(map(str, self.table.columns)) or "no columns"
            fix = f"Give {', '.join(columns)}; it has {has}."
            raise DataError(list_problems(self._subject(), [f"{', '.join(lacking)} is not there"], [fix]))

    def add(self, problem: str, wrong: np.ndarray) -> None:
        """Add a problem of some rows, with how many and the first of them."""
        rows = np.flatnonzero(np.asarray(wrong, dtype=bool))
        if len(rows):
            self.problems.append(f"{problem} {in_rows(len(rows))}, first: {self._first(rows)}")

    def amounts(self, column: str, *, blank: float | None = None) -> np.ndarray:
        """Return a column of amounts from 0 up, ``blank`` for missing cells; adds a problem where it is not so."""
        if column not in self.table and blank is not None:
            return np.full(len(self.table), blank)
        found = pd.to_numeric(self.table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        if blank is not None:
            found = np.where(self.table[column].isna().to_numpy(), blank, found)
        self.add(f"{column} is no amount of 0 or more", ~(np.isfinite(found) & (found >= 0)))
        return found

    def days(self, column: str) -> pd.Series:
        """Return a column of days without time zone, missing where a cell is none; text is read as YYYY-MM-DD only."""
        cells = self.table[column]
        if cells.dtype == object:
            cells = cells.where([not isinstance(cell, (int, float)) for cell in cells])
        if cells.dtype.kind in "iufb":
            return pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
        return pd.to_datetime(cells, format="ISO8601", errors="coerce").dt.tz_localize(None)

    def stop(self, fix: str) -> None:
        """Raise the problems found."""
        if self.problems:
            raise DataError(list_problems(self._subject(), self.problems, [fix]))

    def _subject(self) -> str:
        return f"table '{self.name}' cannot be used"

    def _first(self, rows: np.ndarray) -> str:
        names = [name for name in (*_KEYS,) if name in self.table]
        found = self.table.iloc[rows][names].astype("str").drop_duplicates().sort_values(names).head(_SHOWN)
        return "; ".join(", ".join(f"{name}={value}" for name, value in row.items()) for _, row in found.iterrows())


_KEYS = ("item_id", "location_id", "node", "parent", "demand_class", "available_date", "period")


def require_classes(classes: Sequence[str], found: pd.Series, name: str) -> np.ndarray:
    """Return the place of every class in the list; raises where classes are not in it, or it names one twice."""
    if isinstance(classes, str):
        fix = f"Give a list, best first: [{classes!r}]."
        raise DataError(list_problems("classes cannot be used", [f"classes is the text {classes!r}"], [fix]))
    known = [id_text(one) for one in classes]
    twice = sorted({one for one in known if known.count(one) > 1})
    if twice:
        raise DataError(
            list_problems("classes cannot be used", [f"named twice: {', '.join(twice)}"], ["Name each once."])
        )
    named = id_texts(found)
    codes = pd.Index(known).get_indexer(named)
    unknown = named[codes < 0].fillna("(blank)").value_counts().sort_index()
    if len(unknown):
        problems = [f"class {label!r} is not in classes, {in_rows(int(rows))}" for label, rows in unknown.items()]
        fix = f"Classes are {', '.join(known) or 'not given'}; name all, best first."
        raise DataError(list_problems(f"table '{name}' names unknown classes", problems, [fix]))
    return codes
