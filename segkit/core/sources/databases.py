"""Read rows of SQL databases and DuckDB files. Only reading statements are run, on connections that cannot write."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from segkit.core.errors import DataError, SettingsError, nearest_name
from segkit.core.settings import fill_environment
from segkit.core.source_settings import Source
from segkit.core.sources.arrow_frames import to_frame

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_CHUNK = 50_000
_DUCKDB_TABLES = "SELECT table_name FROM information_schema.tables ORDER BY table_name"
_SECRET = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_OTHER_VERBS = (
    *("insert", "update", "delete", "drop", "create", "alter", "truncate", "merge", "replace", "copy", "call", "do"),
    *("grant", "revoke", "attach", "pragma", "vacuum", "set", "begin", "commit", "explain", "exec", "execute"),
)


def read_database(source: Source, workspace: Path) -> pd.DataFrame:
    """Read the rows that a query gives.

    Parameters
    ----------
    source : Source
        ``url`` (with ``${NAME}`` for what comes from the environment) and ``query`` (SQL, or the name of a table).
    workspace : Path
        Folder to which an SQLite file is relative.

    Returns
    -------
    DataFrame
        Columns typed as the database gives them; text stays text.

    Raises
    ------
    SettingsError
        The query is no reading statement, or the URL cannot be used.
    DataError
        The database cannot be reached or refuses the query. The password is never shown.
    """
    from sqlalchemy.exc import SQLAlchemyError

    require_reading(source.query)
    url = _full_url(source.url, workspace)
    try:
        with _connected(url) as connection:
            return to_frame(_collect(connection, _statement(source.query, connection)))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        raise DataError(_failure(url, reason, source.query)) from None


def read_duckdb(path: Path, source: Source) -> pd.DataFrame:
    """Read the rows that a query gives in a DuckDB file; without a query, its only table.

    Raises
    ------
    SettingsError
        The query is no reading statement, or there are several tables to choose from.
    DataError
        The file is no DuckDB database or refuses the query.
    """
    import duckdb

    require_reading(source.query)
    try:
        with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as connection:
            tables = [row[0] for row in connection.execute(_DUCKDB_TABLES).fetchall()]
            query = _duckdb_statement(path, source.query, tables)
            return to_frame(connection.sql(query).to_arrow_table())
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: DuckDB cannot read it\n  {reason}\nCheck the file and the query.") from None


def require_reading(query: str) -> None:
    """Raise a SettingsError if a query is anything but one reading statement or the name of a table.

    Examples
    --------
    >>> require_reading("SELECT * FROM orders")
    >>> require_reading("sales.orders")
    """
    plain = _COMMENTS.sub(" ", query).strip().rstrip(";").strip()
    verb = plain.split(maxsplit=1)[0].lower() if plain else ""
    several = ";" in re.sub(r"'[^']*'|\"[^\"]*\"", "", plain)
    if several or (verb in _OTHER_VERBS and plain.lower() != verb):
        what = "holds several statements" if several else f"begins with {verb.upper()}"
        raise SettingsError(
            f"query = {query[:80]!r} {what}\nsegkit only reads: give one SELECT, or the name of a table."
        )


def hide_password(url: str) -> str:
    """Return a database URL as it may be shown.

    Examples
    --------
    >>> hide_password("postgresql://reader:secret@db/erp")
    'postgresql://reader:***@db/erp'
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        full = make_url(url)
    except (ArgumentError, ValueError):
        return re.sub(r"//.*@", "//***@", url)
    hidden = {name: "***" for name in full.query if _SECRET.search(name)}
    return full.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A", "*")


def _full_url(url: str, workspace: Path) -> "URL":
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        full = make_url(fill_environment(url))
    except (ArgumentError, ValueError):
        raise SettingsError(
            f"url = {hide_password(url)!r} is no database URL\nWrite it as postgresql://user:${{PASSWORD}}@host/name."
        ) from None
    if full.drivername in ("postgresql", "postgres"):
        return full.set(drivername="postgresql+psycopg")
    if full.get_backend_name() == "sqlite":
        if not full.database:
            raise SettingsError(
                f"url = {url!r} names no file\nWrite it as sqlite:///erp.sqlite, relative to the workspace."
            )
        return full.set(database=str(_require_file(workspace / full.database)))
    return full


def _require_file(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path}: no such file\nSet url = … in segkit.toml, the file relative to the workspace.")
    return path.resolve()


@contextmanager
def _connected(url: "URL") -> Iterator["Connection"]:
    """Open a connection that streams its rows and cannot write."""
    engine = _engine(url)
    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": _CHUNK}
    if engine.dialect.name == "postgresql":
        options["postgresql_readonly"] = True
    try:
        with engine.connect().execution_options(**options) as connection:
            yield connection
    finally:
        engine.dispose()


def _engine(url: "URL") -> "Engine":
    import sqlite3

    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError

    try:
        if url.get_backend_name() == "sqlite":
            file = f"{Path(str(url.database)).as_uri()}?mode=ro"
            return create_engine("sqlite://", creator=lambda: sqlite3.connect(file, uri=True))
        return create_engine(url)
    except NoSuchModuleError:
        raise SettingsError(f"url = {url.drivername!r}: no such kind of database") from None
    except ModuleNotFoundError as error:
        extra = "pip install 'segkit[postgres]'" if "psycopg" in str(error) else f"pip install {error.name}"
        raise SettingsError(f"the driver for {url.drivername} is not installed\nInstall it: {extra}") from None


def _statement(query: str, connection: "Connection") -> str:
    if _is_statement(query):
        return query.strip().rstrip(";")
    quote = connection.dialect.identifier_preparer.quote_identifier
    return f"SELECT * FROM {'.'.join(quote(part) for part in query.strip().split('.'))}"


def _is_statement(query: str) -> bool:
    """Return whether a query is SQL, not the name of a table."""
    plain = _COMMENTS.sub(" ", query).strip(" \n\t\r(;").lower()
    found = re.match(r"(select|with|values)\b", plain)
    return bool(found) and plain not in ("select", "with", "values")


def _duckdb_statement(path: Path, query: str, tables: list[str]) -> str:
    if _is_statement(query):
        return query
    if not query and len(tables) != 1:
        raise SettingsError(
            f"{path} holds {len(tables)} tables: {', '.join(tables)}\nSet query to one of them, or to SQL."
        )
    name = query.strip() or tables[0]
    if name.split(".")[-1] not in tables:
        raise DataError(f"{path}: no table is named {name}{nearest_name(name, tables)}")
    return "SELECT * FROM " + ".".join(f'"{part}"' for part in name.split("."))


def _collect(connection: "Connection", statement: str) -> pa.Table:
    """Return all rows, turned into Arrow columns chunk by chunk so that memory holds few Python objects."""
    from sqlalchemy import text

    result = connection.execute(
        text(re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", statement))
    )  # a colon names no parameter here
    names = list(result.keys())
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise DataError(f"the query gives columns of one name: {', '.join(repeated)}\nName them apart with AS.")
    chunks = [
        pa.table({name: _arrow_column(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)})
        for rows in result.partitions(_CHUNK)
    ]
    if not chunks:
        return pa.table({name: pa.array([], pa.large_string()) for name in names})
    return _concatenated(chunks)


def _arrow_column(cells: tuple[Any, ...]) -> pa.Array:
    """Return cells in the type they share; a mixture becomes text."""
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _concatenated(chunks: list[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables(chunks, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        names = chunks[0].column_names
        as_text = [
            pa.table(
                {name: [None if cell is None else str(cell) for cell in chunk[name].to_pylist()] for name in names}
            )
            for chunk in chunks
        ]
        return pa.concat_tables(as_text, promote_options="permissive")


def _failure(url: "URL", reason: str, query: str) -> str:
    secrets = [url.password, *(value for name, value in url.query.items() if _SECRET.search(name))]
    for secret in (str(value) for value in secrets if value):
        reason = reason.replace(secret, "***")
    lines = [line.strip() for line in reason.splitlines() if line.strip()][:3]
    asked = " ".join(query.split())[:120]
    return "\n".join(
        [
            f"{hide_password(url.render_as_string(hide_password=False))}: the database cannot be read",
            *(f"  {line}" for line in lines),
            f"  query: {asked}",
        ]
    )
