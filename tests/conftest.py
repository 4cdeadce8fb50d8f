"""Fixtures of all tests, and the rule that nothing may be skipped where every part is installed."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is not there."""
    folder = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data sets are not there; set SEGKIT_REAL_DATA to their folder")
    return folder.resolve()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # noqa: ARG001
    """With SEGKIT_NO_SKIPS a test that would be skipped fails: in CI every part is installed."""
    report = yield
    if report.skipped and os.environ.get("SEGKIT_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr[2]}"
    return report
