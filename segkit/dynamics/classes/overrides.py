"""Classes that a person sets instead of those from the data: with a reason, and an end."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.validity import first_days, holds_on, overlapping
from segkit.dynamics.classes.value_classes import LOSS

BY_PERSON = "override"
ENTITIES = ("item", "customer")
_SHOWN = 3


def apply_overrides(
    segments: pd.DataFrame, class_overrides: pd.DataFrame, *, labels: Sequence[str], as_of: date
) -> pd.DataFrame:
    """Return a table of segments with the classes that a person has set.

    Parameters
    ----------
    segments : DataFrame
        Table ``item_segments`` or ``customer_segments``.
    class_overrides : DataFrame
        Table of that name. A row counts from valid_from (blank = always) to valid_to, both included.
    labels : sequence of str
        Classes that there are; L (loss makers) besides.
    as_of : date
        Day on which an override must hold.

    Returns
    -------
    DataFrame
        ``segments`` with ``abc``, ``segment``, ``class_source`` and ``reason`` of the rows concerned; ``abc_by_data``
        keeps the class that the data give.

    Raises
    ------
    DataError
        Overrides name no class, end before they begin, or overlap (see `require_overrides`).
    """
    require_overrides(class_overrides, labels=labels)
    entity = "item" if "item_id" in segments else "customer"
    held = class_overrides[(class_overrides["entity"] == entity).to_numpy(dtype=bool)]
    held = held[holds_on(held, as_of)].set_index("entity_id")
    if held.empty:
        return segments
    ids = segments[f"{entity}_id"]
    named = ids.isin(held.index).to_numpy(dtype=bool)
    end = ids.map(held["valid_to"].dt.strftime("%Y-%m-%d"))
    told = "set by a person until " + end + ": " + ids.map(held["reason"]).fillna("")
    earlier = segments["reason"].where(segments["reason"] == "", "; " + segments["reason"])
    abc = segments["abc"].where(~named, ids.map(held["abc"])).astype("str")
    return segments.assign(
        abc=abc,
        class_source=segments["class_source"].where(~named, BY_PERSON).astype("str"),
        segment=segments["segment"].where(~named, abc + _rest_of(segments)).astype("str"),
        reason=segments["reason"].where(~named, told + earlier).astype("str"),
    )


def require_overrides(class_overrides: pd.DataFrame, *, labels: Sequence[str]) -> None:
    """Raise a DataError that lists every override which cannot hold (see `list_override_problems`).

    Parameters
    ----------
    class_overrides : DataFrame
        Table of that name.
    labels : sequence of str
        Classes that there are; L (loss makers) besides.
    """
    if problems := list_override_problems(class_overrides, labels=labels):
        fix = "Mend table class_overrides: one class at a time for each item or customer."
        raise DataError(list_problems("table 'class_overrides' cannot be used", problems, [fix]))


def list_override_problems(class_overrides: pd.DataFrame, *, labels: Sequence[str]) -> list[str]:
    """Return what is wrong with overrides: classes that there are not, ends before begins, no reason, overlaps.

    Parameters
    ----------
    class_overrides : DataFrame
        Table of that name; cells may be missing, which is a matter of its contract.
    labels : sequence of str
        Classes that there are; L (loss makers) besides.

    Returns
    -------
    list of str
        One sentence a problem, with the number of rows and the first of them.
    """
    table, known = class_overrides, list(dict.fromkeys([*labels, LOSS]))
    strange = sorted(set(table["abc"].dropna()) - set(known))
    blank = table["reason"].notna() & (table["reason"].str.strip() == "")
    found = [
        *((f"class {label} is none of {', '.join(known)}", table["abc"] == label) for label in strange),
        ("valid_to is before valid_from", table["valid_to"] < first_days(table)),
        ("no reason is given", blank),
        ("overlap another override of the same thing", overlapping(table, ["entity", "entity_id"])),
    ]
    told = [(text, table[rows.fillna(False).to_numpy(dtype=bool)]) for text, rows in found]
    return [f"{text} {in_rows(len(rows))}, first: {_first(rows)}" for text, rows in told if len(rows)]


def note_overrides(class_overrides: pd.DataFrame, known: Sequence[pd.DataFrame], *, as_of: date) -> pd.DataFrame:
    """Return what is worth knowing of overrides as further rows of ``data_quality``.

    Parameters
    ----------
    class_overrides : DataFrame
        Table of that name.
    known : sequence of DataFrame
        Tables whose item_id and customer_id the data know: order lines and masters.
    as_of : date
        Day on which they are judged.

    Returns
    -------
    DataFrame
        Rows with action ``noted``: overrides that hold, that have expired, that begin later, of ids nobody knows.
    """
    table, day = class_overrides, pd.Timestamp(as_of)
    if table.empty:
        return empty_table("data_quality")
    strange = ~_is_known(table, known)
    found = [
        ("set by a person", holds_on(table, as_of) & ~strange, "They win over the classes from the data."),
        (
            "expired",
            (table["valid_to"] < day).to_numpy(dtype=bool),
            "Not applied: give a new last day, or remove them.",
        ),
        ("not yet begun", (first_days(table) > day).to_numpy(dtype=bool), "Not applied yet."),
        ("of ids that the data do not know", strange, "Without effect: mend the id."),
    ]
    rows = [_note(reason, table[chosen], fix) for reason, chosen, fix in found if chosen.any()]
    empty = empty_table("data_quality")
    return pd.DataFrame(rows, columns=list(empty.columns)).astype(empty.dtypes.to_dict())


def _is_known(table: pd.DataFrame, known: Sequence[pd.DataFrame]) -> np.ndarray:
    found = np.zeros(len(table), dtype=bool)
    for entity in ENTITIES:
        own = (table["entity"] == entity).to_numpy(dtype=bool)
        for other in known:
            if own.any() and f"{entity}_id" in other:
                found |= own & table["entity_id"].isin(other[f"{entity}_id"]).to_numpy(dtype=bool)
    return found


def _rest_of(segments: pd.DataFrame) -> pd.Series:
    """Return what follows the value class in a segment: the variability class, or the cost-to-serve band."""
    if "xyz" in segments:
        return segments["xyz"]
    band = segments["service_band"]
    return band.where(band == "", "-" + band)


def _first(rows: pd.DataFrame) -> str:
    shown = rows.sort_values(["entity", "entity_id", "valid_to"]).head(_SHOWN)
    ends = shown["valid_to"].dt.strftime("%Y-%m-%d").fillna("no readable day")
    rows = zip(shown["entity"], shown["entity_id"], shown["abc"], ends, strict=True)
    return "; ".join(f"{entity} {name} as {abc} until {end}" for entity, name, abc, end in rows)


def _note(reason: str, rows: pd.DataFrame, fix: str) -> dict:
    figures = {"rows": len(rows), "value": 0.0, "rows_without_value": 0}
    names = {"source_table": "class_overrides", "action": "noted", "reason": reason}
    return {**names, **figures, "first": _first(rows), "fix": fix}
