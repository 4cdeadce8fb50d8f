"""What a director reads of the forecasts: computed sentences, honest where little is known."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import column_dtype, empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.inventory.forecast_headlines import Judged, tell_forecasts

RULES = Forecasts()


def table_of(name, *rows):
    columns = nomenclature()[name].columns
    frame = pd.DataFrame(rows).reindex(columns=list(columns))
    whole = {column: 0 for column in columns if column_dtype(column) == "int64"}
    return frame.fillna(whole).astype({column: column_dtype(column) for column in columns})


def accuracy_of(**changes):
    whole = {"entity": "all", "entity_id": "(all)", "series": 40, "origins": 3, "judged_periods": 90, "actual": 900.0}
    pooled = {**whole, "method": "pooled", "wape": 0.4, "sum_wape": 0.3, "value_added": 0.2, **changes}
    naive = {**whole, "method": "naive", "wape": 0.5, "value_added": 0.0}
    parts = [
        {**pooled, "entity": "pattern", "entity_id": name, "wape": wape, "actual": actual}
        for name, wape, actual in (("smooth", 0.2, 600.0), ("lumpy", 1.1, 300.0), ("(unknown)", 9.0, 1.0))
    ]
    return table_of("forecast_accuracy", pooled, naive, *parts)


def calibration_of(frequency, error=0.004):
    row = {"entity": "all", "entity_id": "(all)", "method": "pooled", "quantile": 0.95, "frequency": frequency}
    row |= {"judged_periods": 1234, "deviation": frequency - 0.95, "series_error": error, "origin_error": np.nan}
    return table_of("forecast_calibration", {**row, "quantile": 0.5}, row)


HISTORY = pd.DataFrame(
    {
        "item_id": ["SKU-1", "SKU-1", "SKU-2", "SKU-3"],
        "location_id": "N",
        "quantity": [1.0, 2.0, 3.0, 4.0],
        "in_stock": True,
    }
)
COVERED = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "location_id": "N", "lead_time_source": ["receipts", "assumed"]})


def told(accuracy=None, calibration=None, history=HISTORY, intervals=COVERED, rules=RULES):
    made = Judged(
        history,
        accuracy_of() if accuracy is None else accuracy,
        calibration_of(0.95) if calibration is None else calibration,
        intervals,
    )
    return tell_forecasts(made, rules=rules, unit="week").set_index("headline")


def test_the_error_stands_beside_that_of_naive():
    row = told().loc["forecast_error"]
    assert row["value"] == 0.4
    assert row["sentence"] == (
        "Forecasts of 40 item-locations for the 3 weeks ahead, made at 3 earlier times, missed by 40% of demand (of "
        "the sum over them: 30%); the last known demand missed by 50%, so forecasting takes 20% off the error."
    )
    worse = told(accuracy_of(value_added=-0.07)).loc["forecast_error", "sentence"]
    assert worse.endswith("so forecasting adds 7% to the error.")


def test_what_was_not_judged_is_said_to_be_unknown():
    none = empty_table("forecast_accuracy")
    assert "the history is too short" in told(none).loc["forecast_error", "sentence"]
    assert "no earlier origins" in told(none, rules=Forecasts(origins=0)).loc["forecast_error", "sentence"]
    assert "hardest_pattern" not in told(none).index


def test_the_hardest_pattern_is_one_that_is_known():
    row = told().loc["hardest_pattern"]
    assert (
        row["sentence"] == "Hardest to forecast is lumpy demand (33% of units): missed by 110%, smooth demand by 20%."
    )


@pytest.mark.parametrize(
    ("frequency", "error", "verdict"),
    [
        (0.955, 0.001, "as it should."),
        (0.90, 0.004, "less often than it should: stock planned so would run short."),
        (0.985, 0.004, "more often than it should: stock planned so would be more than needed."),
        (0.90, 0.04, "would run short; so few origins may show that by chance."),
    ],
)
def test_whether_the_quantile_holds(frequency, error, verdict):
    row = told(calibration=calibration_of(frequency, error)).loc["quantile_held"]
    assert row["value"] == frequency
    assert row["sentence"].startswith(
        f"Demand stayed within the 95% quantile of its forecast in {frequency:.1%} of 1,234"
    )
    assert row["sentence"].endswith(verdict)


def test_lead_times_are_counted_by_where_they_come_from():
    row = told().loc["lead_times_known"]
    assert row["sentence"] == (
        "Lead times of 3 item-locations: 1 from receipts of the item, 1 assumed; it is missing for 1, "
        "which are left out."
    )
    assert row["value"] == pytest.approx(1 / 3)
    none = told(intervals=COVERED.head(0)).loc["lead_times_known"]
    assert none["value"] == 0
    assert "known for none of 3 item-locations" in none["sentence"]


def test_stock_outs_are_told_where_there_are_any():
    assert "stockout_periods" not in told().index
    row = told(history=HISTORY.assign(in_stock=[True, True, True, False])).loc["stockout_periods"]
    assert row["value"] == 0.25
    assert "(40.0% of units)" in row["sentence"]


def test_no_history_has_no_headlines():
    made = told(history=HISTORY.head(0)).reset_index()
    assert made.empty
    assert set(made.columns) == set(nomenclature()["forecast_headlines"].columns)
