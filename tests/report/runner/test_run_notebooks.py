import json

import pytest
from fake_parts import cell, notebook

from segkit.report.runner.normalise import normalise_notebook
from segkit.report.runner.pack import Notebook
from segkit.report.runner.parameters import unread_parameters
from segkit.report.runner.parts import notebooks_dir
from segkit.report.runner.redact import Secrets

SHIPPED = sorted(notebooks_dir().glob("*.ipynb"))


def executed(**changes):
    """Return what papermill makes of a notebook of one code cell."""
    made = notebook("print(1)")
    injected = cell('run_dir = "/tmp/stage"', tags=["injected-parameters"], name="random77")
    made["cells"].insert(2, injected)
    made["metadata"] |= {"papermill": {"duration": 3.2}, "widgets": {"state": 1}}
    made["cells"][3] |= {"metadata": {"papermill": {"duration": 1.1}, "execution": {"x": 1}}} | changes
    return made


def normalised(tmp_path, made, *hidden):
    path = tmp_path / "0_data.ipynb"
    path.write_text(json.dumps(made))
    source = notebook("print(1)")
    about = Notebook("0_data", path, "A step", (), (), b"", source)
    normalise_notebook(path, about, {"/tmp/stage": "report"}, Secrets(hidden))
    return path.read_bytes()


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def test_times_ids_and_paths_go(tmp_path):
    first = normalised(tmp_path, executed())
    content = json.loads(first)
    assert content["metadata"] == notebook("1")["metadata"]
    assert [one["metadata"] for one in content["cells"]][2:] == [{"tags": ["injected-parameters"]}, {}]
    assert content["cells"][2]["id"] == "injected-parameters"
    assert (
        content["cells"][2]["source"] == ['run_dir = "report"'] or content["cells"][2]["source"] == 'run_dir = "report"'
    )


def test_bytes_do_not_depend_on_how_prints_were_cut(tmp_path):
    one = normalised(tmp_path, executed(outputs=[stream("a\nb"), stream("w\n", "stderr"), stream("c\n")]))
    two = normalised(tmp_path, executed(outputs=[stream("w\n", "stderr"), stream("a\n"), stream("bc\n")]))
    assert one == two


def test_addresses_and_cell_files_are_neutral_and_secrets_hidden(tmp_path):
    text = "<object at 0x7f3b959fe6c0> /tmp/ipykernel_77/123.py:3: UserWarning /tmp/stage/tables sec" + "ret!!"
    result = normalised(tmp_path, executed(outputs=[stream(text)]), "secret!!").decode()
    assert "<object at 0x0> cell.py:3: UserWarning report/tables ***" in result


def test_secret_that_spans_two_pieces_is_found(tmp_path):
    made = executed(outputs=[stream("sec"), stream("ret!!\n")])
    assert b"***" in normalised(tmp_path, made, "secret!!")


@pytest.mark.skipif(not SHIPPED, reason="no notebooks beside the package yet")
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_notebook_reads_every_parameter_it_declares(path):
    assert unread_parameters(json.loads(path.read_text("utf-8"))) == []
