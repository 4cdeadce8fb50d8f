"""Executed notebooks with the same bytes every time: no times, no random ids, no paths of this machine, no secrets."""

import json
import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import Any

from segkit.report.runner.execute import MARKER
from segkit.report.runner.pack import Notebook
from segkit.report.runner.redact import Secrets

INJECTED = "injected-parameters"
_NOISE = (
    (re.compile(re.escape(tempfile.gettempdir()) + r"/ipykernel_\d+/\d+\.py"), "cell.py"),
    (re.compile(r"(?<= at )0x[0-9a-fA-F]{6,16}\b"), "0x0"),
)


def normalise_notebook(executed: Path, notebook: Notebook, paths: dict[str, str], secrets: Secrets) -> None:
    """Rewrite an executed notebook in place.

    Parameters
    ----------
    executed : Path
        The file that papermill wrote.
    notebook : Notebook
        Its source: gives the metadata and the ids of the cells.
    paths : dict
        Neutral text by absolute path, for example ``{"/home/ann/sample": "sample"}``.
    secrets : Secrets
        Hidden wherever they occur.

    Notes
    -----
    Times of papermill and of the kernel go, ids become those of the source, memory addresses become ``0x0``; widgets'
    state, which is dead without a kernel, goes. Images stay as they are.
    """
    content = json.loads(executed.read_bytes())
    known = {cell["id"]: cell for cell in notebook.content["cells"]}
    content["cells"] = [cell for cell in content["cells"] if MARKER not in cell["metadata"].get("tags", [])]
    for cell in content["cells"]:
        source = known.get(cell.get("id"))
        cell["id"] = source["id"] if source else INJECTED
        cell["metadata"] = dict(source["metadata"]) if source else {"tags": [INJECTED]}
        if cell["cell_type"] == "code":
            cell["outputs"] = merge_streams(cell["outputs"])
    content["metadata"] = dict(notebook.content["metadata"])
    neutral = _neutral(content, _replacements(paths), secrets)
    executed.write_text(json.dumps(neutral, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def merge_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    r"""Return a cell's outputs with one stdout and one stderr between any two other outputs.

    How a kernel cuts what is printed into pieces depends on time. nbclient can join the pieces too, but takes hours for
    a long line.

    Examples
    --------
    >>> piece = {"output_type": "stream", "name": "stdout"}
    >>> merge_streams([piece | {"text": "one "}, piece | {"text": ["two\n"]}])[0]["text"]
    ['one two\n']
    """
    merged: list[dict[str, Any]] = []
    for is_stream, group in groupby(outputs, key=lambda output: output["output_type"] == "stream"):
        pieces = list(group)
        if not is_stream:
            merged += pieces
            continue
        for name in sorted({piece["name"] for piece in pieces}, reverse=True):
            text = "".join("".join(piece["text"]) for piece in pieces if piece["name"] == name)
            merged.append({"output_type": "stream", "name": name, "text": text.splitlines(keepends=True)})
    return merged


def _replacements(paths: dict[str, str]) -> list[tuple[str, str]]:
    every = {**paths, sys.prefix: "python", str(Path(__file__).parents[3]): "segkit"}
    return sorted(every.items(), key=lambda pair: -len(pair[0]))


def _neutral(value: Any, replacements: list[tuple[str, str]], secrets: Secrets) -> Any:
    if isinstance(value, dict):
        return {
            key: part if key.startswith("image/") and key != "image/svg+xml" else _neutral(part, replacements, secrets)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_neutral(part, replacements, secrets) for part in _joined(value)]
    return _neutral_text(value, replacements, secrets) if isinstance(value, str) else value


def _joined(parts: list[Any]) -> list[Any]:
    """Join the lines of a multi-line text, so that a secret or path is found whole."""
    if parts and all(isinstance(part, str) for part in parts) and any(part.endswith("\n") for part in parts[:-1]):
        return "".join(parts).splitlines(keepends=True)
    return parts


def _neutral_text(text: str, replacements: list[tuple[str, str]], secrets: Secrets) -> str:
    for path, name in replacements:
        if path in text:
            text = text.replace(path, name)
    for pattern, replacement in _NOISE:
        text = pattern.sub(replacement, text)
    return secrets.hide(text)
