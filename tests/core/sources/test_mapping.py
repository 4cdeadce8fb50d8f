"""Names, types and marks: no row leaves, and what cannot be used says why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.core.columns import nomenclature
from segkit.core.errors import DataError, SettingsError
from segkit.core.settings import Source, check_settings
from segkit.core.sources.mapping import map_table, read_table
from segkit.core.tables import check_table

COLUMNS = {
    "order_id": "No",
    "order_date": "Day",
    "customer_id": "Who",
    "item_id": "What",
    "quantity": "Pieces",
    "unit_price": "Each",
}


def _source(**settings):
    return Source.model_validate({"file": "x.csv", "columns": COLUMNS, **settings})


def _raw(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS.values()), dtype="str")


@pytest.fixture
def raw():
    return _raw(
        ("1003", "2025-01-07", "C-07", "SKU-0003", "4", "2.50"),
        ("1001", "2025-01-02", "C-01", "SKU-0042", "10", "1.25"),
        ("1002", "2025-01-04 10:30", None, "SKU-0007", "-1", "99"),
    )


def test_columns_are_named_typed_and_ordered(raw):
    before = raw.copy()
    table = map_table("orders", raw, _source())
    assert list(table.frame) == ["order_id", "order_date", "customer_id", "item_id", "quantity", "unit_price"]
    assert [str(kind) for kind in table.frame.dtypes] == ["str", "datetime64[us]", "str", "str", "float64", "float64"]
    assert table.frame["order_date"].iloc[2] == pd.Timestamp("2025-01-04")
    assert table.reason.dtype == "str"
    assert (table.reason == "").all()
    pd.testing.assert_frame_equal(raw, before)


def test_missing_ids_and_prices_of_orders_are_left_to_cleaning(raw):
    table = map_table("orders", raw.assign(Each=[None, "1.25", "99"], What=[None, "SKU-0042", "SKU-0007"]), _source())
    assert (table.reason == "").all()
    assert table.frame.isna().sum().to_dict() == {
        **dict.fromkeys(table.frame, 0),
        "customer_id": 1,
        "item_id": 1,
        "unit_price": 1,
    }


def test_missing_day_is_a_problem_of_the_contract(raw):
    raw = raw.assign(Day=["2025-01-07", None, "2025-01-04"])
    with pytest.raises(DataError, match="order_date is missing in 1 row, first: row 2"):
        map_table("orders", raw, _source())
    assert map_table("orders", raw, _source(unreadable="set_aside")).reason.tolist() == ["", "order_date missing", ""]


def test_equal_names_need_no_entry_and_blank_leaves_out(raw):
    renamed = raw.rename(columns={ours: name for name, ours in COLUMNS.items()}).assign(channel="web")
    assert "channel" in map_table("orders", renamed, Source(file="x.csv")).frame
    assert "channel" not in map_table("orders", renamed, Source(file="x.csv", columns={"channel": ""})).frame


def test_values_are_translated_and_words_may_be_written_in_any_case(raw):
    raw = raw.assign(status=["Storno", " OPEN", None], Where=["1", "2", "3"])
    source = _source(
        columns={**COLUMNS, "channel": "Where"}, values={"status": {"Storno": "cancelled"}, "channel": {"1": "web"}}
    )
    frame = map_table("orders", raw, source).frame
    assert frame["status"].tolist()[:2] == ["cancelled", "open"]
    assert frame["channel"].tolist() == ["web", "2", "3"]


def test_expressions_over_text_and_typed_cells(raw):
    source = _source(
        columns={name: origin for name, origin in COLUMNS.items() if name != "unit_price"},
        expressions={
            "amount": "number(Pieces) * number(Each)",
            "channel": "CASE WHEN Who IS NULL THEN 'shop' ELSE 'web' END",
        },
    )
    frame = map_table("orders", raw, source).frame
    assert frame["amount"].tolist() == [10.0, 12.5, -99.0]
    assert frame["channel"].tolist() == ["web", "web", "shop"]
    typed = raw.astype({"Pieces": "float64", "Each": "float64"})
    assert map_table("orders", typed, source).frame["amount"].tolist() == [10.0, 12.5, -99.0]


def test_number_knows_the_marks_of_the_source(raw):
    raw = raw.assign(Each=["1.002,50", " 1,25", "x"])
    source = _source(
        columns={**COLUMNS, "unit_price": ""}, expressions={"amount": "number(Each)"}, decimal=",", thousands="."
    )
    frame = map_table("orders", raw, source).frame
    assert frame["amount"].tolist()[:2] == [1002.5, 1.25]
    assert np.isnan(frame["amount"].iloc[2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Peaces * 2", "Peaces is no column; did you mean Pieces"),
        ("Pieces * Each", r"write number\(COLUMN\)"),
        ("number(Pieces", "sources.orders.expressions.amount"),
        ("sum(number(Pieces))", "gives 1 values for 3 rows"),
        ("(SELECT count(*) FROM read_csv('/etc/passwd'))", "sources.orders.expressions.amount"),
    ],
)
def test_expressions_that_cannot_be_worked_out(raw, text, message):
    with pytest.raises(SettingsError, match=message):
        map_table("orders", raw, _source(expressions={"amount": text}))


def test_where_sets_aside_before_anything_is_judged(raw):
    raw = raw.assign(Pieces=["4", "total", "-1"])
    table = map_table("orders", raw, _source(where="Pieces <> 'total'"))
    assert table.reason.tolist() == ["", "left out by sources.orders.where", ""]


def test_mapping_that_does_not_fit_names_the_nearest(raw):
    source = _source(columns={**COLUMNS, "quantity": "Peces", "colour": "What"}, values={"stat": {"a": "open"}})
    with pytest.raises(SettingsError) as caught:
        map_table("orders", raw, source)
    assert "in 3 ways" in str(caught.value)
    assert "sources.orders.columns.quantity = 'Peces': the source has no such column; did you mean Pieces?" in str(
        caught.value
    )
    assert "sources.orders.values.stat: 'orders' has no such column; did you mean status?" in str(caught.value)


def test_columns_that_nothing_gives(raw):
    with pytest.raises(DataError) as caught:
        map_table(
            "orders",
            raw.drop(columns=["Who", "Each"]),
            Source(file="x.csv", columns={"order_date": "Day", "item_id": "What", "quantity": "Pieces"}),
        )
    assert "customer_id is required and comes from no column" in str(caught.value)
    assert "unit_price or amount is required" in str(caught.value)
    assert "The source has: No, Day, What, Pieces" in str(caught.value)


def test_unreadable_optional_cells_are_blanked_and_noted(raw):
    table = map_table("orders", raw.assign(freight_out=["free", "1.5", None]), _source())
    assert table.frame["freight_out"].isna().tolist() == [True, False, True]
    note = next(note for note in table.notes if "freight_out" in note.reason)
    assert (note.rows, note.first) == (1, "row 1 'free'")


def test_limits_stop_or_blank_by_the_rule(raw):
    raw = raw.assign(freight_out=["-1", "1.5", None])
    with pytest.raises(DataError, match=r"freight_out is below 0 in 1 row, first: row 1 '-1.0'"):
        map_table("orders", raw, _source())
    table = map_table("orders", raw, _source(unreadable="set_aside"))
    assert (table.reason == "").all()
    assert table.frame["freight_out"].isna().tolist() == [True, False, True]


def test_all_problems_at_once():
    raw = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0042", None], "moq": ["-1", "2", "3"]}, dtype="str")
    with pytest.raises(DataError) as caught:
        map_table("items", raw, Source(file="x.csv"))
    message = str(caught.value)
    assert "cannot be used as it is in 3 ways" in message
    for part in ("item_id is missing in 1 row, first: row 3", "moq is below 0", "key (item_id) repeats in 1 row"):
        assert part in message


def test_first_row_of_a_key_stays():
    raw = pd.DataFrame({"item_id": ["b", "a", "b"], "category": ["one", "two", "three"]}, dtype="str")
    table = map_table("items", raw, Source(file="x.csv", duplicates="set_aside"))
    assert table.reason.tolist() == ["", "", "key (item_id) repeats"]


def test_identical_rows_are_kept_and_counted():
    twice = ("1003", "2025-01-07", "C-07", "SKU-0003", "4", "2.50")
    raw = _raw(twice, ("1001", "2025-01-02", "C-01", "SKU-0042", "10", "1.25"), twice, twice)
    raw["note"] = ["x", "x", "x", "y"]
    table = map_table("orders", raw, _source())
    assert (table.reason == "").all()
    assert [(note.reason, note.rows, note.value) for note in table.notes] == [("identical whole rows", 1, 10.0)]
    assert map_table("orders", raw.assign(line_id=["1", "1", "2", "3"]), _source()).notes == ()


def test_one_row_per_key_takes_the_most_frequent():
    raw = pd.DataFrame({"sku": ["b", "a", "b", "b", None], "text": ["x", None, "z", "z", "q"]}, dtype="str")
    source = Source(file="x.csv", one_row_per_key=True, columns={"item_id": "sku", "description": "text"})
    table = map_table("items", raw, source)
    assert table.frame["item_id"].tolist() == ["a", "b"]
    assert table.frame["description"].isna().tolist() == [True, False]
    assert table.frame["description"].iloc[1] == "z"
    notes = {note.reason: note.rows for note in table.notes}
    assert notes["rows merged into one per item_id"] == 2
    assert notes["item_id missing, rows give nothing"] == 1
    assert notes["description differs within 1 keys, the most frequent is used"] == 1


def test_sources_that_share_a_file(tmp_path):
    (tmp_path / "lines.txt").write_text("sku;day;who;n;each\nSKU-0042;02.01.2025;C-01;1;2,5\n")
    own = {"file": "lines.txt", "delimiter": ";", "decimal": ",", "date_format": "%d.%m.%Y"}
    own["columns"] = {
        "item_id": "sku",
        "order_date": "day",
        "customer_id": "who",
        "quantity": "n",
        "unit_price": "each",
    }
    shared = {"same_file_as": "orders", "one_row_per_key": True, "columns": {"item_id": "sku"}}
    settings = check_settings({"sources": {"orders": own, "items": shared}}, "test")
    assert read_table("orders", settings.sources["orders"], tmp_path).frame["unit_price"].tolist() == [2.5]
    assert read_table("items", settings.sources["items"], tmp_path).frame["item_id"].tolist() == ["SKU-0042"]
    with pytest.raises(SettingsError, match="no source of its own is named so"):
        check_settings({"sources": {"items": {"same_file_as": "orders"}}}, "test")


def test_empty_source_gives_an_empty_table(raw):
    table = map_table("orders", raw.iloc[:0], _source(where="Pieces > '0'", expressions={"channel": "'web'"}))
    assert table.frame.empty
    assert table.reason.empty
    assert check_table(table.frame, nomenclature()["orders"]).empty


_CELL = st.sampled_from(["1", "2.5", "x", None, "2025-01-02", "NaN", "1e308", " "])


@settings(max_examples=20)
@given(st.lists(st.tuples(_CELL, _CELL, _CELL, _CELL, _CELL, _CELL), max_size=12), st.randoms(use_true_random=False))
def test_every_row_is_used_or_set_aside_whatever_the_order(rows, random):
    rules = {"unreadable": "set_aside", "duplicates": "set_aside", "where": "Who IS DISTINCT FROM '1'"}
    table = map_table("orders", _raw(*rows), _source(**rules))
    assert len(table.frame) == len(table.reason) == len(rows)
    used = table.frame[(table.reason == "").to_numpy()]
    filled = used.dropna(subset=["customer_id", "item_id", "unit_price"])
    assert check_table(filled, nomenclature()["orders"]).empty
    places = list(range(len(rows)))
    random.shuffle(places)
    other = map_table("orders", _raw(*[rows[place] for place in places]), _source(**rules))
    assert other.reason.tolist() == [table.reason.tolist()[place] for place in places]


def test_expressions_over_a_column_of_text_and_numbers():
    raw = pd.DataFrame({"sku": ["C17", 42.0, None], "moq": [1.0, 2.0, 3.0]})
    source = Source(file="x.csv", expressions={"item_id": "coalesce(sku, 'none')", "description": "sku LIKE 'C%'"})
    frame = map_table("items", raw, source).frame
    assert frame["item_id"].tolist() == ["C17", "42", "none"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None])), max_size=12), st.randoms())
def test_one_row_per_key_is_the_same_in_any_order(rows, random):
    source = Source(file="x.csv", one_row_per_key=True)
    shuffled = random.sample(rows, len(rows))
    one, other = (
        map_table("items", pd.DataFrame(part, columns=["item_id", "category"], dtype="str"), source).frame
        for part in (rows, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)
    for item, category in one.itertuples(index=False):
        found = sorted(word for name, word in rows if name == item and word)
        assert (
            (category in found and found.count(category) == max(map(found.count, found)))
            if found
            else pd.isna(category)
        )


EXPORT = """Auftragsnummer,Position,Bestelldatum,Kunde,Artikelnummer,Menge,Preis
1001,1,2025-01-02,C-01,SKU-0042,10,1.25
1002,1,04.01.2025,C-07,SKU-0007,4,two
"""
GERMAN = {
    "order_id": "Auftragsnumer",
    "line_id": "Position",
    "order_date": "Bestelldatum",
    "customer_id": "Kunde",
    "item_id": "Artikelnummer",
    "quantity": "Menge",
    "unit_price": "Preis",
}


def test_misspelt_column_is_looked_for_among_all_columns_of_the_file(tmp_path):
    (tmp_path / "lines.csv").write_text(EXPORT)
    with pytest.raises(SettingsError) as refused:
        read_table("orders", Source(file="lines.csv", columns=GERMAN), tmp_path)
    assert "order_id = 'Auftragsnumer': the source has no such column; did you mean Auftragsnummer?" in str(
        refused.value
    )
    assert "The source has: Auftragsnummer, Position, Bestelldatum, Kunde" in str(refused.value)


def test_misspelt_column_does_not_hide_cells_that_cannot_be_read(tmp_path):
    (tmp_path / "lines.csv").write_text(EXPORT)
    with pytest.raises(SettingsError) as refused:
        read_table("orders", Source(file="lines.csv", columns=GERMAN), tmp_path)
    assert "order_date is unreadable in 1 row, first: row 2 '04.01.2025'" in str(refused.value)
    assert "unit_price is unreadable in 1 row, first: row 2 'two'" in str(refused.value)


def test_periods_of_a_wide_file_are_not_offered_for_a_misspelt_column(tmp_path):
    (tmp_path / "weeks.csv").write_text("sku,shop,w1,w2\nSKU-0042,S-1,3,4\n")
    wide = {"match": "w[0-9]", "start": "2025-01-06", "step_days": 7}
    source = Source.model_validate({"file": "weeks.csv", "columns": {"item_id": "skuu"}, "wide": wide})
    with pytest.raises(SettingsError, match=r"did you mean sku\?\nThe source has: sku, shop, period, quantity$"):
        read_table("sales", source, tmp_path)
