import json
import os
import subprocess
from datetime import date

import pytest

from segkit.core.errors import RunError, SettingsError
from segkit.report.runner.progress import Progress

OVERLAP = "import time; began = time.time(); time.sleep(1.2); print(began)"


def files(folder, besides=("run.json",)):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in besides
    }


class Heard(Progress):
    def __init__(self):
        self.heard = []

    def expect(self, cells):
        self.heard.append(("expect", cells))

    def advance(self, name):
        self.heard.append(("advance", name))

    def end(self, result):
        self.heard.append(("end", result.name))


@pytest.fixture
def done(company):
    company.settings('[company]\nname = "Acme & Söhne"')
    company.add("1_demand", "1", needs=["data"])
    company.add("0_data", "import warnings; warnings.warn(run_dir); object()", "print(workspace, as_of)")
    return company


def test_report_is_published_whole(done):
    heard = Heard()
    result = done.run(progress=heard)
    assert (result.status, result.exit_code, result.as_of) == ("done", 0, date(2025, 12, 31))
    assert result.report.name == f"2025-12-31-{result.run_id}"
    assert result.page == done.folder / "latest" / "index.html"
    assert sorted(files(result.report)) == [
        "executed/0_data.ipynb",
        "executed/1_demand.ipynb",
        "index.html",
        "segkit.xlsx",
        "settings.json",
        "tables/data.parquet",
        "tables/demand.parquet",
    ]
    assert "Acme & Söhne 2025-12-31" in (result.report / "index.html").read_text()
    assert heard.heard[0] == ("expect", {"0_data": 4, "1_demand": 3})
    assert [name for kind, name in heard.heard[1:] if kind == "end"] == ["0_data", "1_demand"]
    assert sum(kind == "advance" for kind, _ in heard.heard[1:]) == 4 + 1 + 3 + 1

    record = json.loads((result.report / "run.json").read_text())
    assert record["inputs"]["orders"]["rows"] == 10
    assert [(entry["name"], entry["status"]) for entry in record["notebooks"]] == [
        ("0_data", "done"),
        ("1_demand", "done"),
    ]
    assert {"python", "segkit", "pandas", "papermill"} <= set(record["versions"])
    assert record["started"] < record["finished"]
    assert list(record["stages"]) == [
        "reading the sources",
        "running the notebooks",
        "making the pages",
        "making the workbook",
    ]
    assert record["peak_memory_mb"]["largest_kernel"] > 10

    before = files(result.report)
    assert done.run().status == "already done"
    forced = done.run(force=True)
    assert (forced.status, forced.run_id) == ("done", result.run_id)
    assert files(result.report) == before
    assert json.loads((result.report / "run.json").read_text())["started"] > record["started"]
    assert not [name for name in os.listdir(done.folder) if name.startswith((".staging", ".trash", "failed"))]
    assert not [path for path, content in before.items() if str(done.root).encode() in content]


def test_what_a_run_is_made_of_decides_its_id(done):
    first = done.run().run_id
    changed = done.run(overrides={"orders": {"free_lines": "set_aside"}}).run_id
    partial = done.run(only=["0"])
    done.add("1_demand", "2", needs=["data"])
    renewed = done.run().run_id
    done.settings('[company]\nname = "Acme & Söhne"\nlogo = "logo.svg"')
    (done.workspace / "logo.svg").write_text("<svg/>")
    logo = done.run().run_id
    (done.workspace / "logo.svg").write_text("<svg></svg>")
    other_logo = done.run().run_id
    assert len({first, changed, partial.run_id, renewed, logo, other_logo}) == 6
    assert [one.name for one in partial.notebooks] == ["0_data"]
    assert not partial.is_latest
    assert partial.page.parent.name == f"2025-12-31-{partial.run_id}"
    assert done.latest() == f"2025-12-31-{other_logo}"


def test_run_that_is_already_done_becomes_latest_again(done):
    first = done.run()
    done.run(overrides={"orders": {"free_lines": "set_aside"}})
    assert done.latest() != first.report.name
    assert done.run().status == "already done"
    assert done.latest() == first.report.name


def test_backfill_does_not_move_latest_back(done):
    newest = done.run(as_of="2025-12-31")
    old = done.run(as_of="2025-06-30")
    assert old.report.name.startswith("2025-06-30-")
    assert not old.is_latest
    assert done.latest() == newest.report.name


def test_retention(done):
    done.settings("[run]\nkeep = 2")
    for day in ("2025-12-31", "2025-06-30", "2025-07-31"):
        done.run(as_of=day, only=None)
    kept = sorted(name[:10] for name in os.listdir(done.folder) if name.startswith("2025"))
    assert kept == ["2025-06-30", "2025-07-31", "2025-12-31"], "latest is spared on top of the newest two"


def test_independent_notebooks_run_side_by_side(company):
    company.add("0_a", OVERLAP)
    company.add("1_b", OVERLAP)
    result = company.run()
    executed = [json.loads((result.report / "executed" / name).read_text()) for name in ("0_a.ipynb", "1_b.ipynb")]
    began = [float("".join(one["cells"][3]["outputs"][0]["text"])) for one in executed]
    assert abs(began[0] - began[1]) < 1.2


def test_kernels_run_in_a_fixed_environment(company, monkeypatch):
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere.py")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    wanted = {
        "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "1767139200", "PYTHONSTARTUP": None,
    }  # fmt: skip
    company.add("0_a", f"import os, sys; assert {{k: os.environ.get(k) for k in {list(wanted)}}} == {wanted}",
                "import sys; print(sys.executable)")  # fmt: skip
    assert company.run().status == "done"
    assert os.environ["TZ"] == "Asia/Tokyo"


def test_braces_and_blanks_in_paths_are_plain_text(tmp_path):
    from fake_parts import Company

    odd = Company(tmp_path / "a {b} c%s", name="acme {x} ünï")
    odd.add("0_a", "1")
    assert odd.run().status == "done"


def test_processes_that_a_notebook_leaves_behind_are_ended(company):
    company.add(
        "0_a",
        "import subprocess; left = subprocess.Popen(['sleep', '987654'])",
        "escaped = subprocess.Popen(['sleep', '987655'], start_new_session=True)",
    )
    assert company.run().status == "done"
    assert not [line for line in processes() if "sleep 98765" in line]


def test_unfit_parameters_stop_the_run_before_any_kernel(company):
    company.add("0_a", "1", parameters='workspace = 1\nas_of = ""')
    company.add("1_b", "1", parameters="import os")
    with pytest.raises(RunError, match="in 3 ways") as caught:
        company.run()
    assert "0_a: workspace must be int" in str(caught.value)
    assert "1_b: line 1" in str(caught.value)
    assert sorted(os.listdir(company.folder)) == [".lock", "last_attempt.json"]


def test_two_workspaces_of_one_name_are_kept_apart(done, tmp_path):
    from fake_parts import Company

    done.run()
    other = Company(tmp_path / "elsewhere", name=done.name)
    other.add("0_data", "1")
    with pytest.raises(SettingsError, match="another workspace of that name"):
        other.run(reports=done.reports)
    assert json.loads((done.folder / "last_attempt.json").read_text())["state"] == "done"


def processes():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
