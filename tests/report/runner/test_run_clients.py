import json
import os
import shlex
import sys

import pytest
from fake_parts import Company

from segkit.core.errors import SettingsError
from segkit.report.runner.clients import call_on_failure, overall_exit_code, run_workspaces
from segkit.report.runner.parts import RunOptions, RunResult


@pytest.fixture
def clients(tmp_path):
    """Return three clients; the one in the middle has orders.csv with no date in it."""
    made = [Company(tmp_path, name=name) for name in ("acme", "poison", "zeta")]
    made[0].add("0_data", "1")
    made[1].settings("[orders]\nfree_line = 'keep'")
    return made


def run(clients, **options):
    reports = clients[0].reports
    return run_workspaces(
        [one.workspace for one in clients], options=RunOptions(reports), parts=clients[0].parts, **options
    )


def test_one_poison_client_does_not_stop_the_rest(clients):
    told = []
    results = run(clients, tell=told.append)
    assert told == results
    assert [(one.workspace, one.status, one.exit_code) for one in results] == [
        ("acme", "done", 0),
        ("poison", "failed", 2),
        ("zeta", "done", 0),
    ]
    assert "did you mean free_lines?" in results[1].reason
    assert overall_exit_code(results) == 2
    entries = json.loads((clients[0].reports / "index.html").read_text())
    assert [(entry["name"], entry["link"]) for entry in entries] == [
        ("acme", "acme/latest/index.html"),
        ("poison", ""),
        ("zeta", "zeta/latest/index.html"),
    ]


def test_fault_in_the_program_does_not_stop_the_rest_either(clients):
    prepare = clients[0].parts.prepare

    def faulty(workspace, **options):
        if workspace.name == "acme":
            raise ZeroDivisionError("oh")
        return prepare(workspace, **options)

    clients[0].parts_changed["prepare"] = faulty
    clients[1].settings("")
    results = run(clients)
    assert [one.exit_code for one in results] == [1, 0, 0]
    assert results[0].reason.startswith("ZeroDivisionError: oh\n")
    assert isinstance(results[0].error, ZeroDivisionError)


def test_index_that_cannot_be_written_is_a_failure_of_its_own(clients):
    def broken(*_):
        raise KeyError("entries")

    clients[0].parts_changed["write_portfolio"] = broken
    results = run([clients[0], clients[2]])
    assert [one.exit_code for one in results] == [0, 0, 1]
    assert "the index over all workspaces could not be written" in results[-1].reason


def test_backfill_runs_every_date(clients):
    results = run(clients[:1], as_of=["2025-12-31", "2025-06-30"])
    assert [(str(one.as_of), one.is_latest) for one in results] == [("2025-12-31", True), ("2025-06-30", False)]
    assert not (clients[0].reports / "index.html").exists(), "one client needs no index"


def test_run_of_one_workspace_renews_its_entry_in_the_index_over_all(clients):
    def listed():
        return {entry["name"]: entry for entry in json.loads((clients[0].reports / "index.html").read_text())}

    run(clients)
    assert (listed()["poison"]["status"], listed()["poison"]["link"]) == ("failed", "")
    assert listed()["poison"]["reason"].startswith("segkit.toml: orders.free_line: unknown key")
    clients[1].settings("")
    run_one = {"options": RunOptions(clients[0].reports), "parts": clients[0].parts}
    run_workspaces([clients[1].workspace], only=["0"], **run_one)
    assert listed()["poison"]["status"] == "failed", "a part of the notebooks is no report"
    run_workspaces([clients[1].workspace], **run_one)
    assert list(listed()) == ["acme", "poison", "zeta"]
    assert (listed()["poison"]["status"], listed()["poison"]["reason"]) == ("done", "")
    assert listed()["poison"]["link"] == "poison/latest/index.html"
    stranger = Company(clients[0].root, name="omega")
    run_workspaces([stranger.workspace], **run_one)
    assert list(listed()) == ["acme", "poison", "zeta"]


def test_mistyped_command_leaves_the_index_as_it_is(clients):
    clients[1].settings("")
    run(clients)
    before = (clients[0].reports / "index.html").read_text()
    results = run(clients, overrides={"orders": {"free_line": "keep"}})
    assert {one.exit_code for one in results} == {2}
    assert (clients[0].reports / "index.html").read_text() == before


def test_workspaces_of_one_name_are_refused_before_anything_runs(clients, tmp_path):
    twin = Company(tmp_path / "twin", name="acme")
    with pytest.raises(SettingsError, match="several workspaces are named acme"):
        run([clients[0], twin])
    assert not clients[0].reports.exists()


@pytest.mark.parametrize(("codes", "overall"), [([], 0), ([0, 0], 0), ([0, 75], 75), ([2, 2], 2), ([2, 3], 1)])
def test_overall_exit_code(codes, overall):
    assert overall_exit_code([RunResult("acme", "x", exit_code=code) for code in codes]) == overall


def test_on_failure_gets_its_facts_by_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGKIT_REAL_DATA", raising=False)  # what a caller set is passed on
    show = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('SEGKIT')}))"
    heard = tmp_path / "heard"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(show)} > {shlex.quote(str(heard))}"
    reason = "quantity is missing\n  $(touch pwned); `touch pwned`"
    assert call_on_failure(command, RunResult("acme", "failed", 2, reason)) == ""
    assert json.loads(heard.read_text()) == {
        "SEGKIT_WORKSPACE": "acme",
        "SEGKIT_REASON": "quantity is missing $(touch pwned); `touch pwned`",
        "SEGKIT_EXIT_CODE": "2",
    }
    assert not os.path.exists("pwned")
    assert call_on_failure("exit 7", RunResult("acme", "failed", 2)) == "--on-failure ended with exit code 7"
