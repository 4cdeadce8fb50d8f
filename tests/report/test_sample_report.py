"""The report on the sample company, made by the real runner with the real notebooks: twice, to the byte."""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from segkit.report.run import RunOptions, run_workspace

PROJECT = Path(__file__).parents[2]


def digests(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "run.json"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Folder of the report, and the digests of a first run that it replaced."""
    reports = tmp_path_factory.mktemp("reports")
    workspace = tmp_path_factory.mktemp("data") / "sample"
    shutil.copytree(PROJECT / "data" / "sample", workspace)
    first = run_workspace(workspace, options=RunOptions(reports=reports))
    before = digests(first.report)
    second = run_workspace(workspace, options=RunOptions(reports=reports, force=True))
    assert second.report == first.report
    return second.report, before


def test_a_second_run_gives_the_same_bytes(published):
    folder, before = published
    assert digests(folder) == before
    assert {
        "index.html",
        "0_data_check.html",
        "1_demand_and_profitability.html",
        "2_inventory_policies.html",
        "segkit.xlsx",
    } <= set(before)
    assert len([name for name in before if name.startswith("figures/")]) >= 9


def test_every_table_that_a_notebook_writes_is_there(published):
    folder, _ = published
    for notebook in (PROJECT / "notebooks").glob("[0-9]_*.ipynb"):
        for name in json.loads(notebook.read_text("utf-8"))["metadata"]["segkit"]["writes"]:
            assert len(pd.read_parquet(folder / "tables" / f"{name}.parquet").columns), name


def test_the_first_page_says_what_the_tables_say(published):
    folder, _ = published
    page = (folder / "index.html").read_text("utf-8")
    told = pd.read_parquet(folder / "tables" / "headlines.parquet")
    of_data = told[told["step"].str.startswith("0_") & (told["headline"] != "assumptions")]
    first = told[told["step"].str.startswith("1_")].head(9 - len(of_data))
    assert len(of_data) == 2
    later = pd.read_parquet(folder / "tables" / "policy_headlines.parquet").head(3)
    for sentence in [*first["sentence"], *later["sentence"], *of_data["sentence"]]:
        assert sentence.replace("'", "&#39;") in page or sentence in page


def test_money_is_named_by_its_currency(published):
    folder, _ = published
    for path in folder.glob("*.html"):
        assert 'class="unit">currency' not in path.read_text("utf-8"), path.name


def test_the_report_names_no_folder_of_the_machine(published, tmp_path_factory):
    folder, _ = published
    base = str(tmp_path_factory.getbasetemp())
    for path in [*folder.glob("*.html"), *folder.glob("executed/*.ipynb"), folder / "run.json"]:
        assert base not in path.read_text("utf-8"), path.name


def test_pages_of_the_sample_open_without_requests_and_with_alt_texts(published):
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    folder, _ = published
    with api.sync_playwright() as play:
        try:
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        except api.Error:
            pytest.skip("Chromium is not installed at /usr/bin/chromium")
        for path in sorted(folder.glob("*.html")):
            requests, console = [], []
            page = browser.new_page()
            page.on("request", lambda request, seen=requests: seen.append(request.url))
            page.on("console", lambda message, seen=console: seen.append(message.text))
            page.on("pageerror", lambda error, seen=console: seen.append(str(error)))
            page.goto(path.as_uri())
            assert [url for url in requests if not url.startswith(("file:", "data:"))] == [], path.name
            assert console == [], path.name
            pictures = page.locator("svg, img")
            for place in range(pictures.count()):
                picture = pictures.nth(place)
                assert picture.get_attribute("aria-label") or picture.get_attribute("alt"), path.name
            for link in page.locator("nav a[href^='#']").all():
                assert page.locator(link.get_attribute("href")).count() == 1, path.name
            page.close()
        browser.close()
