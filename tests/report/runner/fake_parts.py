"""A tiny company for the runner's tests: a fake prepare, fake pages, and notebooks of a few lines."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from segkit.report.runner.parts import RunOptions, RunParts

PARAMETERS = 'workspace = ""\nas_of = ""\nrun_dir = ""'
WRITE = "from pathlib import Path\nPath(run_dir, 'tables', '{0}.parquet').write_bytes(b'PAR1' + b'{0}' + b'PAR1')"


@dataclass(frozen=True)
class FakePrepared:
    """Stands for segkit.plan.Prepared."""

    as_of: date
    fingerprint: str
    inputs: dict
    settings: dict


def prepare(workspace, *, as_of, overrides, run_dir):
    """Read orders.csv (day, quantity), as segkit.prepare.prepare_run would."""
    lines = (workspace / "orders.csv").read_text().split()
    (run_dir / "settings.json").write_text("{}")
    (run_dir / "inputs" / "orders.parquet").write_bytes(b"raw")
    facts = {"rows": len(lines), "fingerprint": "f", "newest": max(line.partition(",")[0] for line in lines)}
    known = json.dumps([lines, overrides], sort_keys=True)
    day = date.fromisoformat(as_of or "2025-12-31")
    return FakePrepared(day, hashlib.sha256(known.encode()).hexdigest(), {"orders": facts}, {"overrides": overrides})


def write_pages(run_dir, executed, settings, workspace, as_of):
    """Write one page that holds the bytes of all executed notebooks."""
    body = "".join(path.read_text() for path in executed)
    (run_dir / "index.html").write_text(f"<h1>{settings.company.name or workspace.name} {as_of}</h1>{body}")


def write_workbook(run_dir, *_):
    """Write something that stands for the workbook."""
    (run_dir / "segkit.xlsx").write_bytes(b"workbook")


def read_logo(settings, workspace):
    """Return the text of the logo's file."""
    return (workspace / settings.company.logo).read_text() if settings.company.logo else ""


def write_portfolio(reports_dir, entries):
    """Write the entries themselves."""
    (reports_dir / "index.html").write_text(json.dumps(entries))


def cell(source, kind="code", tags=(), name=""):
    """Return a notebook cell; its id comes from what it holds."""
    made = {"cell_type": kind, "id": name or hashlib.sha256(source.encode()).hexdigest()[:8], "source": source}
    made["metadata"] = {"tags": list(tags)} if tags else {}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def notebook(*sources, needs=(), writes=(), parameters=PARAMETERS, title="A step"):
    """Return a notebook with a title, the parameters cell and one code cell per source."""
    cells = [cell(f"# {title}", "markdown"), cell(parameters, tags=["parameters"])]
    cells += [cell(source, name=f"cell-{number}") for number, source in enumerate(sources)]
    about = {"title": title, "needs": list(needs), "writes": list(writes)}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"segkit": about}, "cells": cells}


@dataclass
class Company:
    """A workspace, a reports folder and a notebook folder below one temporary folder."""

    root: Path
    name: str = "acme"
    today: date = date(2026, 1, 5)
    parts_changed: dict = field(default_factory=dict)

    def __post_init__(self):
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.notebooks.mkdir(exist_ok=True)
        self.settings("")
        self.orders("2025-12-30,4", "2025-12-31,7", *["2025-11-02,1"] * 8)

    @property
    def workspace(self):
        return self.root / "clients" / self.name

    @property
    def notebooks(self):
        return self.root / "notebooks"

    @property
    def reports(self):
        return self.root / "reports"

    @property
    def folder(self):
        return self.reports / self.name

    def settings(self, text):
        (self.workspace / "segkit.toml").write_text(text)

    def orders(self, *lines):
        (self.workspace / "orders.csv").write_text("\n".join(lines))

    def add(self, name, *sources, **facts):
        """Write a notebook; by default it writes the table of its name."""
        facts = {"writes": (name.partition("_")[2],)} | facts
        sources = (*sources, *(WRITE.format(table) for table in facts["writes"]))
        (self.notebooks / f"{name}.ipynb").write_text(json.dumps(notebook(*sources, **facts)))

    @property
    def parts(self):
        given = {
            "prepare": prepare,
            "write_pages": write_pages,
            "write_workbook": write_workbook,
            "write_portfolio": write_portfolio,
            "read_logo": read_logo,
            "notebooks": self.notebooks,
            "today": lambda: self.today,
        }
        return RunParts(**(given | self.parts_changed))

    def run(self, *, progress=None, as_of=None, only=None, overrides=None, **options):
        """Run the workspace through the runner."""
        from segkit.report.run import run_workspace

        return run_workspace(
            self.workspace,
            as_of=as_of,
            only=only,
            overrides=overrides,
            options=RunOptions(**({"reports": self.reports} | options)),
            progress=progress,
            parts=self.parts,
        )

    def latest(self):
        """Return the name of the report that latest points to."""
        return (self.folder / "latest").readlink().name
