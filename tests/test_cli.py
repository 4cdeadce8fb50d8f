import importlib.util
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segkit.cli import app
from segkit.core.errors import DataError
from segkit.report.runner import clients as clients_module

_spec = importlib.util.spec_from_file_location("fake_parts", Path(__file__).parent / "report/runner/fake_parts.py")
fake_parts = sys.modules.setdefault("fake_parts", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(fake_parts)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from fake_parts import Company
from segkit.cli import main
from segkit.report.runner import clients
company = Company(Path({root!r}))
clients.default_parts = lambda: company.parts
main()
"""


@pytest.fixture
def company(tmp_path, monkeypatch):
    """Return a company whose parts the command line uses, in its folder."""
    made = fake_parts.Company(tmp_path)
    monkeypatch.setattr(clients_module, "default_parts", lambda: made.parts)
    monkeypatch.chdir(tmp_path)
    return made


def call(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_run_says_where_the_report_is(company):
    company.add("0_data", "1")
    done = call("run", company.workspace)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["acme: reading the sources", "acme: running the notebooks"]
    assert lines[2].startswith("[1/1] 0_data done in ")
    assert lines[-1] == "Report: reports/acme/latest/index.html"
    again = call("run", company.workspace)
    assert again.exit_code == 0
    assert again.stdout.splitlines()[1:] == [
        "acme: already done; --force does it again",
        "Report: reports/acme/latest/index.html",
    ]
    assert call("status", company.workspace, "--max-age", "1h").exit_code == 0
    assert call("status").stdout.startswith("acme: as of 2025-12-31, 0.0 h old")


def test_partial_and_backfill_runs_through_the_command_line(company):
    company.add("0_data", "1")
    company.add("1_demand", "1", needs=["data"])
    part = call("run", company.workspace, "--only", "0", "--set", "company.name=Acme", "--as-of", "2025-06-30")
    assert part.exit_code == 0
    assert "(there is no latest yet: run without --only)" in part.stdout
    assert not (company.folder / "latest").exists()
    assert call("status", "acme").exit_code == 1
    assert call("run", company.workspace).exit_code == 0
    later = call("run", company.workspace, "--only", "0", "--set", "company.name=Acme", "--as-of", "2025-06-29")
    assert "(latest stays as it was)" in later.stdout


def test_failing_notebook_exits_3_and_calls_the_command(company):
    company.add("0_data", "1 / 0")
    command = 'printf "%s|%s|%s" "$SEGKIT_WORKSPACE" "$SEGKIT_EXIT_CODE" "$SEGKIT_REASON" > heard'
    failed = call("run", company.workspace, "--on-failure", command)
    assert failed.exit_code == 3
    assert "0_data, cell 3 (1 / 0): ZeroDivisionError: division by zero" in failed.stderr
    assert "Traceback" not in failed.output
    heard = (company.root / "heard").read_text()
    assert heard.startswith("acme|3|1 of 1 notebooks did not succeed 0_data, cell 3")
    status = call("status", "acme")
    assert status.exit_code == 1
    assert "no complete report; the last attempt failed" in status.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--set", "orders.free_line=keep"], "did you mean free_lines?"),
        (["--set", "nonsense"], "write it as section.key=value"),
        (["--as-of", "31.12.2025"], "write it like 2025-12-31"),
        (["--set", "orders.free_line=keep"], "UsageError: acme: --set orders.free_line=keep:"),
        (["--only", "9"], "--only 9: no such notebook"),
        (["--only", ""], "--only '': give the numbers of notebooks, such as --only 0,1"),
        (["--jobs", "0"], "--jobs"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_input_exits_2_without_a_traceback(company, args, said):
    company.add("0_data", "1")
    refused = call("run", company.workspace, *args)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.output


@pytest.mark.parametrize("args", [["--set", "orders.free_line=keep"], ["--only", "9"]])
def test_mistyped_command_is_no_attempt_of_the_workspace(company, args):
    company.add("0_data", "1")
    assert call("run", company.workspace, *args).exit_code == 2
    assert "none was published yet" in call("status", "acme").stdout
    assert call("run", company.workspace).exit_code == 0
    assert call("run", company.workspace, *args).exit_code == 2
    assert call("status", "acme").exit_code == 0


def test_setting_of_the_file_is_blamed_before_one_of_the_command_line(company):
    company.settings("[orders]\nfree_line = 'keep'")
    refused = call("run", company.workspace, "--set", "run.kept=3")
    assert refused.stderr.startswith(
        f"SettingsError: acme: {company.workspace}/segkit.toml:\n  orders.free_line: unknown"
    )
    repaired = call("run", company.workspace, "--set", "sources.orders.url=postgresql://ann:hunter2@db/x")
    assert "hunter2" not in repaired.output


def test_reports_that_cannot_be_written_name_the_folder_and_the_fix(company):
    company.add("0_data", "1")
    for folder in ("/proc/none", company.workspace / "segkit.toml"):
        refused = call("run", company.workspace, "--reports", folder)
        assert refused.exit_code == 1
        assert f"RunError: acme: no reports can be written into {folder}/acme: " in refused.stderr
        assert "Give another folder with --reports" in refused.stderr


def test_missing_workspace_exits_2(company):
    refused = call("run", "nowhere")
    assert refused.exit_code == 2
    assert "no workspace nowhere" in refused.stderr
    assert not company.reports.exists()


def test_bad_data_exits_2_and_debug_shows_the_traceback(company):
    company.add("0_data", "1")

    def broken(*_, **__):
        raise DataError("quantity is missing in 2 rows")

    company.parts_changed["prepare"] = broken
    refused = call("run", company.workspace)
    assert refused.exit_code == 2
    assert refused.stderr == "DataError: acme: quantity is missing in 2 rows\n"
    assert "Traceback" in call("run", company.workspace, "--debug").stderr


def test_fault_of_segkit_exits_1_without_a_traceback(company):
    company.add("0_data", "1")
    company.parts_changed["prepare"] = lambda *_, **__: 1 / 0
    failed = call("run", company.workspace)
    assert failed.exit_code == 1
    assert "acme: ZeroDivisionError: division by zero" in failed.stderr
    assert "--debug" in failed.stderr
    assert "Traceback" not in failed.output


def test_locked_workspace_exits_75(company):
    from segkit.report.runner.lock import lock_workspace

    company.add("0_data", "1")
    with lock_workspace(company.folder):
        refused = call("run", company.workspace)
    assert refused.exit_code == 75
    assert "another run of acme is under way" in refused.stderr


def test_poison_client_exits_with_its_code_and_the_others_are_done(company):
    company.add("0_data", "1")
    poison = fake_parts.Company(company.root, name="poison")
    poison.settings("broken =")
    done = call("run", poison.workspace, company.workspace)
    assert done.exit_code == 2
    assert "Report: reports/acme/latest/index.html" in done.stdout
    assert "SettingsError: poison: " in done.stderr
    entries = json.loads((company.reports / "index.html").read_text())
    assert [entry["status"] for entry in entries] == ["failed", "done"]


def test_check_lists_the_problems_of_every_workspace(company, monkeypatch):
    import segkit.prepare

    def check(workspace, as_of=None, overrides=None):
        if workspace.name == "poison":
            raise DataError("table 'orders' breaks its contract")
        return f"{workspace.name} is fine, {as_of}, {overrides}"

    monkeypatch.setattr(segkit.prepare, "check_workspace", check, raising=False)
    checked = call("check", "poison", company.workspace, "--as-of", "2025-06-30", "--set", "run.keep=3")
    assert checked.exit_code == 2
    assert "DataError: poison: table 'orders' breaks its contract" in checked.stderr
    assert checked.stdout == "acme is fine, 2025-06-30, {'run': {'keep': 3}}\n"


def test_sample_does_not_replace_a_workspace(company, monkeypatch):
    import segkit.sample

    written = []
    monkeypatch.setattr(segkit.sample, "write_sample", written.append)
    assert call("sample", company.workspace).exit_code == 2
    assert call("sample", "fresh").stdout == "Workspace: fresh\nRun it with: segkit run fresh\n"
    assert written == [Path("fresh")]


def test_new_prints_the_proposal(monkeypatch):
    import segkit.core.propose.workspace

    def propose(name, *, orders, mapping, force):
        return f"{name} {orders} {mapping} {force}"

    monkeypatch.setattr(segkit.core.propose.workspace, "new_workspace", propose)
    made = call("new", "beta", "--orders", "lines.csv", "--mapping", "m5")
    assert (made.exit_code, made.stdout) == (0, "beta lines.csv m5 False\n")
    assert call("new", "beta").exit_code == 2


def test_status_without_reports_and_with_a_bad_age(company):
    assert call("status").exit_code == 2
    assert call("status", "--max-age", "soon").exit_code == 2
    assert not company.reports.exists()


def test_command_line_imports_nothing_heavy():
    heavy = ["pandas", "numpy", "papermill", "pydantic", "duckdb"]
    code = f"import sys, segkit.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_terminal_shows_a_bar_and_then_where_the_report_is(company):
    company.add("0_data", "1")
    script = SCRIPT.format(here=str(Path(fake_parts.__file__).parent), root=str(company.root))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", script, "run", str(company.workspace)]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    assert process.returncode == 0
    text = shown.decode()
    assert "━" in text
    assert "acme: reading the sources" in text
    assert "0_data done in" in text
    assert "Report: reports/acme/latest/index.html" in text


def _read(terminal):
    """Read from a terminal; nothing once its other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_unwritable_reports_folder_is_no_fault_of_segkit(company):
    company.add("0_data", "1")
    company.reports.write_text("a file where the folder should be")
    failed = call("run", company.workspace)
    assert failed.exit_code == 1
    assert "reports" in failed.stderr
    assert "Traceback" not in failed.output


def test_sigterm_ends_a_run_as_a_failure(company):
    company.add("0_data", "from pathlib import Path; Path(workspace, 'reached').touch()", "import time; time.sleep(60)")
    script = SCRIPT.format(here=str(Path(fake_parts.__file__).parent), root=str(company.root))
    process = subprocess.Popen([sys.executable, "-c", script, "run", str(company.workspace)], stdout=subprocess.PIPE)
    while not (company.workspace / "reached").exists():
        assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 143
    assert json.loads((company.folder / "last_attempt.json").read_text())["reason"] == "interrupted"
    assert not list(company.folder.glob(".staging*"))
