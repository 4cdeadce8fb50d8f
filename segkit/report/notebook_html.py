"""An executed notebook as the part of a page that a client reads: no code, nothing that runs, headings as contents."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "template"
LEFT_OUT = {"parameters", "injected-parameters", "interactive"}
TAGS = (
    "a abbr b blockquote br caption code col colgroup dd div dl dt em h1 h2 h3 h4 hr i li ol p pre s small span strong "
    "sub sup table tbody td tfoot th thead tr u ul"
).split()
ATTRIBUTES = {"*": ["class", "title", "colspan", "rowspan", "scope"], "a": ["href"]}
REPR = re.compile(r"<[^>]* (at 0x[0-9a-f]+|object|size)[^>]*>|<[\w.]+(: [^>]*)?>|\w+\(.*\bchildren=", re.DOTALL)
HEADING = re.compile(r"<h([1-6])(?: [^>]*)?>(.*?)</h\1>", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A heading of the page: level 2 or 3, the text, the id it is found by."""

    level: int
    text: str
    id: str


@dataclass(frozen=True)
class NotebookBody:
    """What a page takes from a notebook.

    ``description`` is the first paragraph as text; ``failure`` says why it did not finish, blank where it did.
    """

    stem: str
    title: str
    description: str
    html: str
    headings: tuple[Heading, ...]
    failure: str = ""

    @property
    def file(self) -> str:
        """Name of its page."""
        return f"{self.stem}.html"


def read_body(path: Path) -> NotebookBody:
    """Return the client's part of an executed notebook.

    Parameters
    ----------
    path : Path
        Executed notebook. Cells tagged parameters, injected-parameters or interactive are left out, as are code,
        stderr, widgets and object reprs.

    Returns
    -------
    NotebookBody
        HTML made safe: only what ``segkit.report.present`` shows is taken as it is.
    """
    import nbformat

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    failure = _failure(notebook)
    notebook.cells = client_cells(notebook.cells)
    notebook.metadata = {}
    html, _ = _exporter().from_notebook_node(notebook)
    original = nbformat.read(path, as_version=4).metadata.get("segkit", {})  # type: ignore[no-untyped-call]
    return _body(path.stem, original.get("title", ""), html, failure)


def client_cells(cells: list[Any]) -> list[Any]:
    """Return the cells that a client sees, each with the outputs that a client sees."""
    kept = [cell for cell in cells if not LEFT_OUT & set(cell.metadata.get("tags", []))]
    for cell in kept:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_shown(output)]
    return [cell for cell in kept if cell.cell_type == "markdown" or (cell.cell_type == "code" and cell.outputs)]


def clean_html(html: str) -> str:
    """Return HTML that segkit did not write with nothing left in it that runs, loads or styles."""
    import bleach

    html = re.sub(r"<(script|style)\b.*?(</\1\s*>|\Z)", "", html, flags=re.DOTALL | re.IGNORECASE)
    return bleach.clean(html, tags=set(TAGS), attributes=ATTRIBUTES, protocols={"http", "https", "mailto"}, strip=True)


def _is_shown(output: Any) -> bool:
    if output.output_type == "stream":
        return output.name == "stdout" and bool(output.text.strip())
    if output.output_type == "error":
        return True
    data = output.data
    if any(kind.startswith("application/vnd.jupyter.widget") for kind in data):
        return False
    if set(data) == {"text/plain"}:
        return not REPR.match(data["text/plain"].strip())
    return any(kind in data for kind in ("text/html", "image/svg+xml", "image/png", "text/markdown"))


def _failure(notebook: Any) -> str:
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    for cell in code:
        for output in cell.outputs:
            if output.output_type == "error":
                return f"{output.ename}: {output.evalue}".strip(": ")
    return "" if all(cell.execution_count for cell in code) else "it stopped before its end"


@cache
def _exporter() -> Any:
    from nbconvert.exporters.html import HTMLExporter
    from nbconvert.exporters.templateexporter import TemplateExporter

    class ClientExporter(HTMLExporter):
        """HTML as the template gives it: nbconvert's own would parse it anew and write charts in another spelling."""

        from_notebook_node = TemplateExporter.from_notebook_node

    filters: dict[str, Callable[..., str]] = {
        "client_html": clean_html,
        "plain_name": _plain_name,
        "as_uri": _as_uri,
        "highlight_code": lambda source, **_: source,
    }
    return ClientExporter(
        extra_template_basedirs=[str(TEMPLATES.parent)],
        template_name=TEMPLATES.name,
        template_file="notebook.html.j2",
        exclude_anchor_links=True,
        embed_images=False,
        filters=filters,
    )  # type: ignore[no-untyped-call]


def _plain_name(text: str) -> str:
    return "Figure" if not text or REPR.match(text) else " ".join(text.split())


def _as_uri(data: str, mime: str) -> str:
    encoded = "".join(data.split()) if mime == "image/png" else base64.b64encode(data.encode()).decode()
    return f"data:{mime};base64,{encoded}"


def _body(stem: str, title: str, html: str, failure: str) -> NotebookBody:
    first = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    if first:
        title = _text(first[1]) or title
        html = html[: first.start()] + html[first.end() :]
    headings: list[Heading] = []
    used = {"top"}

    def number(match: re.Match[str]) -> str:
        level = min(max(int(match[1]), 2), 4)
        heading = Heading(level, _text(match[2]), _free_id(_text(match[2]), used))
        headings.append(heading)
        return f'<h{level} id="{escape(heading.id)}">{match[2]}</h{level}>'

    html = HEADING.sub(number, html)
    opening = re.search(r"<p>(.*?)</p>", html, re.DOTALL)
    contents = tuple(heading for heading in headings if heading.level <= 3)
    return NotebookBody(stem, title or stem, _text(opening[1]) if opening else "", html, contents, failure)


def _free_id(text: str, used: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
    name, count = plain, 1
    while name in used:
        count += 1
        name = f"{plain}-{count}"
    used.add(name)
    return name


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())
