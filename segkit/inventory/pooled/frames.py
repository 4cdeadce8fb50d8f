"""Whether something can be used as a table at all."""

from collections.abc import Iterable, Sequence

import pandas as pd

from segkit.core.errors import DataError, list_problems

_TAKEN = ("all", "pattern")  # groupings that are there anyway


def require_frame(table: object, subject: str, names: Sequence[str] | None = None) -> None:
    """Raise a DataError that begins with ``subject`` where this is no pandas table, or one of ``names`` is there twice.

    ``names`` are the columns that are read; blank = all.
    """
    if not isinstance(table, pd.DataFrame):
        problem = f"a pandas DataFrame is needed, not {type(table).__module__}.{type(table).__qualname__}"
        fix = "Convert it first, such as by table.to_pandas() of polars and pyarrow."
        raise DataError(list_problems(subject, [problem], [fix]))
    twice = table.columns[table.columns.duplicated()].astype(str).unique()
    problems = [f"column {name} is there twice" for name in twice if names is None or name in names]
    if problems:
        raise DataError(list_problems(subject, problems, ["Drop or rename one of each."]))


def column_names(by: Sequence[str]) -> list[str]:
    """Return columns to group by as a list; a single name is one column.

    Examples
    --------
    >>> column_names("item_id"), column_names(("abc", "xyz"))
    (['item_id'], ['abc', 'xyz'])
    """
    names = [by] if isinstance(by, str) else list(by) if isinstance(by, Iterable) else [by]
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        problem = f"{', '.join(map(repr, wrong))} {'is' if len(wrong) == 1 else 'are'} no name of a column"
        raise DataError(list_problems("by cannot be used", [problem], ['Give names of columns, such as ["item_id"].']))
    return names


def read_attributes(attributes: pd.DataFrame | None, keys: pd.DataFrame) -> pd.DataFrame | None:
    """Return attributes under names that mean nothing else where series are grouped.

    Raises
    ------
    DataError
        Attributes that are no table, or tell nothing of any item of the history.
    """
    subject = "attributes cannot be used"
    if attributes is None:
        return None
    require_frame(attributes, subject)
    if "item_id" in attributes and len(attributes) and len(keys):
        told = attributes["item_id"].astype("str")
        if set(told.unique()).isdisjoint(keys["item_id"].unique()):  # isin of texts is ten times slower
            items = f"they have {told.iloc[0]}, it has {keys['item_id'].iloc[0]}"
            problem = f"none of their items is in the history: {items}"
            raise DataError(list_problems(subject, [problem], ["Write item_id in both tables alike."]))
    return attributes.rename(columns={name: f"attribute {name}" for name in _TAKEN})
