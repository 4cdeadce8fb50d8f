"""Days far from all others: a mistyped one is set aside, a genuine history stays whole, a pause is told."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.core.far_dates import FAR, main_span, note_pauses, set_far_dates_aside
from segkit.core.tables import MarkedTable

LAST = dt.date(2025, 12, 31)


def every(first, last, times=1, step=1):
    return pd.Series(np.repeat(pd.date_range(first, last, freq=f"{step}D").to_numpy(), times)).astype("datetime64[us]")


def marked(days, name="orders"):
    column = {"orders": "order_date", "sales": "period"}[name]
    frame = pd.DataFrame({column: pd.concat(days, ignore_index=True)}).sample(frac=1, random_state=3, ignore_index=True)
    return MarkedTable(name, frame, pd.Series("", index=frame.index, dtype="str"))


def day(text):
    return pd.Series(pd.to_datetime([text])).astype("datetime64[us]")


@pytest.mark.parametrize("mistyped", ["2052-04-30", "1925-03-03", "2027-06-01"])
@pytest.mark.parametrize("name", ["orders", "sales"])
def test_a_mistyped_day_is_set_aside_and_no_other(mistyped, name):
    table = marked([every("2024-01-01", "2025-12-31"), day(mistyped)], name)
    judged = set_far_dates_aside(table, LAST, rule="set_aside")
    far = table.frame.iloc[:, 0] == pd.Timestamp(mistyped)
    assert (judged.reason[far] == FAR[name]).all()
    assert (judged.reason[~far] == "").all()


@pytest.mark.parametrize(
    "days",
    [
        [
            every("2015-03-01", "2015-06-30"),
            every("2016-03-01", "2016-06-30", 40),
            every("2017-03-01", "2017-06-30", 99),
        ],
        [every("2010-01-01", "2010-12-31"), every("2014-01-01", "2025-12-31", 5)],
        [every("2015-01-01", "2025-12-31", step=120), day("2012-01-01")],
        [day("2023-01-01"), day("2023-02-01"), every("2025-01-01", "2025-01-15")],
    ],
    ids=["season of four months, growing", "two years closed", "a few orders a year", "too few rows to judge"],
)
def test_a_genuine_history_stays_whole(days):
    table = marked(days)
    assert (set_far_dates_aside(table, LAST, rule="set_aside").reason == "").all()


def test_what_comes_later_has_no_say_about_what_is_known():
    """Of the first years little is known to those who see ten busy years after a pause; not so on the day."""
    table = marked([every("2004-01-01", "2005-12-31", step=10), every("2012-01-01", "2025-12-31", 9)])
    early = table.frame["order_date"] <= "2005-12-31"
    then = set_far_dates_aside(table, dt.date(2005, 12, 31), rule="set_aside")
    assert (then.reason == "").all()
    now = set_far_dates_aside(table, LAST, rule="set_aside")
    assert (now.reason[early] != "").all()


def test_the_rule_may_be_to_fail():
    table = marked([every("2024-01-01", "2025-12-31"), day("2052-04-30")])
    with pytest.raises(sk.DataError, match=r"far from all others in 1 row, first: order_date=2052-04-30"):
        set_far_dates_aside(table, LAST, rule="fail")


@given(st.lists(st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)), min_size=1, max_size=60))
def test_nearly_all_rows_lie_in_the_span(days):
    series = pd.Series(pd.to_datetime(pd.Series(days)))
    first, last = main_span(series)
    outside = len(days) - series.between(first, last).sum()
    assert outside <= 1
    assert outside == 0 or len(days) >= 20


def test_pauses_are_noted_where_nothing_is_set_aside():
    table = marked([every("2014-01-01", "2014-12-31"), every("2018-01-01", "2025-12-31")])
    notes = note_pauses(table, LAST).notes
    assert [(note.reason, note.rows) for note in notes] == [
        ("no orders between 2014-12-31 and 2018-01-01 (1,097 days)", 365)
    ]
    workdays = every("2025-01-01", "2025-12-31")
    workdays = workdays[workdays.dt.day_of_week < 5]
    assert note_pauses(marked([workdays]), dt.date(2026, 1, 2)).notes == ()
    late = note_pauses(marked([workdays]), dt.date(2026, 1, 20)).notes
    assert [note.reason for note in late] == ["no orders in the last 20 days before as_of"]
    weeks = every("2025-01-06", "2025-12-29", step=7)
    assert note_pauses(marked([weeks], "sales"), dt.date(2026, 1, 4), step_days=7).notes == ()
    assert len(note_pauses(marked([weeks], "sales"), dt.date(2026, 1, 11), step_days=7).notes) == 1


@pytest.mark.parametrize("mistyped", ["2052-04-30", "1925-03-03"])
@pytest.mark.parametrize("as_of", ["", "2025-11-30"])
def test_one_mistyped_date_changes_nothing_else(write_workspace, small_company, mistyped, as_of):
    orders = small_company["orders"]
    odd = orders.iloc[[0]].assign(order_id="999999", order_date=mistyped)
    plain = sk.open_plan(write_workspace(small_company, folder="plain"), as_of=as_of)
    plan = sk.open_plan(
        write_workspace({**small_company, "orders": pd.concat([odd, orders])}, folder="odd"), as_of=as_of
    )
    assert plan.as_of == plain.as_of
    for name in ("periods", "demand", "item_segments", "customer_segments"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(plain, name), obj=name)
    row = plan.data_quality.set_index("reason").loc[FAR["orders"]]
    assert (row["action"], row["rows"]) == ("set_aside", 1)
    assert row["first"].startswith("order_id='999999'")
    assert row["first"].endswith(f"order_date={mistyped}")
    assert plan.inputs.loaded.facts["orders"]["newest"] <= "2025-12-31"
