import json
import os
import stat

import pytest

from segkit.report.runner import publish as publishing
from segkit.report.runner.publish import (
    clear_leftovers,
    drop_old_reports,
    keep_failed,
    latest_report,
    open_staging,
    point_latest,
    publish,
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "reports" / "acme"
    made.mkdir(parents=True)
    return made


def report(folder, name, finished="2026-01-01", text="old"):
    made = folder / name
    made.mkdir()
    (made / "run.json").write_text(json.dumps({"finished": finished}))
    (made / "index.html").write_text(text)
    return made


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_published_folder_can_be_read_by_all_whatever_the_umask(folder):
    before = os.umask(0o077)
    try:
        staging = open_staging(folder)
        (staging / "tables" / "demand.parquet").write_bytes(b"x")
        publish(staging, folder / "2025-12-31-aa")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "2025-12-31-aa").rglob("*")}
    assert modes == {"executed": 0o755, "tables": 0o755, "demand.parquet": 0o644}
    assert stat.S_IMODE((folder / "2025-12-31-aa").stat().st_mode) == 0o755


@pytest.mark.parametrize("can_exchange", [True, False])
def test_report_is_replaced_as_a_whole(folder, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(publishing, "_exchange", lambda *_: False)
    report(folder, "2025-12-31-aa")
    staging = open_staging(folder)
    (staging / "index.html").write_text("new")
    publish(staging, folder / "2025-12-31-aa")
    assert names(folder) == ["2025-12-31-aa"]
    assert (folder / "2025-12-31-aa" / "index.html").read_text() == "new"
    assert not (folder / "2025-12-31-aa" / "run.json").exists()


def test_latest_is_swapped_and_relative(folder):
    point_latest(report(folder, "2025-11-30-aa"))
    point_latest(report(folder, "2025-12-31-bb"))
    assert (folder / "latest").readlink().as_posix() == "2025-12-31-bb"
    assert latest_report(folder) == (folder / "2025-12-31-bb").resolve()


def test_retention_goes_by_age_and_spares_latest(folder):
    for number in range(5):
        report(folder, f"2025-12-0{number + 1}-aa", f"2026-01-0{number + 1}")
    point_latest(folder / "2025-12-01-aa")
    report(folder, "failed-bb")
    drop_old_reports(folder, 2)
    assert names(folder) == ["2025-12-01-aa", "2025-12-04-aa", "2025-12-05-aa", "failed-bb", "latest"]


def test_leftovers_of_a_killed_run_go_and_its_notebooks_stay(folder):
    report(folder, "2025-12-31-aa")
    (folder / ".replaced-2025-11-30-cc").mkdir()
    (folder / ".trash-2025-10-31-dd").mkdir()
    (folder / ".latest-77").symlink_to("nowhere")
    staging = folder / ".staging-bb"
    (staging / "executed").mkdir(parents=True)
    (staging / "tables").mkdir()
    (staging / "executed" / "0_data.ipynb").write_text("{}")
    (folder / ".staging" / "inputs").mkdir(parents=True)
    clear_leftovers(folder)
    assert names(folder) == ["2025-11-30-cc", "2025-12-31-aa", "failed-bb"]
    assert names(folder / "failed-bb") == ["executed"]


def test_only_the_last_failed_run_is_kept(folder):
    (folder / "failed-aa").mkdir()
    staging = folder / ".staging-bb"
    (staging / "executed").mkdir(parents=True)
    (staging / "executed" / "0_data.ipynb").write_text("{}")
    assert keep_failed(staging) == folder / "failed-bb"
    assert names(folder) == ["failed-bb"]
