import json

import pytest
from fake_parts import Company

from segkit.core.errors import DataError, RunError
from segkit.report.runner.clients import run_workspaces
from segkit.report.runner.parts import RunOptions

PASSWORD = "tr0ub4dor&3"
URL = f"postgresql://ann:{PASSWORD}@db.invalid/orders"
PEEK = "from pathlib import Path; print(Path(workspace, 'segkit.toml').read_text())"


def everything_below(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def secretive(company: Company):
    company.settings(f'[sources.orders]\nurl = "{URL}"\nquery = "orders"')
    return company


def test_password_is_nowhere_in_a_report(secretive, capfd):
    secretive.add("0_data", PEEK, f"from IPython.display import HTML; HTML('<p>{PASSWORD.replace('&', '&amp;')}</p>')")
    result = secretive.run(overrides={"sources": {"orders": {"url": URL, "query": "orders where 1"}}})
    assert result.status == "done"
    assert b"tr0ub4dor" not in everything_below(secretive.reports)
    assert b"ann***db.invalid" in everything_below(secretive.reports)
    assert "tr0ub4dor" not in "".join(capfd.readouterr())


def test_password_is_nowhere_in_what_a_failed_run_keeps(secretive, capfd):
    secretive.add("0_data", PEEK, f"raise ValueError('cannot reach {URL}')")
    with pytest.raises(RunError) as caught:
        secretive.run()
    assert "cannot reach postgresql://ann***db.invalid" in str(caught.value)
    assert b"tr0ub4dor" not in everything_below(secretive.reports)
    assert "tr0ub4dor" not in "".join(capfd.readouterr())


def test_error_of_a_source_does_not_tell_the_password(secretive):
    secretive.add("0_data", "1")

    def broken(*_, **__):
        raise DataError(f"cannot open {URL}")

    secretive.parts_changed["prepare"] = broken
    results = run_workspaces([secretive.workspace], options=RunOptions(secretive.reports), parts=secretive.parts)
    assert "tr0ub4dor" not in results[0].reason
    assert "tr0ub4dor" not in (secretive.folder / "last_attempt.json").read_text()


def test_password_in_a_table_stops_the_run(secretive):
    secretive.add(
        "0_data", f"Path = __import__('pathlib').Path; Path(run_dir, 'figures', 'x.svg').write_text({PASSWORD!r})"
    )
    with pytest.raises(RunError, match=r"would be published:\n  figures/x.svg"):
        secretive.run()


def test_kernels_do_not_get_the_variable_of_a_password(company, monkeypatch):
    monkeypatch.setenv("ERP_PASSWORD", PASSWORD)
    company.settings('[sources.orders]\nurl = "postgresql://ann:${ERP_PASSWORD}@db.invalid/o"\nquery = "orders"')
    company.add("0_data", "import os; print('seen:', os.environ.get('ERP_PASSWORD'))")
    result = company.run()
    shown = json.loads((result.report / "executed" / "0_data.ipynb").read_text())["cells"][3]["outputs"][0]["text"]
    assert shown == ["seen: None\n"]
