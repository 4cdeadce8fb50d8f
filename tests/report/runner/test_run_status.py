from datetime import UTC, datetime, timedelta

import pytest

from segkit.core.errors import DataError, SettingsError
from segkit.report.runner.attempt import noted_attempt
from segkit.report.runner.record import write_json
from segkit.report.runner.redact import Secrets
from segkit.report.runner.status import parse_age, reported_workspaces, workspace_status

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    """Return the reports of a workspace whose report is 30 hours old, and whose last attempt made it."""
    made = tmp_path / "acme"
    report = made / "2025-12-31-aa"
    report.mkdir(parents=True)
    finished = (NOW - timedelta(hours=30)).isoformat()
    write_json(report / "run.json", {"as_of": "2025-12-31", "run_id": "aa", "finished": finished})
    (made / "latest").symlink_to(report.name)
    write_json(made / "last_attempt.json", {"state": "done", "run_id": "aa", "time": finished})
    return made


def test_age_is_judged(folder):
    assert workspace_status(folder, None, NOW).problem == ""
    assert workspace_status(folder, 31, NOW).problem == ""
    assert str(workspace_status(folder, 26, NOW)) == "acme: as of 2025-12-31, 30.0 h old; older than 26.0 h"


def test_run_that_found_the_report_still_right_renews_it(folder):
    recent = (NOW - timedelta(hours=2)).isoformat()
    write_json(folder / "last_attempt.json", {"state": "done", "run_id": "aa", "time": recent})
    assert workspace_status(folder, 26, NOW).problem == ""
    write_json(folder / "last_attempt.json", {"state": "done", "run_id": "a partial run", "time": recent})
    assert workspace_status(folder, 26, NOW).problem == "older than 26.0 h"


def test_failed_attempt_is_a_problem_however_fresh_the_report(folder, tmp_path):
    with pytest.raises(DataError), noted_attempt(folder, tmp_path, Secrets(("hunter2",))):
        raise DataError("orders of hunter2 are stale\nBring newer data.")
    assert workspace_status(folder, 99, NOW).problem == (
        "the last attempt failed: orders of *** are stale; Bring newer data."
    )


def test_reason_of_several_lines_is_told_whole_and_without_the_workspace_folder(folder, tmp_path):
    with pytest.raises(SettingsError), noted_attempt(folder, tmp_path, Secrets(())):
        raise SettingsError(f"{tmp_path}/segkit.toml:\n  run.keeep: unknown key; did you mean keep?")
    said = "the last attempt failed: segkit.toml: run.keeep: unknown key; did you mean keep?"
    assert workspace_status(folder, 99, NOW).problem == said


def test_no_report_is_a_problem(tmp_path):
    assert str(workspace_status(tmp_path / "acme", None, NOW)) == "acme: no complete report; none was published yet"


def test_workspaces_that_were_run_are_found(folder):
    assert reported_workspaces(folder.parent) == [folder]


@pytest.mark.parametrize("text", ["26", "h", "2 weeks", "-3h", ""])
def test_age_that_is_none(text):
    with pytest.raises(SettingsError, match="write it like 26h, 90m or 2d"):
        parse_age(text)
