"""Rows of SQLite, PostgreSQL and DuckDB: types survive, only reading is allowed, no password is shown."""

import sqlite3

import duckdb
import pandas as pd
import pytest
import sqlalchemy

from segkit.core.errors import DataError, SettingsError
from segkit.core.settings import Source
from segkit.core.sources.databases import hide_password, require_reading
from segkit.core.sources.mapping import read_table
from segkit.core.sources.reading import fingerprint_source, read_source

ROWS = [
    ("0002", "1", "2025-01-04", "00017", "SKU-0007", "1.500", "99.90", None),
    ("0001", "1", "2025-01-02", "00042", "SKU-0042", "10.000", "1.25", "2025-01-03"),
    ("0003", "1", "2025-01-07", None, "SKU-0003", "-4.000", "2.50", None),
]
NAMES = ("order_id", "line_id", "order_date", "customer_id", "item_id", "quantity", "unit_price", "shipped_date")


@pytest.fixture
def sqlite_file(tmp_path):
    with sqlite3.connect(tmp_path / "erp.sqlite") as connection:
        connection.execute(f"CREATE TABLE orders ({', '.join(f'{name} TEXT' for name in NAMES)})")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ROWS)
    connection.close()
    return tmp_path


@pytest.fixture(scope="module")
def postgres_orders(postgres_url):
    engine = sqlalchemy.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    types = "order_id text, line_id int, order_date date, customer_id text, item_id text"
    types += ", quantity numeric(12,3), unit_price numeric(12,2), shipped_date timestamptz"
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE SCHEMA "Sales"')
        connection.exec_driver_sql(f'CREATE TABLE "Sales".orders ({types})')
        for row in ROWS:
            cells = ", ".join("NULL" if cell is None else f"'{cell}'" for cell in row)
            connection.exec_driver_sql(f'INSERT INTO "Sales".orders VALUES ({cells})')
        connection.exec_driver_sql("CREATE SEQUENCE counter")
        connection.exec_driver_sql(
            "CREATE TABLE many AS SELECT i AS n, NULLIF(mod(i, 3), 0) AS k FROM generate_series(1, 120000) i"
        )
    engine.dispose()
    return postgres_url


def _assert_orders(table):
    frame = table.frame.sort_values("order_id", ignore_index=True)
    assert frame["order_id"].tolist() == ["0001", "0002", "0003"]
    assert frame["customer_id"].tolist()[:2] == ["00042", "00017"]
    assert frame["customer_id"].isna().tolist() == [False, False, True]
    assert frame["quantity"].tolist() == [10.0, 1.5, -4.0]
    assert frame["unit_price"].tolist() == [1.25, 99.9, 2.5]
    assert frame["order_date"].tolist() == [pd.Timestamp(day) for day in ("2025-01-02", "2025-01-04", "2025-01-07")]
    assert frame["shipped_date"].isna().tolist() == [False, True, True]
    assert (table.reason == "").all()


def test_sqlite_file_relative_to_the_workspace(sqlite_file):
    _assert_orders(read_table("orders", Source(url="sqlite:///erp.sqlite", query="orders"), sqlite_file))


def test_sqlite_is_never_written(sqlite_file):
    source = Source(url="sqlite:///erp.sqlite", query="WITH x AS (SELECT 1) DELETE FROM orders")
    with pytest.raises(DataError, match="the database cannot be read"):
        read_source(source, sqlite_file)
    assert len(read_source(Source(url="sqlite:///erp.sqlite", query="orders"), sqlite_file)) == 3


def test_missing_sqlite_file_is_not_made(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_source(Source(url="sqlite:///none.sqlite", query="orders"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_table_of_that_name(sqlite_file):
    with pytest.raises(DataError, match="no such table: order_lines"):
        read_source(Source(url="sqlite:///erp.sqlite", query="order_lines"), sqlite_file)


def test_numbers_that_change_their_kind_between_rows(tmp_path):
    with sqlite3.connect(tmp_path / "odd.sqlite") as connection:
        connection.execute("CREATE TABLE items (item_id, unit_cost)")
        connection.executemany("INSERT INTO items VALUES (?, ?)", [("SKU-0042", 1), (7, 2.5), ("00123", "3.25")])
    connection.close()
    frame = read_table("items", Source(url="sqlite:///odd.sqlite", query="items"), tmp_path).frame
    assert frame["item_id"].tolist() == ["SKU-0042", "7", "00123"]
    assert frame["unit_cost"].tolist() == [1.0, 2.5, 3.25]


@pytest.mark.postgres
def test_postgres_types_survive(postgres_orders, tmp_path):
    _assert_orders(read_table("orders", Source(url=postgres_orders, query="Sales.orders"), tmp_path))


@pytest.mark.postgres
def test_postgres_query_with_percent_and_colon(postgres_orders, tmp_path):
    query = """SELECT * FROM "Sales".orders WHERE item_id LIKE 'SKU-00%2' AND order_date::text <> ':x' -- only one"""
    assert read_source(Source(url=postgres_orders, query=query), tmp_path)["order_id"].tolist() == ["0001"]


@pytest.mark.postgres
def test_postgres_reads_in_chunks_with_gaps(postgres_orders, tmp_path):
    frame = read_source(Source(url=postgres_orders, query="many"), tmp_path)
    assert len(frame) == 120_000
    assert frame["n"].sum() == 120_000 * 120_001 // 2
    assert frame["k"].isna().sum() == 40_000
    assert frame["k"].dtype == "Int64"


@pytest.mark.postgres
def test_postgres_is_never_written(postgres_orders, tmp_path):
    query = """WITH gone AS (DELETE FROM "Sales".orders RETURNING *) SELECT * FROM gone"""
    with pytest.raises(DataError, match="must not contain data-modifying statements"):
        read_source(Source(url=postgres_orders, query=query), tmp_path)
    assert len(read_source(Source(url=postgres_orders, query="Sales.orders"), tmp_path)) == 3


@pytest.mark.postgres
def test_postgres_transaction_is_read_only(postgres_orders, tmp_path):
    with pytest.raises(DataError, match="read-only transaction"):
        read_source(Source(url=postgres_orders, query="SELECT nextval('counter') AS n"), tmp_path)


@pytest.mark.postgres
def test_password_comes_from_the_environment_and_is_never_shown(postgres_orders, tmp_path, monkeypatch):
    monkeypatch.setenv("ERP_PASSWORD", "wrong-s3cret")
    url = postgres_orders.replace("s3cret%2Fword", "${ERP_PASSWORD}")
    with pytest.raises(DataError) as caught:
        read_source(Source(url=url, query="many"), tmp_path)
    assert "password authentication failed" in str(caught.value)
    assert "segkit:***@127.0.0.1" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    monkeypatch.setenv("ERP_PASSWORD", "s3cret%2Fword")
    assert len(read_source(Source(url=url, query="SELECT 1 AS one"), tmp_path)) == 1
    monkeypatch.delenv("ERP_PASSWORD")
    with pytest.raises(SettingsError, match="ERP_PASSWORD"):
        read_source(Source(url=url, query="many"), tmp_path)


@pytest.mark.postgres
def test_fingerprint_follows_the_rows_not_their_order_or_the_password(postgres_orders, tmp_path):
    prints = {
        order: fingerprint_source(
            Source(url=postgres_orders, query=f"SELECT n FROM many WHERE n < 9 {order}"), tmp_path
        )
        for order in ("", "ORDER BY n DESC")
    }
    rows = [
        read_source(Source(url=postgres_orders, query=f"SELECT n FROM many WHERE n < {top}"), tmp_path)
        for top in (9, 10)
    ]
    same = Source(url=postgres_orders, query="many")
    assert fingerprint_source(same, tmp_path, rows[0]) == fingerprint_source(
        same, tmp_path, rows[0].sample(frac=1, random_state=1)
    )
    assert fingerprint_source(same, tmp_path, rows[0]) != fingerprint_source(same, tmp_path, rows[1])
    other = Source(url=postgres_orders.replace("s3cret", "changed"), query="many")
    assert fingerprint_source(same, tmp_path, rows[0]) == fingerprint_source(other, tmp_path, rows[0])
    assert len(set(prints.values())) == 2


def test_duckdb_file(tmp_path):
    with duckdb.connect(str(tmp_path / "erp.duckdb")) as connection:
        columns = ", ".join(f"{name} {'DATE' if name.endswith('date') else 'VARCHAR'}" for name in NAMES)
        connection.execute(f"CREATE TABLE orders ({columns})")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [list(row) for row in ROWS])
    _assert_orders(read_table("orders", Source(file="erp.duckdb"), tmp_path))
    _assert_orders(read_table("orders", Source(file="erp.duckdb", query="SELECT * FROM orders"), tmp_path))
    with pytest.raises(DataError, match="no table is named order; did you mean orders"):
        read_source(Source(file="erp.duckdb", query="order"), tmp_path)
    with pytest.raises(DataError, match="DuckDB cannot read it"):
        read_source(Source(file="erp.duckdb", query="SELECT price FROM orders"), tmp_path)


def test_duckdb_file_reads_no_other_files(tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(tmp_path / "erp.duckdb")) as connection:
        connection.execute("CREATE TABLE a (n INT); CREATE TABLE b (n INT)")
    with pytest.raises(DataError):
        read_source(Source(file="erp.duckdb", query=f"SELECT * FROM '{tmp_path / 'secret.csv'}'"), tmp_path)
    with pytest.raises(SettingsError, match="holds 2 tables: a, b"):
        read_source(Source(file="erp.duckdb"), tmp_path)


def test_duckdb_file_that_is_none(tmp_path):
    (tmp_path / "erp.duckdb").write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match="DuckDB cannot read it"):
        read_source(Source(file="erp.duckdb"), tmp_path)


@pytest.mark.parametrize(
    "query", ["DROP TABLE orders", "delete from orders", "SELECT 1; DROP TABLE orders", "/* x */ UPDATE a SET b = 1"]
)
def test_only_reading_statements(query):
    with pytest.raises(SettingsError, match="segkit only reads"):
        require_reading(query)


@pytest.mark.parametrize(
    "query",
    ["orders", "erp.orders", "select 1;", "SELECT ';' AS mark", "update", "-- a\nWITH x AS (SELECT 1) SELECT * FROM x"],
)
def test_tables_and_selects_are_reading(query):
    require_reading(query)


def test_url_of_no_kind():
    assert hide_password("nonsense//user:secret@host") == "nonsense//***@host"
    assert hide_password("postgresql://db/erp?user=a&password=secret") == "postgresql://db/erp?password=***&user=a"
    with pytest.raises(SettingsError, match="is no database URL"):
        read_source(Source(url="user:secret@host", query="orders"), None)
