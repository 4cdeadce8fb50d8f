"""Keep count of what is wrong with the rows of one table: set aside with a reason, noted, or refused."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.tables import Note

SHOWN = 3


class Marks:
    """Reasons, notes and problems of the rows of one table, as they come up; the first reason of a row stays.

    Parameters
    ----------
    rows : int
        How many rows the table has.
    name_row : callable
        Takes the place of a row, returns how a person finds it again.
    """

    def __init__(self, rows: int, name_row: Callable[[int], str]) -> None:
        self.notes: list[Note] = []
        self.problems: list[str] = []
        self.fixes: list[str] = []
        self.name_row = name_row
        self._codes = np.zeros(rows, dtype="int16")
        self._words = [""]

    def used(self) -> np.ndarray:
        """Return which rows carry no reason so far."""
        return self._codes == 0

    def set_aside(self, rows: np.ndarray, reason: str) -> None:
        """Mark rows that carry no reason yet."""
        fresh = rows & self.used()
        if fresh.any():
            self._words.append(reason)
            self._codes[fresh] = len(self._words) - 1

    def note(
        self, reason: str, rows: np.ndarray, *, first: str = "", value: float = float("nan"), fix: str = ""
    ) -> None:
        """Note rows that are used all the same."""
        self.notes.append(Note(reason, int(rows.sum()), value, first or self.first(rows), fix))

    def refuse(self, problem: str, rows: np.ndarray, *, first: str = "", fixes: tuple[str, ...] = ()) -> None:
        """Keep a problem for which the table cannot be used."""
        self.problems.append(f"{problem} {in_rows(int(rows.sum()))}, first: {first or self.first(rows)}")
        self.fixes.extend(fixes)

    def first(self, rows: np.ndarray) -> str:
        """Return the first of some rows as a person finds them."""
        return "; ".join(self.name_row(place) for place in np.flatnonzero(rows)[:SHOWN])

    def require(self, subject: str) -> None:
        """Raise a DataError that lists every problem kept."""
        if self.problems:
            raise DataError(list_problems(subject, self.problems, self.fixes))

    def reason(self) -> pd.Series:
        """Return the reason of every row; empty text where there is none."""
        words = pa.array(self._words, pa.large_string())
        return words.take(pa.array(self._codes)).to_pandas()
