"""Exchange rates: the last one on or before the day, either way round, never too old, and every gap named at once."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.errors import DataError
from segkit.core.money import exchange_rates, known_rates
from segkit.core.settings import Fx

FX = pd.DataFrame(
    [("2025-03-10", "USD", "EUR", 0.92), ("2025-01-10", "USD", "EUR", 0.96), ("2025-01-20", "EUR", "USD", 1.25),
     ("2025-01-10", "EUR", "USD", 9.99), ("2025-01-10", "EUR", "GBP", 0.8), ("2025-01-10", "USD", "GBP", 0.7)],
    columns=["date", "base_currency", "quote_currency", "rate"],
).assign(date=lambda table: pd.to_datetime(table["date"]))  # fmt: skip


def rates(code, *days, max_age_days=31, to="EUR", fx=FX):
    dates = pd.Series(pd.to_datetime(list(days)))
    return known_rates(
        pd.Series([code] * len(days), dtype="str"), dates, fx, to=to, rules=Fx(max_age_days=max_age_days)
    ).tolist()


@pytest.mark.parametrize(
    ("code", "day", "rate"),
    [
        ("EUR", "1999-01-01", 1.0),
        (None, "1999-01-01", 1.0),
        ("USD", "2025-01-10", 0.96),
        ("USD", "2025-01-19", 0.96),
        ("USD", "2025-01-20", 1 / 1.25),
        ("USD", "2025-02-20", 0.8),
        ("USD", "2025-02-21", None),
        ("USD", "2025-01-09", None),
        ("USD", "2025-03-31", 0.92),
        ("GBP", "2025-01-11", 1 / 0.8),
        ("JPY", "2025-01-11", None),
    ],
)
def test_the_last_rate_on_or_before_the_day_counts(code, day, rate):
    assert rates(code, day) == pytest.approx([float("nan") if rate is None else rate], nan_ok=True)


def test_the_age_a_rate_may_have_is_a_setting():
    assert rates("USD", "2025-01-12", "2025-01-13", max_age_days=2) == pytest.approx([0.96, float("nan")], nan_ok=True)


def rate_twin(code, day, quotes, max_age):
    best = None
    for date, base, quote, rate in quotes:
        if date <= day and (day - date).days <= max_age and {base, quote} == {code, "EUR"}:
            direct = base == code
            if best is None or (date, direct) > best[:2]:
                best = (date, direct, rate if direct else 1 / rate)
    return best[2] if best else float("nan")


QUOTE = st.tuples(
    st.integers(0, 60), st.sampled_from([("USD", "EUR"), ("EUR", "USD"), ("GBP", "EUR")]), st.integers(50, 200)
)


@given(
    st.lists(QUOTE, max_size=12, unique_by=lambda quote: quote[:2]),
    st.lists(st.integers(0, 80), min_size=1, max_size=6),
)
def test_rates_are_their_slow_twin(quotes, days):
    origin = pd.Timestamp("2025-01-01")
    rows = [(origin + pd.Timedelta(days=at), *pair, rate / 100) for at, pair, rate in quotes]
    fx = pd.DataFrame(rows, columns=FX.columns).astype(FX.dtypes.to_dict())
    asked = [origin + pd.Timedelta(days=at) for at in days]
    for code in ("USD", "GBP"):
        expected = [rate_twin(code, day, rows, 31) for day in asked]
        assert rates(code, *asked, fx=fx) == pytest.approx(expected, nan_ok=True)


def test_every_missing_rate_is_named_at_once():
    codes = pd.Series(["USD", "JPY", "JPY", "EUR"], dtype="str")
    days = pd.Series(pd.to_datetime(["2024-12-01", "2025-05-02", "2025-05-01", "2025-05-01"]))
    with pytest.raises(DataError) as error:
        exchange_rates(codes, days, FX, to="EUR", rules=Fx())
    for words in (
        "in 2 ways",
        "JPY to EUR is missing for 2 rows, first on 2025-05-01",
        "USD to EUR is missing for 1 rows",
        "fx.max_age_days (now 31)",
    ):
        assert words in str(error.value)


def test_rows_keep_their_place():
    codes = pd.Series(["USD", "EUR", "USD"], index=[7, 3, 5], dtype="str")
    days = pd.Series(pd.to_datetime(["2025-03-11", "2025-01-11", "2025-01-11"]), index=[7, 3, 5])
    made = exchange_rates(codes, days, FX, to="EUR", rules=Fx())
    assert made.to_dict() == {7: 0.92, 3: 1.0, 5: 0.96}
