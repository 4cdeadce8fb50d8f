"""Which rows of a file are known on a day, where a table without dates is made of the file that holds the orders."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import input_tables
from segkit.core.periods import last_days
from segkit.core.source_settings import Source
from segkit.core.sources.cells import Reading, read_cells
from segkit.core.sources.expressions import evaluate, mentioned_columns
from segkit.core.sources.origins import find_origins


@dataclass(frozen=True)
class KnownRows:
    """The dated table of the file (``orders`` or ``sales``), its column and source, and the last day known.

    ``step_days`` are the days for which a row stands.
    """

    table: str
    column: str
    source: Source
    last: date
    step_days: int = 1

    def columns(self, names: list[str]) -> list[str]:
        """Return the columns of the file from which the day of a row is read."""
        origin = self._origin(names)
        return [origin] if origin else mentioned_columns(self._expression(), names)

    def later(self, raw: pd.DataFrame) -> np.ndarray:
        """Return which rows were not known on the last day; none where the file does not say."""
        names = list(raw.columns)
        if not self.columns(names):
            return np.zeros(len(raw), dtype=bool)
        origin = self._origin(names)
        cells = raw[origin] if origin else evaluate(raw, self._expression(), self.table)[self.column]
        source = self.source
        reading = Reading(source.decimal, source.thousands, source.date_format, tuple(source.missing))
        days = read_cells(cells, input_tables()[self.table].columns[self.column].kind, reading).values
        return (last_days(days, self.step_days) > pd.Timestamp(self.last)).to_numpy()

    def _origin(self, names: list[str]) -> str:
        origin = find_origins(names, input_tables()[self.table], self.source).get(self.column, "")
        return origin if origin in names else ""

    def _expression(self) -> Source:
        own = {name: text for name, text in self.source.expressions.items() if name == self.column}
        return self.source.model_copy(update={"expressions": own, "where": ""})
