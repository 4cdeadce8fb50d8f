"""The part of segkit.toml that says where a table comes from and how its columns become segkit's."""

import re
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rule = Literal["fail", "set_aside"]
_HOW_READ = (
    *("file", "url", "query", "format", "sheet", "header_row", "encoding", "delimiter"),
    *("decimal", "thousands", "missing", "date_format"),
)


class Section(BaseModel):
    """A part of segkit.toml: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wide(Section):
    """Turn period columns into rows: one row per id and period, the day of the period in a column ``period``."""

    match: str = Field(description="Regular expression that the names of the period columns match in full.")
    period_from: str = Field(
        "",
        description="How a column name becomes a date: a strptime format for the whole name, or blank with `start`.",
    )
    start: date | None = Field(
        None,
        description="First day of the first period column, where names are counters; of the column numbered 1, where "
        "`match` has a group (?P<number>...).",
    )
    step_days: int = Field(0, ge=0, description="Days from one period column to the next, with `start`.")
    value: str = Field("quantity", description="Column that takes the cells.")
    blank: Literal["set_aside", "zero"] = Field("set_aside", description="What an empty cell means: not known, or 0.")

    @model_validator(mode="after")
    def _dated(self) -> Self:
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match is no regular expression: {error}") from None
        if bool(self.period_from) == bool(self.start) or bool(self.start) != bool(self.step_days):
            raise ValueError("give either period_from, or start and step_days")
        return self


class Join(Section):
    """A second file that brings further columns to the rows of the first; without ``file`` they stay away."""

    file: str = Field("", description="File, relative to the workspace; blank = these columns are not there.")
    on: dict[str, str] = Field(description="Column of the rows (after `wide`) = column of this file, by source names.")
    bring: list[str] = Field(min_length=1, description="Columns of this file (after `wide`) that the rows take.")
    wide: Wide | None = Field(None, description="Wide-to-long for this file.")


class Source(Section):
    """Where one table comes from, and how its columns become segkit's."""

    file: str = Field("", description="CSV, Parquet, Excel or DuckDB file, relative to the workspace; `*` allowed.")
    same_file_as: str = Field("", description="Table whose source this one shares: file or url, and how it is read.")
    url: str = Field("", description="SQLAlchemy URL of a database; `${NAME}` is taken from the environment.")
    query: str = Field("", description="SQL that gives the rows (databases), or the name of a table.")
    format: Literal["", "csv", "parquet", "excel", "duckdb"] = Field("", description="Where the ending does not say.")
    sheet: str = Field("", description="Excel: name of the sheet; the first where blank.")
    header_row: int = Field(1, ge=1, description="CSV and Excel: the line that holds the column names, from 1.")
    encoding: str = Field("utf-8", description="CSV: character encoding.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV: what separates columns.")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of numbers that are text.")
    thousands: Literal["", ".", ",", " ", "'"] = Field("", description="Thousands mark of numbers that are text.")
    missing: list[str] = Field(
        ["NaN", "nan", "NaT", "NULL", "null", "<NA>", "#N/A", "\\N"],
        description="Words that stand for an empty cell.",
    )
    date_format: str = Field("", description="strptime format of dates that are text; ISO 8601 where blank.")
    columns: dict[str, str] = Field({}, description="segkit column = source column. Equal names need no entry.")
    expressions: dict[str, str] = Field(
        {}, description="segkit column = SQL over the source columns; number(X) reads text as one."
    )
    values: dict[str, dict[str, str]] = Field({}, description="segkit column = {source value = segkit value}.")
    where: str = Field("", description="SQL condition over the source columns; other rows are set aside, counted.")
    wide: Wide | None = Field(None, description="Period columns to rows.")
    joins: dict[str, Join] = Field({}, description="Further files that bring columns, by a name of your choice.")
    one_row_per_key: bool = Field(
        False, description="The source repeats each key: one row of each, with the most frequent value of each column."
    )
    unreadable: Rule = Field("fail", description="A cell that is no date or number where one is needed.")
    duplicates: Rule = Field("fail", description="A key that repeats: stop, or use the first row.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.file) == bool(self.url):
            raise ValueError("give either file or url (or same_file_as another table)")
        if self.url and not self.query:
            raise ValueError("a url needs a query (or the name of a table)")
        return self


def share_file(name: str, source: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a source; those that say how to read come from the source that it names."""
    other = source.get("same_file_as")
    if not other:
        return source
    if other not in sources or other == name or sources[other].get("same_file_as"):
        raise ValueError(f"{name}.same_file_as = {other!r}: no source of its own is named so")
    if source.get("file") or source.get("url"):  # what a user's segkit.toml points elsewhere is no longer shared
        return source
    return {**{key: value for key, value in sources[other].items() if key in _HOW_READ}, **source}
