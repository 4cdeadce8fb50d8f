"""The published pages, opened in headless Chromium."""

import shutil
from datetime import date
from functools import partial

import nbformat
import pytest

from segkit.core.settings import check_settings
from segkit.report import charts, present
from segkit.report.pages import write_pages
from segkit.report.workbook import write_workbook

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
PLAIN = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
EVERY_CHART = (
    lambda t: charts.plot_data_quality(t["data_quality"], currency="EUR"),
    lambda t: charts.plot_demand(t["demand"], t["periods"], currency="EUR"),
    lambda t: charts.plot_whale_curve(t["whale_curve"], "customer", currency="EUR"),
    lambda t: charts.plot_abc(t["item_segments"]),
    lambda t: charts.plot_abc_xyz(t["item_segments"]),
    lambda t: charts.plot_patterns(t["demand_profile"]),
    lambda t: charts.plot_customers(t["customer_value"], t["customer_segments"], currency="EUR"),
    lambda t: charts.plot_margin_by(t["item_value"], "category", currency="EUR"),
    lambda t: charts.plot_life_cycle(t["demand_profile"]),
)


@pytest.fixture(scope="module")
def report(tables, nasty, tmp_path_factory):
    """Write a report with every chart and every kind of table."""
    folder = tmp_path_factory.mktemp("report")
    for name in ("executed", "tables"):
        (folder / name).mkdir()
    for name, frame in tables.items():
        frame.to_parquet(folder / "tables" / f"{name}.parquet")
    caught = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda data, metadata, **_: caught.append((data, metadata)))
        present.show_headline(tables["headlines"], "1")
        for plot in EVERY_CHART:
            present.show_figure(plot(tables))
        for name in ("item_value", "customer_value", "item_segments", "assumption_effects"):
            present.show_table(tables[name], name, currency="EUR")
    output = partial(nbformat.v4.new_output, "display_data")
    cells = [nbformat.v4.new_markdown_cell("# Demand\n\nWho earns?\n\n## Charts\n\n### All of them\n\n## Charts")]
    cells += [
        nbformat.v4.new_code_cell("x", outputs=[output(data, metadata=about)], execution_count=1)
        for data, about in caught
    ]
    cells += [nbformat.v4.new_code_cell("x", outputs=[output({"text/html": f"<b>{nasty}</b>"})], execution_count=1)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "executed" / "1_demand.ipynb")
    settings = check_settings({"company": {"name": nasty, "prepared_by": nasty}}, "test")
    as_of = date(2025, 12, 31)
    write_pages(folder, [folder / "executed" / "1_demand.ipynb"], settings, folder, as_of)
    write_workbook(folder, tables, settings, as_of)
    return folder


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=list(PLAIN))
        yield started
        started.close()


class Opened:
    """A page, and what happened while it was opened."""

    def __init__(self, browser, path, width=1280):
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.requests, self.messages = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", lambda dialog: self.messages.append(f"dialog {dialog.message}"))
        self.page.goto(path.as_uri(), wait_until="load")


@pytest.fixture(params=["index.html", "1_demand.html"])
def path(request, report):
    return report / request.param


@pytest.fixture
def opened(browser, path):
    opened = Opened(browser, path)
    yield opened
    opened.page.close()


def test_no_request_leaves_and_nothing_is_reported(opened, path):
    asked = [url for url in opened.requests if not url.startswith("data:")]
    assert asked == [path.as_uri()]
    assert opened.messages == []


def test_every_picture_has_an_alt_text(opened):
    names = opened.page.eval_on_selector_all(
        "img, svg.chart", "all => all.map(one => one.getAttribute('alt') ?? one.getAttribute('aria-label') ?? '')"
    )
    assert all(name.strip() for name in names)
    if opened.page.url.endswith("1_demand.html"):
        assert len(names) == len(EVERY_CHART)


def test_contents_links_lead_to_headings(opened):
    for link in opened.page.query_selector_all("nav.contents a"):
        link.click()
        target = opened.page.url.partition("#")[2]
        assert opened.page.eval_on_selector(f"[id='{target}']", "one => one.tagName") in ("H2", "H3")


def test_links_to_files_lead_somewhere(opened, report):
    links = opened.page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
    files = [link for link in links if not link.startswith("#")]
    assert files
    assert [file for file in files if not (report / file).is_file()] == []


def test_ids_are_unique_and_scripts_absent(opened):
    ids = opened.page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    assert opened.page.query_selector_all("script") == []


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_page_is_never_wider_than_the_window(browser, path, width):
    opened = Opened(browser, path, width)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.page.close()


def test_prints_on_a4(opened):
    pdf = opened.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.9" in pdf or b"/MediaBox [0 0 595" in pdf
