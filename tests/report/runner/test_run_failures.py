import json
import os

import pytest

from segkit.core.errors import DataError, RunError
from segkit.report.runner.job import NotebooksError
from segkit.report.runner.schedule import DeadlineError


def attempt(company):
    return json.loads((company.folder / "last_attempt.json").read_text())


def test_every_way_to_fail_is_seen_and_the_old_report_stays(company):
    company.add("0_good", "1")
    old = company.run()
    company.add("1_raises", "import math", "x = 1\n1 / 0", "print('never')")
    company.add("2_leaves", "import sys\nsys.exit(0)", "2")
    company.add("3_dies", "import os, signal; os.kill(os.getpid(), 9)", "3")
    company.add("4_exits", "import sys\nsys.exit('no data')", "4")
    company.add("5_ends", "import os; os._exit(0)", "5")
    company.add("6_waits", "6", needs=["raises"])
    company.add("7_waits_too", "7", needs=["waits"])
    company.add("8_forgets", "8", writes=[])
    forgetful = json.loads((company.notebooks / "8_forgets.ipynb").read_text())
    forgetful["metadata"]["segkit"]["writes"] = ["alpha", "beta"]
    (company.notebooks / "8_forgets.ipynb").write_text(json.dumps(forgetful))
    with pytest.raises(NotebooksError) as caught:
        company.run()
    fared = {one.name: one for one in caught.value.results}
    assert {name: one.status for name, one in fared.items()} == {
        "0_good": "done", "1_raises": "failed", "2_leaves": "failed", "3_dies": "failed", "4_exits": "failed",
        "5_ends": "failed", "6_waits": "skipped", "7_waits_too": "skipped", "8_forgets": "failed",
    }  # fmt: skip
    assert str(fared["1_raises"]) == "1_raises, cell 4 (x = 1): ZeroDivisionError: division by zero"
    assert str(fared["2_leaves"]) == "2_leaves, cell 3 (import sys): sys.exit(0) ended the notebook early"
    assert "cell 3 (import os, signal" in str(fared["3_dies"])
    assert "the kernel died (killed by signal 9" in str(fared["3_dies"])
    assert "sys.exit(no data)" in str(fared["4_exits"])
    assert "the kernel died (it ended with exit code 0)" in str(fared["5_ends"])
    assert fared["7_waits_too"].reason == "it needs 6_waits"
    assert fared["8_forgets"].reason == "did not write table alpha, beta"

    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        "8 of 9 notebooks did not succeed\n  1_raises, cell 4 (x = 1): ZeroDivisionError"
    )
    assert company.latest() == old.report.name
    assert attempt(company)["state"] == "failed"
    kept = [name for name in os.listdir(company.folder) if name.startswith("failed-")]
    assert len(kept) == 1
    assert "executed" in os.listdir(company.folder / kept[0])
    failed = json.loads((company.folder / kept[0] / "run.json").read_text())
    assert failed["notebooks"][1]["cell"] == 4
    assert sorted(os.listdir(company.folder / kept[0] / "executed"))[0] == "0_good.ipynb"


def test_deadline_ends_kernels_with_their_children(company):
    company.settings("[run]\ndeadline_minutes = 0.08")
    company.add("0_slow", "import subprocess, time\nsubprocess.Popen(['sleep', '87654'])\ntime.sleep(600)")
    company.add("1_waits", "1", needs=["slow"])
    with pytest.raises(DeadlineError, match=r"the deadline of 0\.08 minutes passed") as caught:
        company.run()
    assert caught.value.exit_code == 1
    assert "0_slow, cell 3 (import subprocess, time): ended when the deadline passed" in str(caught.value)
    assert "1_waits: no time was left" in str(caught.value)
    assert not [line for line in running() if "sleep 87654" in line]


def test_deadline_holds_for_reading_the_sources_too(company):
    import time

    company.settings("[run]\ndeadline_minutes = 0.005")
    company.add("0_a", "1")
    company.parts_changed["prepare"] = lambda *_, **__: time.sleep(60)
    with pytest.raises(DeadlineError):
        company.run()


def test_pages_that_fail_fail_the_run(company):
    company.add("0_a", "1")
    old = company.run()
    company.orders("2025-12-31,7", *["2025-11-02,1"] * 11)

    def broken(*_):
        raise KeyError("headline")

    company.parts_changed["write_pages"] = broken
    with pytest.raises(RunError, match="the pages could not be made: KeyError: 'headline'") as caught:
        company.run()
    assert caught.value.exit_code == 1
    assert company.latest() == old.report.name
    assert any(name.startswith("failed-") for name in os.listdir(company.folder))


def test_prepare_that_fails_leaves_nothing(company):
    company.add("0_a", "1")

    def broken(*_, **__):
        raise DataError("table 'orders' breaks its contract:\n  quantity is missing in 2 rows")

    company.parts_changed["prepare"] = broken
    with pytest.raises(DataError, match="quantity is missing"):
        company.run()
    assert sorted(os.listdir(company.folder)) == [".lock", "last_attempt.json"]
    assert attempt(company)["exit_code"] == 2


def test_stale_input_is_refused_unless_allowed(company):
    company.settings("[run]\nmax_age_days = 4")
    company.add("0_a", "1")
    with pytest.raises(DataError, match="the newest order is of 2025-12-31, 5 days before 2026-01-05") as caught:
        company.run()
    assert "--allow-stale" in str(caught.value)
    assert company.run(as_of="2025-12-31").status == "done", "a date that was asked for is what age counts from"
    assert company.run(allow_stale=True).status == "already done"


def test_same_stale_input_is_not_passed_off_as_already_done(company):
    company.settings("[run]\nmax_age_days = 5")
    company.add("0_a", "1")
    company.run()
    company.today = company.today.replace(day=6)
    with pytest.raises(DataError, match="--allow-stale"):
        company.run()


def test_shrunk_input_is_refused_unless_allowed(company):
    company.add("0_a", "1")
    company.run()
    company.orders("2025-12-31,7", *["2025-11-02,1"] * 7)
    with pytest.raises(DataError, match=r"orders has 8 rows, the last report had 10 \(-20%\)") as caught:
        company.run()
    assert "--allow-shrunk" in str(caught.value)
    assert company.run(as_of="2025-06-30").status == "done", "a backfill is not measured against a later date"
    assert company.run(allow_shrunk=True).status == "done"


def running():
    import subprocess

    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
