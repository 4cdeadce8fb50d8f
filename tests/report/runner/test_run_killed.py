import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segkit.report.runner.lock import LockedError, is_locked
from segkit.report.runner.status import workspace_status

SCRIPT = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests in the background ignores it
sys.path.insert(0, {here!r})
from fake_parts import Company
Company.__post_init__ = lambda self: None
Company(Path({root!r})).run()
"""
SLOW = "Path(workspace, 'reached').touch(); import time; time.sleep(60)"


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


def start(company):
    script = textwrap.dedent(SCRIPT).format(here=str(Path(__file__).parent), root=str(company.root))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    wait_for(lambda: (company.workspace / "reached").exists() or process.poll() is not None)
    assert process.poll() is None, process.stderr.read().decode()
    return process


@pytest.fixture
def begun(company):
    """Return a company with a report, a second run of it that is under way, and the old report's name."""
    company.add("0_data", "1")
    old = company.run().report.name
    company.add("1_slow", f"from pathlib import Path\n{SLOW}", needs=["data"])
    process = start(company)
    yield company, process, old
    process.kill()
    process.wait()


def kernels_of(process):
    lines = subprocess.run(
        ["ps", "-eo", "ppid,pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [int(line.split()[1]) for line in lines if line.split()[0] == str(process.pid) and "ipykernel" in line]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_killed_run_leaves_the_report_and_no_lock(begun):
    company, process, old = begun
    kernels = kernels_of(process)
    assert kernels
    assert list(Path(tempfile.gettempdir()).glob(f"segkit-run-{process.pid}-*"))
    with pytest.raises(
        LockedError, match=rf"another run of acme is under way \(process {process.pid}, since"
    ) as caught:
        company.run()
    assert caught.value.exit_code == 75
    assert json.loads((company.folder / "last_attempt.json").read_text())["process"] == process.pid

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(alive(pid) for pid in kernels))
    assert company.latest() == old
    assert (company.folder / "latest" / "index.html").is_file()
    assert not is_locked(company.folder)
    assert "the last attempt was killed" in str(workspace_status(company.folder, None, datetime.now(UTC)))

    company.add("1_slow", "1", needs=["data"])
    assert company.run().status == "done"
    assert not list(Path(tempfile.gettempdir()).glob(f"segkit-run-{process.pid}-*"))
    kept = [name for name in os.listdir(company.folder) if name.startswith("failed-")]
    assert len(kept) == 1
    assert (company.folder / kept[0] / "executed" / "1_slow.ipynb").is_file()
    assert not [name for name in os.listdir(company.folder) if name.startswith(".staging")]
    assert workspace_status(company.folder, None, datetime.now(UTC)).problem == ""


def test_interrupted_run_ends_its_kernels_and_clears_up(begun):
    company, process, old = begun
    kernels = kernels_of(process)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    wait_for(lambda: not any(alive(pid) for pid in kernels), 5)
    assert company.latest() == old
    assert json.loads((company.folder / "last_attempt.json").read_text())["reason"] == "interrupted"
    assert not [name for name in os.listdir(company.folder) if name.startswith(".staging")]
