"""What is worth knowing about an inspection, a row each; warnings of statsmodels become rows too."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

NOTE_COLUMNS = ["subject", "kind", "note", "times"]
KINDS = ("reason", "finding", "assumption", "warning")
FIT_ERRORS = (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError)


class Remarks:
    """Rows of `notes`: subject (model or input), kind, text; equal ones are counted, not repeated."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], int] = {}

    def add(self, subject: str, kind: str, note: str) -> None:
        """Keep a row; ``kind`` is reason, finding, assumption or warning."""
        key = (subject, kind, note)
        self._rows[key] = self._rows.get(key, 0) + 1

    @contextmanager
    def listen(self, subject: str) -> Iterator[None]:
        """Turn what libraries warn of within the block into rows."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for each in caught:
            self.add(subject, "warning", _in_one_line(str(each.message)))

    def table(self) -> pd.DataFrame:
        """Return the rows: reasons first, warnings last, else in the order in which they came up."""
        rows = sorted(self._rows.items(), key=lambda row: KINDS.index(row[0][1]))
        table = pd.DataFrame([[*key, times] for key, times in rows], columns=NOTE_COLUMNS)
        return table.astype({"subject": "str", "kind": "str", "note": "str", "times": "int64"})


def _in_one_line(message: str) -> str:
    return re.sub(r"\s+", " ", message).strip()
