"""The pages a client opens: one per notebook, an index that a director can read, and a list of several clients.

Every page is one file that asks for nothing: styles, charts and logo are inside, scripts are forbidden by its
Content-Security-Policy, and the same run gives the same bytes.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.columns import nomenclature
from segkit.core.data_quality import weighed_by
from segkit.core.logo import require_logo
from segkit.core.settings import Settings
from segkit.report.index_facts import assumption_sentence, assumption_tables, headline_figures, quality_summary
from segkit.report.notebook_html import TEMPLATES, NotebookBody, read_body
from segkit.report.policy_upload import tell_left_out

INDEX_TABLES = (
    "headlines",
    "policy_headlines",
    "forecast_headlines",
    "promise_headlines",
    "data_quality",
    "assumptions",
    "assumption_effects",
)
GOOD = ("done", "already done", "ok", "published")


def write_pages(run_dir: Path, executed: Sequence[Path], settings: Settings, workspace: Path, as_of: date) -> None:
    """Write the page of every notebook, and the index page.

    Parameters
    ----------
    run_dir : Path
        Folder of the run, with ``tables``; takes the pages.
    executed : sequence of Path
        Executed notebooks, in the order of the report.
    settings : Settings
        For the company's name, currency, logo and who prepared the report.
    workspace : Path
        Folder from which the logo's path is seen.
    as_of : date
        What the plan knows nothing after.

    Raises
    ------
    SettingsError
        The logo cannot be used.
    """
    shared = _shared(settings, workspace, as_of)
    bodies = [read_body(path) for path in executed]
    links = [{"file": "index.html", "title": "Overview"}, *({"file": b.file, "title": b.title} for b in bodies)]
    for body in bodies:
        pages = [{**link, "current": link["file"] == body.file} for link in links]
        text = _render("page.html.j2", **shared, title=body.title, pages=pages, body=body, html=_safe(body.html))
        _write(run_dir / body.file, text)
    pages = [{**link, "current": link["file"] == "index.html"} for link in links]
    facts = _index_facts(run_dir, bodies, settings.company.currency)
    _write(
        run_dir / "index.html",
        _render("index.html.j2", **shared, title="Overview", pages=pages, bodies=bodies, **facts),
    )


def write_portfolio(reports_dir: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Write ``index.html`` over the reports of several clients.

    Parameters
    ----------
    reports_dir : Path
        Folder that takes the page.
    entries : sequence of mapping
        Per client ``name``, ``as_of``, ``status``, ``link`` (to the report, as seen from the page), ``headline``
        (a sentence), ``reason`` (why a run failed); all but the name may be missing.
    """
    known = ("name", "as_of", "status", "link", "headline", "reason")
    shown = [{key: str(entry.get(key) or "") for key in known} for entry in entries]
    for entry in shown:
        entry["good"] = entry["status"] in GOOD  # type: ignore[assignment]
    about = {"company": "", "logo": "", "facts": [], "prepared_by": "", "as_of": ""}
    _write(reports_dir / "index.html", _render("portfolio.html.j2", title="Reports", entries=shown, **about))


def read_logo(settings: Settings, workspace: Path) -> str:
    """Return the company's logo as a data URI, or blank where none is set.

    Parameters
    ----------
    settings : Settings
        ``company.logo`` names the file.
    workspace : Path
        Folder from which its path is seen.

    Returns
    -------
    str
        ``data:image/…;base64,…``.

    Raises
    ------
    SettingsError
        The file is missing, too large, or neither PNG nor SVG.
    """
    kind, content = require_logo(settings, workspace)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}" if kind else ""


def _shared(settings: Settings, workspace: Path, as_of: date) -> dict[str, Any]:
    company = settings.company
    return {
        "company": company.name or workspace.resolve().name,
        "logo": read_logo(settings, workspace),
        "facts": [f"Data up to {as_of:%Y-%m-%d}", f"Money in {company.currency}"],
        "prepared_by": company.prepared_by,
        "as_of": f"{as_of:%Y-%m-%d}",
    }


def _index_facts(run_dir: Path, bodies: Sequence[NotebookBody], currency: str) -> dict[str, Any]:
    tables = {name: _read_table(run_dir, name) for name in INDEX_TABLES}
    sentence, quality, rest = quality_summary(tables["data_quality"], currency)
    made, effects, still = assumption_tables(tables, currency)
    tables["promise_headlines"] = tables["promise_headlines"].head(1)  # what its rule of sharing is worth
    told = [tables[name] for name in INDEX_TABLES if name.endswith("headlines") and len(tables[name])]
    headlines = pd.concat(told, ignore_index=True) if told else tables["headlines"]
    wrote = (run_dir / "tables" / "assumptions.parquet").is_file()
    return {
        "figures": headline_figures(headlines, [body.stem for body in bodies], currency),
        "titles": {body.stem: body.title for body in bodies},
        "notices": _notices(run_dir, bodies),
        "quality_sentence": sentence,
        "quality_table": _safe(quality),
        "quality_rest": rest,
        "assumptions_sentence": assumption_sentence(tables["assumptions"], weighed_by(tables["data_quality"]))
        if wrote
        else "This run did not check it.",
        "assumptions_table": _safe(made),
        "effects_table": _safe(effects),
        "effects_rest": still,
        "downloads": _downloads(run_dir),
        "left_out": tell_left_out(_read_table(run_dir, "policies")),
        "upload": (run_dir / "policy_upload.csv").is_file(),
        "phases": (run_dir / "policy_phases_upload.csv").is_file(),
    }


def _notices(run_dir: Path, bodies: Sequence[NotebookBody]) -> list[str]:
    notices = [f"{body.title} did not finish: {body.failure}" for body in bodies if body.failure]
    try:
        only = json.loads((run_dir / "run.json").read_text("utf-8")).get("only")
    except (OSError, ValueError):
        only = None
    if only:
        notices.insert(0, f"This is a part of the report: only notebook {', '.join(map(str, only))} was run.")
    return notices


def _downloads(run_dir: Path) -> list[dict[str, str]]:
    files = sorted(path.name for path in (run_dir / "tables").glob("*.parquet"))
    return [{"file": f"tables/{name}", "name": name, "about": _grain(name)} for name in files]


def _grain(file: str) -> str:
    spec = nomenclature().get(file.removesuffix(".parquet"))
    return f"one row is {spec.grain}" if spec else ""


def _read_table(run_dir: Path, name: str) -> pd.DataFrame:
    path = run_dir / "tables" / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=list(nomenclature()[name].columns))


@cache
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )


def _render(template: str, **values: Any) -> str:
    css = _safe((TEMPLATES / "style.css").read_text("utf-8"))
    pages = values.pop("pages", [])
    return _templates().get_template(template).render(css=css, version=version("segkit"), pages=pages, **values)


def _safe(html: str) -> Any:
    """Mark HTML whose data are already escaped."""
    from markupsafe import Markup

    return Markup(html)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
