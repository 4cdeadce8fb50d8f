"""Looking at unknown files: encodings, delimiters, header lines, dates; and files that cannot be used."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from segkit.core.errors import DataError
from segkit.core.propose.sniff_dates import look_at_dates
from segkit.core.propose.sniff_text import find_delimiter, find_encoding, find_header
from segkit.core.propose.sniff_values import Marks, find_marks
from segkit.core.propose.workspace import new_workspace


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 40, "is no text"),
        (b"item\nA\nB\nC\n", "has only one column"),
        (b"SKU-0001,5,2.5\nSKU-0002,6,3.5\nSKU-0003,7,4.5\n", "no line with column names"),
        (b"date,item,qty,price\n", "no rows"),
        (b"PAR1 and nothing else", "broken Parquet"),
        (b"colour,shape\nred,round\nblue,flat\n", "no column that looks like the item"),
        (gzip.compress(b"a,b\n1,2\n" * 2_000, mtime=0)[:40], "cannot be unpacked"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        new_workspace("client", orders=tmp_path / "bad.csv", folder=tmp_path)
    assert not (tmp_path / "client" / "segkit.toml").exists()


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        new_workspace("client", orders=tmp_path / "none.csv", folder=tmp_path)


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["31.12.2024", "01.02.2024"], "%d.%m.%Y"),
        (["12/31/2024 10:15", "01/02/2024 09:00"], "%m/%d/%Y %H:%M"),
        (["2024-12-31T10:15:00Z"], ""),
        (["20241231", "20240102"], "%Y%m%d"),
        (["2-Jun-06", "14-Nov-06"], "%d-%b-%y"),
        (["Dec 31, 2024", "Jan 2, 2024"], "%b %d, %Y"),
        (["1/2/2024", "1/3/2024", "2/1/2024", "3/1/2024"], "%m/%d/%Y"),
    ],
)
def test_date_formats(cells: list[str], form: str) -> None:
    look = look_at_dates(pd.Series(cells, dtype="str"))
    assert look is not None
    assert look.share == 1.0
    assert look.format.removesuffix("T%H:%M:%S%z").removeprefix("%Y-%m-%d") == form


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp850"])
def test_encodings(encoding: str) -> None:
    text = "Artikel;Größe;Straße;Zubehör für Träger\n" * 20
    assert text.encode(encoding).decode(find_encoding(text.encode(encoding))) == text


def test_delimiter_and_header() -> None:
    assert find_delimiter(["a|b|c", "1|2,5|x", "3|4,5|y"]) == "|"
    assert find_header([["Report", ""], ["", ""], ["sku", "qty"], ["SKU-0001", "3"]]) == 2


def test_columns_of_unequal_rows_are_named_as_such(tmp_path: Path) -> None:
    rows = "\n".join(f"2024-01-02,C1,SKU-0001,{n},5,6,7" for n in range(30))
    (tmp_path / "ragged.csv").write_text(f"date,customer,item,qty,price\n{rows}\n")
    with pytest.raises(DataError, match="30 rows do not have the 5 cells that the header has"):
        new_workspace("client", orders=tmp_path / "ragged.csv", folder=tmp_path)


@pytest.mark.parametrize(
    ("cells", "delimiter", "marks"),
    [
        (["1.234,50", "2,25"], ";", Marks(",", ".")),
        (["1,234.50", "2.25"], ",", Marks(".", ",")),
        (["1,234", "2,500"], ";", Marks(",", "")),
        (["1,234", "2,500"], ",", Marks(".", ",")),
        (["1 234,5", "17,25"], "\t", Marks(",", " ")),
        (["1'234.5", "17.25"], ",", Marks(".", "'")),
        (["5", "6"], ",", Marks(".", "")),
    ],
)
def test_decimal_and_thousands_marks(cells: list[str], delimiter: str, marks: Marks) -> None:
    assert find_marks(pd.DataFrame({"price": cells}, dtype="str"), delimiter) == marks
