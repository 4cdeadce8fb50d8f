"""Steps with a sentence and the rows behind it; they print as text and show as HTML."""

from dataclasses import dataclass
from html import escape

import pandas as pd

_SHOWN = 8


@dataclass(frozen=True)
class Step:
    """One step of an explanation: the table, what it says of the item or customer, and the rows of it."""

    table: str
    sentence: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Explanation:
    """Steps from the order lines to the results; prints as text, shows as HTML."""

    title: str
    steps: list[Step]

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the item's or customer's rows of one table."""
        rows = {step.table: step.rows for step in self.steps}
        return rows[table]

    def __str__(self) -> str:
        parts = [f"{step.table}: {step.sentence}\n{_text(step.rows)}" for step in self.steps]
        return "\n\n".join([self.title, *parts])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{escape(step.table)}</h4><p>{escape(step.sentence)}</p>{_html(step.rows)}" for step in self.steps
        ]
        return f"<h3>{escape(self.title)}</h3>{''.join(parts)}"


def figure(value: float) -> str:
    """Return a figure with two decimals, in words where it is not known."""
    return "unknown" if pd.isna(value) else f"{value:,.2f}"


def _html(rows: pd.DataFrame) -> str:
    return rows.head(_SHOWN).to_html(index=False, float_format=_plain, justify="left", border=0)


def _plain(value: float) -> str:
    return f"{value:,.2f}"


def _text(rows: pd.DataFrame) -> str:
    more = f"\n… {len(rows) - _SHOWN} more rows" if len(rows) > _SHOWN else ""
    return rows.head(_SHOWN).to_string(index=False, float_format=_plain) + more if len(rows) else "(no rows)"
