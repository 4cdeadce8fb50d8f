"""Whether promises are kept: what is judged, ties on whole days, open lines."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk

DAY = pd.Timestamp("2025-03-03")


def lines(days, said=4, level=80, **columns):
    """Return lines that began on one day, came after so many days (None = open), and were promised for one day."""
    start = pd.to_datetime([DAY] * len(days))
    end = pd.to_datetime([None if one is None else DAY + pd.Timedelta(one, "D") for one in days])
    table = pd.DataFrame({"start_date": start, "delivered_date": end})
    return table.assign(**{f"promised_p{level}": start + pd.Timedelta(said, "D"), **columns})


def test_open_lines_past_their_day_are_late_and_lines_not_due_are_not_judged():
    table = pd.concat([lines([1, 4, 5, None]), lines([2, None], said=60)], ignore_index=True)
    made = sk.check_promises(table, as_of="2025-03-20").iloc[0]
    assert (made["lines"], made["late_open_lines"], made["not_due_lines"]) == (4, 1, 2)
    assert made["kept"] == 0.5
    assert made["promised_days"] == 4


def test_what_comes_after_as_of_is_open():
    made = sk.check_promises(lines([1, 30]), as_of="2025-03-20").iloc[0]
    assert (made["kept"], made["late_open_lines"]) == (0.5, 1)


def test_a_line_on_its_day_counts_as_far_as_the_promise_needs_it():
    """9 of 10 come exactly on the day: that day is P80; of those, (.8 - 0) / .9 lie at or below the level."""
    table = lines([0] * 9 + [5], said=0, chance_p80=0.9, earlier_p80=0.0)
    made = sk.check_promises(table, as_of="2025-04-30").iloc[0]
    assert made["kept"] == 0.9
    assert made["frequency"] == pytest.approx(0.8)
    assert made["deviation"] == pytest.approx(0.0)
    assert made["pinball_days"] == pytest.approx(0.8 * 5 / 10)


def test_randomised_share_is_the_mean_over_draws():
    random = np.random.default_rng(2)
    days = random.poisson(3.0, 4000)
    table = lines(days.tolist(), said=4, chance_p80=0.8153, earlier_p80=0.6472)
    made = sk.check_promises(table, as_of="2025-12-31").iloc[0]
    tie = random.random(4000) * (0.8153 - 0.6472) + 0.6472 <= 0.8
    drawn = np.where(days == 4, tie, days < 4).mean()
    assert made["frequency"] == pytest.approx(drawn, abs=0.01)
    assert made["frequency_low"] != made["frequency_low"] or made["frequency_low"] <= 0.8


def test_groups_and_levels_have_rows_of_their_own_and_the_interval_spans_months():
    months = [
        lines([1, 9], mode=one).assign(start_date=DAY + pd.DateOffset(months=n)) for n in range(6) for one in "ab"
    ]
    table = pd.concat(months, ignore_index=True)
    table["delivered_date"] = table["start_date"] + pd.to_timedelta([1, 9] * 12, "D")
    table["promised_p80"] = table["promised_p95"] = table["start_date"] + pd.Timedelta(4, "D")
    made = sk.check_promises(table, by=["mode"], as_of="2026-01-01")
    assert made[["mode", "promised_reliability"]].values.tolist() == [["a", 0.8], ["a", 0.95], ["b", 0.8], ["b", 0.95]]
    assert (made["frequency_low"] < 0.5).all()
    assert (made["frequency_high"] > 0.5).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lines([1]).drop(columns="promised_p80"), "no column such as promised_p90"),
        (lines([1]).drop(columns="delivered_date"), "promises has no column 'delivered_date'"),
        (lines([1]).assign(promised_p80="soon"), "promises.promised_p80 is no date"),
    ],
)
def test_bad_input_is_told(table, message):
    with pytest.raises(sk.DataError) as raised:
        sk.check_promises(table)
    assert message in str(raised.value)
