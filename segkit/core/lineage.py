"""Which inputs and settings a table was made from: so that it is made once, shared, and never used when stale.

A table's leaves are the inputs and settings it read, directly or through other tables, each with a hash. A table that
was made before (in this process, or by an earlier notebook of the run) serves again if every leaf still has its hash.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from segkit import __version__

Leaves = dict[str, str]
_META = b"segkit"


@dataclass(frozen=True)
class Made:
    """A table (or what several are made from) and the leaves it was made from."""

    leaves: Leaves
    frame: Any


@dataclass
class Lineage:
    """Tables already made, and what is being read right now.

    ``memory`` may be shared between plans that differ in some settings: `find` only returns what fits the plan.
    """

    memory: dict[str, list[Made]] = field(default_factory=dict)
    reading: list[Leaves] = field(default_factory=list)

    def read(self, leaf: str, fingerprint: str) -> None:
        """Note that the table being made has read a leaf."""
        if self.reading:
            self.reading[-1][leaf] = fingerprint

    @contextmanager
    def making(self) -> Iterator[Leaves]:
        """Collect what is read inside, and hand it on to the table around this one."""
        leaves: Leaves = {}
        self.reading.append(leaves)
        try:
            yield leaves
        finally:
            self.reading.pop()
        if self.reading:
            self.reading[-1].update(leaves)

    def find(self, name: str, current: Callable[[str], str | None], run_dir: Path | None) -> Made | None:
        """Return the table if one was made from leaves that all have their ``current`` fingerprint."""

        def fits(leaves: Leaves) -> bool:
            return all(current(leaf) == mark for leaf, mark in leaves.items())

        made = next((made for made in self.memory.get(name, []) if fits(made.leaves)), None)
        path = run_dir / "tables" / f"{name}.parquet" if run_dir else None
        if made is None and path and path.is_file() and fits(leaves := _read_leaves(path)):
            made = self.keep(name, pd.read_parquet(path), leaves)
        for leaf, mark in made.leaves.items() if made else ():
            self.read(leaf, mark)
        return made

    def keep(self, name: str, frame: Any, leaves: Leaves) -> Made:
        """Remember a table that was made, and return it."""
        made = Made(dict(leaves), frame)
        self.memory.setdefault(name, []).append(made)
        return made


def fingerprint(value: Any) -> str:
    """Return a short hash of settings or other JSON values.

    Examples
    --------
    >>> fingerprint({"a": 1}) == fingerprint({"a": 1}), len(fingerprint({}))
    (True, 16)
    """
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(f"{__version__}\n{text}".encode()).hexdigest()[:16]


def write_table(frame: pd.DataFrame, path: Path, leaves: Leaves) -> None:
    """Write a table with its leaves to Parquet, under a temporary name first; equal tables give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), _META: json.dumps(leaves, sort_keys=True).encode()}
    temporary = path.with_suffix(".part")
    pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")
    temporary.rename(path)


def _read_leaves(path: Path) -> Leaves:
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    return json.loads(metadata.get(_META, b'{"unknown": ""}'))
