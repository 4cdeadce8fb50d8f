import json
import re
from datetime import date

import nbformat
import pandas as pd
import pytest

from segkit.core.errors import SettingsError
from segkit.core.settings import check_settings
from segkit.report import charts, present
from segkit.report.pages import read_logo, write_pages, write_portfolio

AS_OF = date(2025, 12, 31)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"


def code(*outputs, source="x", tags=(), count=1):
    metadata = {"tags": list(tags)}
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata, execution_count=count)


def display(data, metadata=None):
    return nbformat.v4.new_output("display_data", data, metadata=metadata or {})


def write_notebook(run_dir, stem, cells):
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"segkit": {"title": "From metadata"}})
    path = run_dir / "executed" / f"{stem}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def run_dir(tmp_path, tables):
    for name in ("executed", "tables"):
        (tmp_path / "run" / name).mkdir(parents=True)
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / "run" / "tables" / f"{name}.parquet")
    return tmp_path / "run"


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "acme").mkdir()
    return tmp_path / "acme"


def settings(**company):
    return check_settings({"company": {"name": "Acme <b>", "currency": "EUR", **company}}, "test")


@pytest.fixture
def executed(run_dir, tables, shown):
    present.show_headline(tables["headlines"], "1")
    present.show_figure(charts.plot_abc(tables["item_segments"]))
    present.show_figure(charts.plot_customers(tables["customer_value"], tables["customer_segments"]))
    present.show_table(tables["item_value"], "item_value", currency="EUR")
    cells = [
        nbformat.v4.new_markdown_cell("# Demand\n\nWho *earns* the money?\n\n## Classes"),
        code(source="run_dir = 'secret-path'", tags=["injected-parameters"]),
        code(display({"text/plain": "slider-output"}), tags=["interactive"]),
        *(code(display(data, metadata)) for data, metadata in shown),
        nbformat.v4.new_markdown_cell("## Classes\n\nAgain."),
    ]
    return [
        write_notebook(
            run_dir, "0_data_check", [nbformat.v4.new_markdown_cell("# Data check\n\nCan they be trusted?")]
        ),
        write_notebook(run_dir, "1_demand_and_profitability", cells),
    ]


def write(run_dir, executed, workspace, **company):
    write_pages(run_dir, executed, settings(**company), workspace, AS_OF)
    return {path.name: path.read_text("utf-8") for path in run_dir.glob("*.html")}


def one_page(run_dir, workspace, *cells):
    path = write_notebook(run_dir, "1_demand", [nbformat.v4.new_markdown_cell("# Demand"), *cells])
    return write(run_dir, [path], workspace)["1_demand.html"]


def test_every_notebook_has_a_page_and_there_is_an_index(run_dir, executed, workspace):
    assert set(write(run_dir, executed, workspace)) == {
        "index.html", "0_data_check.html", "1_demand_and_profitability.html"
    }  # fmt: skip


def test_pages_hold_no_code_no_parameters_no_interactive_cells(run_dir, executed, workspace):
    text = "".join(write(run_dir, executed, workspace).values())
    for word in ("secret-path", "slider-output", "In [", "import "):
        assert word not in text


def test_pages_forbid_everything_that_runs_or_loads(run_dir, executed, workspace):
    for text in write(run_dir, executed, workspace).values():
        assert POLICY in text
        assert "<script" not in text.lower()
        assert not re.search(r'(?:src|href)="(?!data:|#|[\w./-]+")', text)
        assert not re.search(r"@import|url\((?!#)", text)


def test_contents_link_to_every_heading_once(run_dir, executed, workspace):
    text = write(run_dir, executed, workspace)["1_demand_and_profitability.html"]
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {"classes", "classes-2"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert text.count("<h1>") == 1


def test_the_index_has_one_card_of_promising_that_links_to_its_page(run_dir, executed, workspace):
    sentences = ["Sharing is worth EUR 6,707.", "85 % are promised in full."]
    told = pd.DataFrame({"step": "4", "headline": ["contest", "promised"], "sentence": sentences})
    told.assign(value=[6707.0, 0.85], unit=["currency", "share"]).to_parquet(
        run_dir / "tables" / "promise_headlines.parquet"
    )
    heading = nbformat.v4.new_markdown_cell("# Allocation and order promising")
    page = write_notebook(run_dir, "4_allocation_and_promising", [heading])
    index = write(run_dir, [*executed, page], workspace)["index.html"]
    assert sentences[0] in index
    assert sentences[1] not in index
    card = next(part for part in re.findall(r"<article.*?</article>", index, re.DOTALL) if sentences[0] in part)
    assert "4_allocation_and_promising.html" in card


def test_page_head_and_foot(run_dir, executed, workspace):
    (workspace / "logo.png").write_bytes(PNG)
    text = write(run_dir, executed, workspace, logo="logo.png", prepared_by="The <practice>")["0_data_check.html"]
    assert '<img class="logo" src="data:image/png;base64,' in text
    assert 'alt="Acme &lt;b&gt;"' in text
    assert "Data up to 2025-12-31" in text
    assert "Money in EUR" in text
    assert "Prepared by The &lt;practice&gt;" in text


def test_company_without_a_name_goes_by_its_folder(run_dir, executed, workspace):
    write_pages(run_dir, executed, check_settings({}, "test"), workspace, AS_OF)
    assert "acme" in (run_dir / "index.html").read_text("utf-8")


def test_same_run_gives_the_same_bytes(run_dir, executed, workspace):
    assert write(run_dir, executed, workspace) == write(run_dir, executed, workspace)


def test_charts_of_one_page_share_no_id_and_keep_their_alt_text(run_dir, executed, workspace):
    text = write(run_dir, executed, workspace)["1_demand_and_profitability.html"]
    assert text.count('role="img" aria-label="') == 2
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_stderr_widgets_and_object_reprs_are_left_out(run_dir, workspace):
    text = one_page(
        run_dir,
        workspace,
        code(nbformat.v4.new_output("stream", name="stderr", text="a warning")),
        code(nbformat.v4.new_output("execute_result", {"text/plain": "<Figure size 640x480 with 1 Axes>"})),
        code(nbformat.v4.new_output("execute_result", {"text/plain": "<object at 0x7f00>"})),
        code(display({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=1)"})),
        code(nbformat.v4.new_output("stream", name="stdout", text="kept <b>")),
    )
    for word in ("a warning", "Figure size", "object at", "IntSlider"):
        assert word not in text
    assert "kept &lt;b&gt;" in text


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<table><tr><td onclick='alert(1)'>x</td></tr></table>",
        "<a href='javascript:alert(1)'>x</a>",
        "<style>@import 'http://example.org'</style>",
        "<iframe src='http://example.org'></iframe>",
        "<svg><script>alert(1)</script></svg>",
        "<script>alert(1)",
    ],
)
def test_html_of_others_is_made_harmless(html, run_dir, workspace):
    shell = one_page(run_dir, workspace, code(display({"text/html": "", "text/plain": ""})))
    text = one_page(run_dir, workspace, code(display({"text/html": html})), nbformat.v4.new_markdown_cell(html))
    for word in ("<script", "onerror=", "onclick=", "javascript:", "<iframe", "example.org"):
        assert word not in text.replace(shell, "")


def test_image_of_others_has_an_alt_text(run_dir, workspace):
    text = one_page(run_dir, workspace, code(display({"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 1x1>"})))
    assert '<img alt="Figure" src="data:image/png;base64,iVBORw0KGgo="' in text


def test_failed_notebook_is_labelled_without_its_traceback(run_dir, workspace):
    error = nbformat.v4.new_output("error", ename="DataError", evalue="no <rows>", traceback=["File x line 3"])
    path = write_notebook(run_dir, "1_demand", [nbformat.v4.new_markdown_cell("# Demand"), code(error)])
    pages = write(run_dir, [path], workspace)
    assert "This page is not complete" in pages["1_demand.html"]
    assert "DataError: no &lt;rows&gt;" in pages["1_demand.html"]
    assert "line 3" not in pages["1_demand.html"]
    assert "Demand did not finish: DataError" in pages["index.html"]


def test_notebook_that_stopped_is_labelled(run_dir, workspace):
    assert "stopped before its end" in one_page(run_dir, workspace, code(count=None))


def test_partial_run_is_labelled(run_dir, executed, workspace):
    (run_dir / "run.json").write_text(json.dumps({"only": ["0"]}))
    index = write(run_dir, executed[:1], workspace)["index.html"]
    assert "This is a part of the report: only notebook 0 was run." in index


def test_index_tells_headlines_data_and_assumptions(run_dir, executed, workspace):
    index = write(run_dir, executed, workspace)["index.html"]
    for text in (
        "EUR\xa02.40\xa0M",
        "98% of 60,000 order lines, and 98.6% of their EUR\xa07.00\xa0M are used; 1,200 are set aside",
        "Used in full, with rows: items (80).",
        "1 assumption was made",
        "EUR\xa01.90\xa0M",
        "EUR\xa02.90\xa0M",
        "Can they be trusted?",
        "Who earns the money?",
        'href="segkit.xlsx"',
        'href="tables/item_value.parquet"',
        "&lt;script&gt;",
    ):
        assert text in index


def test_index_shows_the_data_check_last(run_dir, executed, workspace):
    index = write(run_dir, executed, workspace)["index.html"]
    assert index.index("loss makers") < index.index("lines used")


def test_index_names_headlines_that_no_assumption_moves(run_dir, executed, workspace, tables):
    still = tables["assumption_effects"].assign(low=9.0, base=9.0, high=9.0)
    still.to_parquet(run_dir / "tables" / "assumption_effects.parquet")
    index = write(run_dir, executed, workspace)["index.html"]
    assert "Not moved by it: " in index
    assert "20% lower</th>" not in index


def test_index_without_any_table(tmp_path, workspace):
    (tmp_path / "executed").mkdir()
    path = write_notebook(tmp_path, "0_data_check", [nbformat.v4.new_markdown_cell("# Data check")])
    index = write(tmp_path, [path], workspace)["index.html"]
    assert "This run did not write a data check." in index


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.png", None, "there is no such file"),
        ("logo.jpg", b"\xff\xd8\xff", "neither PNG nor SVG"),
        ("large.png", PNG + b"\0" * 400_000, "too many"),
    ],
)
def test_logo_that_cannot_be_used_is_an_error(name, content, said, workspace):
    if content is not None:
        (workspace / name).write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_logo(settings(logo=name), workspace)


def test_svg_logo_is_an_image_not_markup(workspace):
    (workspace / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    assert read_logo(settings(logo="logo.svg"), workspace).startswith("data:image/svg+xml;base64,")


def test_portfolio_lists_clients_and_marks_failures(tmp_path):
    entries = [
        {"name": "Acme", "as_of": "2025-12-31", "status": "done", "link": "acme/latest/index.html", "headline": "<up>"},
        {"name": "Bolt & Co", "status": "failed", "reason": "orders.csv is missing"},
    ]
    write_portfolio(tmp_path, entries)
    text = (tmp_path / "index.html").read_text("utf-8")
    assert '<a href="acme/latest/index.html">Acme</a>' in text
    assert "&lt;up&gt;" in text
    assert "Bolt &amp; Co" in text
    assert "orders.csv is missing" in text
    assert POLICY in text
