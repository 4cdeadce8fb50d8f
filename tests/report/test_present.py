from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from segkit.core.settings import check_settings
from segkit.report import charts, present
from segkit.report.html_tables import table_html
from segkit.report.numbers import percent


def test_figure_is_shown_with_its_alt_text_and_kept(tables, shown, tmp_path):
    figure = charts.plot_abc(tables["item_segments"])
    present.show_figure(figure, tmp_path)
    data, metadata = shown[0]
    assert metadata == {"segkit": "figure"}
    assert data["text/plain"] == figure.get_label()
    assert (tmp_path / "figures" / "abc.svg").read_text("utf-8") == data["image/svg+xml"]


def test_figure_without_run_dir_writes_nothing(tables, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    present.show_figure(charts.plot_abc(tables["item_segments"]), "")
    assert len(shown) == 1
    assert not list(tmp_path.iterdir())


def test_a_table_without_rows_says_so_in_one_line(shown):
    present.show_table(pd.DataFrame({"item_id": []}), caption="Left out")
    assert shown[0][0]["text/html"] == "<p>Left out: nothing to show.</p>"


def test_causes_spread_over_columns_are_money_as_they_are_in_one():
    sums = pd.DataFrame({"segment": ["AX"], "demand_value": [4490.11]})
    assert "EUR" in table_html(sums, "safety_stock_causes", currency="EUR")
    assert "EUR" not in table_html(sums, "policies", currency="EUR")


def test_counts_under_the_name_of_money_carry_no_unit():
    moves = pd.DataFrame({"known_on": pd.to_datetime(["2025-11-30"]), "price": [3], "volume": [12]})
    assert "EUR" not in table_html(moves, currency="EUR")
    assert "EUR" in table_html(moves.astype({"price": "float64"}), currency="EUR")


def test_headline_shows_only_its_step_and_escapes(tables, shown):
    present.show_headline(tables["headlines"], "1")
    html = shown[0][0]["text/html"]
    assert html.count("<li>") + html.count("<strong>") == 2
    assert "<script>" not in html
    assert "order lines could be used" not in html


def test_headline_of_a_step_without_sentences_shows_nothing(tables, shown):
    present.show_headline(tables["headlines"], "7")
    assert not shown


def test_provenance_shows_no_path_and_no_secret(shown):
    orders = {"url": "postgresql://ann:secret@host/db", "query": "orders"}
    settings = check_settings({"sources": {"orders": orders, "items": {"file": "a/items.csv"}}}, "test")
    plan = SimpleNamespace(settings=settings, workspace=Path("/home/ann/acme"), as_of=date(2025, 12, 31))
    present.show_provenance(plan)
    html = shown[0][0]["text/html"]
    assert "orders: database; items: items.csv" in html
    assert "acme" in html
    assert "2025-12-31" in html
    assert "secret" not in html
    assert "/home" not in html


def test_table_formats_by_kind():
    frame = pd.DataFrame(
        {"item_id": ["SKU-0042"], "revenue": [1234567.891], "margin_share": [0.2345],
         "lines": pd.array([None], dtype="Int64"),
         "last_order_date": pd.to_datetime(["2025-12-30"])}
    )  # fmt: skip
    html = table_html(frame, "item_value", currency="EUR")
    for text in ("SKU-0042", ">1,234,568<", ">23.4%<", ">–<", "2025-12-30"):  # noqa: RUF001
        assert text in html
    assert '<th scope="col" class="number" title="Invoiced for the goods' in html
    assert '<span class="unit">EUR</span>' in html


def test_table_escapes_names_and_column_names(nasty):
    html = table_html(pd.DataFrame({"<i>x</i>": [nasty]}))
    assert "<script>" not in html
    assert "<i>" not in html


def test_long_table_says_how_many_rows_are_left_and_where():
    frame = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(400)]})
    assert "… 380 more rows in segkit.xlsx, sheet item_segments" in table_html(frame, "item_segments")
    assert "… 380 more rows</p>" in table_html(frame)


def test_table_that_the_workbook_cuts_points_to_the_parquet_file():
    frame = pd.DataFrame(np.zeros((12_000, 2)), columns=["quantity", "revenue"])
    assert "more rows in tables/order_lines.parquet" in table_html(frame, "order_lines")


def test_empty_table_says_so_and_keeps_its_columns():
    html = table_html(pd.DataFrame({"item_id": [], "reason": []}))
    assert "no rows" in html
    assert "reason" in html


def test_figures_of_several_units_carry_their_unit(tables):
    html = table_html(tables["assumption_effects"], "assumption_effects", currency="EUR")
    assert "14\xa0customers" in html
    assert "20% lower" in html


def test_nothing_is_changed(tables):
    frame = tables["item_value"]
    before = frame.copy(deep=True)
    table_html(frame, "item_value")
    pd.testing.assert_frame_equal(frame, before)


def test_shares_told_in_numbers_are_read_as_percent():
    gain = pd.DataFrame({"rule": ["one target"], "stock_saved_share": [0.075], "share_low": [-0.0102]})
    html = table_html(gain, "replay_gain", currency="EUR")
    assert percent(0.075, 1) in html
    assert percent(-0.0102, 1) in html
