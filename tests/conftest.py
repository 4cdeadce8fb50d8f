"""Fixtures of all tests, and the rule that nothing may be skipped where every part is installed."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("segkit", max_examples=40, deadline=None, derandomize=True, database=None)
settings.load_profile("segkit")

PROJECT = Path(__file__).parent.parent

_spec = importlib.util.spec_from_file_location("promise_company", Path(__file__).with_name("promise_company.py"))
_module = sys.modules.setdefault("promise_company", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is not there."""
    folder = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are not there; set SEGKIT_REAL_DATA to their folder")
    return folder.resolve()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # noqa: ARG001
    """With NO_SKIPPED_TESTS a test that would be skipped fails: in CI every part is installed."""
    report = yield
    if report.skipped and os.environ.get("NO_SKIPPED_TESTS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr[2]}"
    return report


@pytest.fixture(scope="session")
def sample_plan():
    """Return the plan of the sample company; its tables are made once for all tests."""
    from segkit import open_plan

    return open_plan(PROJECT / "data" / "sample")


@pytest.fixture
def write_workspace(tmp_path):
    """Return a function that writes tables as CSV with a segkit.toml, and returns the folder."""

    def write(tables: dict, toml: str = "", folder: str = "small") -> Path:
        workspace = tmp_path / folder
        workspace.mkdir(exist_ok=True)
        for name, frame in tables.items():
            frame.to_csv(workspace / f"{name}.csv", index=False)
        sources = "".join(f'[sources.{name}]\nfile = "{name}.csv"\n' for name in tables)
        (workspace / "segkit.toml").write_text(f"{toml}\n{sources}", "utf-8")
        return workspace

    return write


@pytest.fixture
def small_company():
    """Return tables of an invented company: 6 items, 5 customers, 2 locations, 18 months, rows shuffled."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(11)
    count = 900
    days = pd.Timestamp("2024-07-01") + pd.to_timedelta(np.sort(rng.integers(0, 549, count)), "D")
    items = rng.choice([f"SKU-{n:04d}" for n in range(6)], count, p=[0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    orders = pd.DataFrame(
        {
            "order_id": [f"{n:06d}" for n in range(count)],
            "line_id": "1",
            "order_date": days.strftime("%Y-%m-%d"),
            "customer_id": rng.choice([f"CUST-{n:04d}" for n in range(5)], count),
            "item_id": items,
            "location_id": rng.choice(["NORTH", "SOUTH"], count),
            "quantity": np.where(rng.random(count) < 0.04, -1, rng.integers(1, 30, count)),
            "unit_price": rng.integers(500, 9000, count) / 100,
            "status": np.where(rng.random(count) < 0.03, "cancelled", "delivered"),
        }
    ).sample(frac=1, random_state=5)
    costs = [12.0, 30.0, 8.0, 70.0, 21.0, 40.0]
    master = pd.DataFrame(
        {"item_id": [f"SKU-{n:04d}" for n in range(6)], "unit_cost": costs, "category": list("ababab")}
    )
    return {"orders": orders, "items": master.sample(frac=1, random_state=5)}
