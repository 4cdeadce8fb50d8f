"""What the chart of recovered demand says."""

import pandas as pd
import pytest

from segkit.report.charts import figure_svg, plot_recovered_demand

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of an item that never ends'


def table(item="SKU-0042"):
    """Return ten weeks: eight as sold, one sold in part (6 of 9), one without sales (5 expected)."""
    sold = [5.0] * 8 + [6.0, 0.0]
    words = ["as sold"] * 8 + ["sold in part: demand expected above sales", "no sales to go by: forecast made before"]
    return pd.DataFrame(
        {
            "item_id": item,
            "location_id": "NORTH",
            "period": pd.date_range("2025-01-06", periods=10, freq="7D"),
            "quantity": sold,
            "recovered": [5.0] * 8 + [9.0, 5.0],
            "method": words,
        }
    ).sample(frac=1, random_state=2)


def title(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")


def test_the_title_tells_what_was_missed():
    figure = plot_recovered_demand(table(), item_id="SKU-0042", location_id="NORTH")
    assert title(figure).replace("\xa0", " ") == (
        "SKU-0042 at NORTH: out of stock in 2 of 10 weeks, 14.8% of demand missed"
    )
    assert "2025-03-03: 6 sold, 9 expected; 2025-03-10: 0 sold, 5 expected" in figure.get_label()


def test_demand_classes_are_drawn_together():
    both = pd.concat([table().assign(demand_class="a"), table().assign(demand_class="b")])
    figure = plot_recovered_demand(both, item_id="SKU-0042", location_id="NORTH")
    assert "2 of 10 weeks" in title(figure)
    assert "12 sold, 18 expected" in figure.get_label()


@pytest.mark.parametrize("item", ["SKU-0042", NASTY])
def test_svg_is_the_same_twice_and_leaves_the_table_alone(item):
    given = table(item)
    before = given.copy(deep=True)
    drawn = [figure_svg(plot_recovered_demand(given, item_id=item, location_id="NORTH")) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert "<script>alert" not in drawn[0]
    pd.testing.assert_frame_equal(given, before)


def test_never_out_of_stock_and_nothing_at_all():
    whole = table().query("method == 'as sold'")
    assert title(plot_recovered_demand(whole, item_id="SKU-0042", location_id="NORTH")).endswith(
        "never out of stock, sales are demand"
    )
    assert title(plot_recovered_demand(whole, item_id="SKU-9999", location_id="NORTH")) == "No data"
