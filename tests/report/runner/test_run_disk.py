import os
import subprocess

import pytest

from segkit.report.runner.execute import DiskFullError

FILL = "open(run_dir + '/filler', 'wb').write(b'x' * 4_000_000)"


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("where", ["table", "output", "pages"])
def test_full_disk_fails_plainly_and_keeps_the_report(company, small_disk, where):
    company.add("0_data", "1")
    old = company.run(reports=small_disk).report.name
    folder = small_disk / company.name
    before = (folder / old / "index.html").read_bytes()
    if where == "table":
        company.add("0_data", FILL)
    elif where == "output":
        company.add("0_data", "print('x' * 4_000_000)")
    else:
        company.add("0_data", "2")
        company.parts_changed["write_pages"] = lambda run_dir, *_: (run_dir / "index.html").write_bytes(
            b"x" * 4_000_000
        )
    with pytest.raises(DiskFullError, match="the disk that takes the reports is full") as caught:
        company.run(reports=small_disk)
    assert caught.value.exit_code == 1
    assert (folder / "latest").readlink().name == old
    assert (folder / old / "index.html").read_bytes() == before
    assert sorted(os.listdir(folder)) == [".lock", old, "last_attempt.json", "latest"]
    assert '"state": "failed"' in (folder / "last_attempt.json").read_text()
