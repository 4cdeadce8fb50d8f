"""Keep secrets out of everything a run writes: the passwords of database URLs."""

import html
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from segkit.core.errors import RunError, SettingsError, list_problems
from segkit.core.settings import Settings, fill_environment

HIDDEN = "***"
SHORTEST = 8  # a shorter password is hidden where it stands in a URL, not wherever the letters occur
_QUERY_NAMES = ("password", "passwd", "pwd", "token", "secret", "key")


@dataclass(frozen=True)
class Secrets:
    """What must not be written, and which environment variables hold it.

    ``texts`` are the strings to hide, longest first; ``variables`` the names used in the URLs of the sources.
    """

    texts: tuple[str, ...] = ()
    variables: frozenset[str] = frozenset()

    def hide(self, text: str) -> str:
        """Return ``text`` with every secret replaced by ``***``.

        Examples
        --------
        >>> Secrets((":hunter2@",)).hide("postgresql://ann:hunter2@db/orders")
        'postgresql://ann***db/orders'
        """
        for secret in self.texts:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text


def find_secrets(settings: Settings) -> Secrets:
    """Return the secrets in the sources' URLs, as written, as decoded and as quoted.

    Parameters
    ----------
    settings : Settings
        Settings of the workspace; ``${NAME}`` is looked up in the environment.

    Returns
    -------
    Secrets
        Empty where no source is a database with a password.
    """
    texts: set[str] = set()
    variables: set[str] = set()
    for source in settings.sources.values():
        variables.update(re.findall(r"\$\{(\w+)\}", source.url))
        try:
            url = fill_environment(source.url)
        except SettingsError:  # reading the source says so in full
            continue
        texts.update(written for text in _forms(url) for written in (text, html.escape(text), json.dumps(text)[1:-1]))
    return Secrets(tuple(sorted(texts, key=lambda text: (-len(text), text))), frozenset(variables))


def require_no_secrets(folder: Path, secrets: Secrets) -> None:
    """Raise a RunError if a file below ``folder`` holds a secret; it names the files, not the secret."""
    if not secrets.texts:
        return
    needles = [text.encode() for text in secrets.texts]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = [str(path.relative_to(folder)) for path in files if _holds(path, needles)]
    if found:
        fix = "Take it out of what the notebooks show. Nothing was published."
        raise RunError(list_problems("a database password would be published", found, [fix]))


def _holds(path: Path, needles: list[bytes]) -> bool:
    return any(needle in content for content in _contents(path) for needle in needles)


def _contents(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, and what is compressed in it."""
    yield path.read_bytes()
    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if path.suffix == ".parquet":
        yield from _parquet_contents(path)


def _parquet_contents(path: Path) -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with suppress(pa.ArrowInvalid, OSError), ParquetFile(path) as table:
        for batch in table.iter_batches():
            for column in batch.columns:
                texts = column.dictionary if pa.types.is_dictionary(column.type) else column
                yield from (buffer.to_pybytes() for buffer in texts.buffers() if buffer)


def _forms(url: str) -> Iterable[str]:
    user_info, at, _ = url.partition("://")[2].partition("?")[0].rpartition("@")
    raw = user_info.partition(":")[2] if at else ""
    if raw:
        yield f":{raw}@"
        yield from _long_forms(raw)
    for name, value in parse_qsl(url.partition("?")[2]):
        if any(word in name.lower() for word in _QUERY_NAMES):
            yield f"{name}={value}"
            yield from _long_forms(value)


def _long_forms(secret: str) -> Iterable[str]:
    plain = unquote(secret)
    return {form for form in (secret, plain, quote(plain, safe=""), quote_plus(plain)) if len(form) >= SHORTEST}
