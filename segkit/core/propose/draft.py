"""A segkit.toml in the making: its lines with their reasons, and how it is written."""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ORDER = ("columns", "expressions", "values", "wide")


@dataclass(frozen=True)
class Line:
    """One line of segkit.toml and its reason.

    ``about`` names the column whose facts follow as a comment; ``active`` false writes the line as a comment.
    """

    key: str
    value: Any
    reason: str = ""
    about: str = ""
    active: bool = True


@dataclass
class Draft:
    """Lines by section, and what a person must know: doubts, what is missing, what was assumed."""

    sections: dict[str, list[Line]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)

    def add(
        self, section: str, key: str, value: Any, reason: str = "", *, about: str = "", active: bool = True
    ) -> None:
        """Add a line to a section."""
        self.sections.setdefault(section, []).append(Line(key, value, reason, about, active))

    def lines(self, *keys: str) -> list[tuple[str, Line]]:
        """Return the active lines with these keys, each with its section."""
        return [(section, line) for section, entries in self.sections.items() for line in entries if line.key in keys]


def write_toml(draft: Draft, facts: dict[str, str]) -> str:
    """Return the text of segkit.toml.

    Parameters
    ----------
    draft : Draft
        The lines.
    facts : dict of str to str
        What each column was seen to hold, by table and column.

    Returns
    -------
    str
        TOML, one section after the other, those of one table together; every line with its reason.

    Examples
    --------
    >>> draft = Draft()
    >>> draft.add("company", "currency", "EUR", "seen")
    >>> print(write_toml(draft, {}))
    [company]
    currency = "EUR"  # seen
    <BLANKLINE>
    """
    parts = []
    for section in sorted(draft.sections, key=lambda name: _place(name, list(draft.sections))):
        shown = [f"[{section}]"]
        for line in draft.sections[section]:
            reason = "; ".join(part for part in (line.reason, facts.get(line.about, "")) if part)
            text = f"{line.key} = {_toml_value(line.value)}"
            text = text if line.active else f"# {text}"
            shown.append(f"{text}  # {_one_line(reason)}" if reason else text)
        parts.append("\n".join(shown))
    return "\n\n".join(parts) + "\n"


def seen_from(workspace: Path, file: Path) -> str:
    """Name a file as seen from the workspace; absolute where it lies far away.

    Examples
    --------
    >>> seen_from(Path("clients/acme"), Path("data/orders.csv"))
    '../../data/orders.csv'
    """
    relative = os.path.relpath(file.resolve(), workspace.resolve())
    return Path(relative).as_posix() if relative.count("..") <= 5 else file.resolve().as_posix()


def _place(section: str, sections: list[str]) -> tuple[int, int]:
    """Sections of one table stand together, in the order in which their tables came."""
    words = section.split(".")
    owner = ".".join(words[:2])
    first = min(place for place, name in enumerate(sections) if f"{name}.".startswith(f"{owner}."))
    return first, 0 if len(words) < 3 else 1 + _ORDER.index(words[2])


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


def _toml_value(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_value(key)} = {_toml_value(entry)}" for key, entry in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
