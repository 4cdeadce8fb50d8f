"""Notebooks as they are committed: short cells, no logic, no results in prose, names that exist."""

import ast
import json
import re
from pathlib import Path

import pytest

from segkit.core.columns import nomenclature
from segkit.report.runner.parameters import unread_parameters

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def notebook(request):
    return json.loads(request.param.read_text("utf-8"))


def code(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_no_outputs_and_stable_ids(notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_cells_are_short_and_hold_no_logic(notebook):
    for source in code(notebook):
        assert len(source.splitlines()) <= 10
        kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.ListComp, ast.Lambda)
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]


def test_prose_states_no_results(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            words = re.sub(r"\(.*?\b(19|20)\d\d\)|`[^`]*`", "", "".join(cell["source"]))
            assert not re.search(r"\d", words), words


def test_the_headline_comes_first(notebook):
    titles = [cell["source"] for cell in notebook["cells"] if "".join(cell["source"]).startswith("## ")]
    assert "".join(titles[0]) == "## In short"


def test_every_parameter_is_read(notebook):
    assert unread_parameters(notebook) == []


def test_tables_are_known_and_written_once():
    written = []
    for path in NOTEBOOKS:
        entry = json.loads(path.read_text("utf-8"))["metadata"]["segkit"]
        assert set(entry["needs"]) | set(entry["writes"]) <= set(nomenclature()), path.name
        written += entry["writes"]
    assert len(set(written)) == len(written)


def test_a_notebook_runs_alone_through_plain_papermill(tmp_path, monkeypatch):
    papermill = pytest.importorskip("papermill")
    monkeypatch.chdir(tmp_path)
    sample = str(FOLDER.parent / "data" / "sample")
    out = tmp_path / "out.ipynb"
    given = {"workspace": sample, "as_of": "2024-12-31"}
    papermill.execute_notebook(str(FOLDER / "1_demand_and_profitability.ipynb"), str(out), given, progress_bar=False)
    assert "2024-12-31" in out.read_text("utf-8")
    assert list(tmp_path.iterdir()) == [out]
