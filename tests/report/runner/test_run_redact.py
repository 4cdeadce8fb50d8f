import pytest

from segkit.core.errors import RunError
from segkit.core.settings import check_settings
from segkit.report.runner.redact import find_secrets, require_no_secrets


def secrets_of(url):
    return find_secrets(check_settings({"sources": {"orders": {"url": url, "query": "orders"}}}, "test"))


@pytest.mark.parametrize(
    ("url", "leak"),
    [
        ("postgresql://ann:tr0ub4dor@db/orders", "password tr0ub4dor was wrong"),
        ("postgresql://ann:tr0ub4dor@db/orders", "postgresql://ann:tr0ub4dor@db/orders"),
        ("postgresql://ann:pw@db/orders", "cannot open postgresql://ann:pw@db/orders"),
        ("postgresql://ann:p%40ss%2Fw0rd%3D@db/orders", "p@ss/w0rd="),
        ("postgresql://db/orders?user=ann&password=tr0ub4dor", "tr0ub4dor"),
        ("postgresql://ann:corr%3Cect%22horse@db/o", "<td>corr&lt;ect&quot;horse</td>"),
        ("postgresql://ann:corr%22ecthorse@db/o", '{"x": "corr\\"ecthorse"}'),
    ],
)
def test_password_is_hidden_in_every_form(url, leak):
    hidden = secrets_of(url).hide(leak)
    assert "***" in hidden
    assert not any(part in hidden for part in ("tr0ub4dor", ":pw@", "p@ss", "ect&quot;horse", "ecthorse"))


def test_password_comes_from_the_environment_and_its_variable_is_withheld(monkeypatch):
    monkeypatch.setenv("ERP_PASSWORD", "correct-horse")
    secrets = secrets_of("postgresql://ann:${ERP_PASSWORD}@db/orders")
    assert secrets.variables == {"ERP_PASSWORD"}
    assert secrets.hide("correct-horse!") == "***!"


def test_short_password_does_not_hide_ordinary_words():
    assert secrets_of("postgresql://postgres:post@db/o").hide("post to postgres") == "post to postgres"


def test_workspace_without_database_has_no_secrets():
    assert find_secrets(check_settings({"sources": {"orders": {"file": "a:b@c.csv"}}}, "test")).texts == ()


def test_leak_in_compressed_files_is_found(tmp_path):
    import pandas as pd

    leaky = pd.DataFrame({"note": ["fine"] * 999 + ["it is tr0ub4dor"]})
    leaky.to_parquet(tmp_path / "notes.parquet", compression="zstd")
    leaky.astype("category").to_parquet(tmp_path / "classes.parquet")
    leaky.to_excel(tmp_path / "segkit.xlsx", engine="xlsxwriter")
    leaky.head(10).to_parquet(tmp_path / "fine.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match=r"in 3 ways\n  classes\.parquet\n  notes\.parquet\n  segkit\.xlsx"):
        require_no_secrets(tmp_path, secrets_of("postgresql://ann:tr0ub4dor@db/orders"))


def test_leak_stops_the_run_and_names_the_file_only(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "demand.parquet").write_bytes(b"PAR1 tr0ub4dor PAR1")
    with pytest.raises(RunError, match=r"tables/demand.parquet") as caught:
        require_no_secrets(tmp_path, secrets_of("postgresql://ann:tr0ub4dor@db/orders"))
    assert "tr0ub4dor" not in str(caught.value)
