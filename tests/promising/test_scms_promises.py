"""Promises on real deliveries: those of SCMS scheduled until 2012, so that the years after are judged once only."""

import sys
from pathlib import Path

import pandas as pd
import pytest

import segkit as sk

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))


@pytest.fixture(scope="module")
def deliveries(real_data):
    from promise_dates import read_deliveries

    if not (real_data / "scms").is_dir():
        pytest.skip("the SCMS delivery history is not there")
    table = read_deliveries(real_data)
    return table[table["start_date"] <= "2012-12-31"]


def test_the_warehouse_is_followed_and_plain_quantiles_are_beaten_on_its_lines(deliveries):
    from promise_dates import losses, plain_promises, promise_monthly, segkit_promises

    day, last = pd.Timestamp("2011-12-31"), pd.Timestamp("2012-06-30")
    own, plain = (promise_monthly(deliveries, rule, day, last) for rule in (segkit_promises, plain_promises))
    warehouse = own["fulfil_via"] == "From RDC"
    assert losses(own)[warehouse].mean() < losses(plain)[warehouse].mean()
    checked = sk.check_promises(own, by=["fulfil_via"], as_of="2013-12-31")
    assert checked["lines"].tolist() == [(~warehouse).sum()] * 3 + [warehouse.sum()] * 3


def test_most_lines_come_on_their_day_and_the_promise_says_so(deliveries):
    line = pd.DataFrame({"start_date": [pd.Timestamp("2013-01-10")], "fulfil_via": ["Direct Drop"]})
    made = sk.promise_dates(deliveries, line, by=["fulfil_via"], as_of="2012-12-31", reliability=[0.5])
    assert made["promised_p50"].item() == line["start_date"].item()
    assert made["chance_p50"].item() > 0.75
    assert made["group_deliveries"].item() == (deliveries["fulfil_via"] == "Direct Drop").sum()
