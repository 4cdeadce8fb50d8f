"""Dates in unknown formats: which format reads them, and whether day or month comes first, by evidence."""

import re
from dataclasses import dataclass, field

import pandas as pd

UNIQUE = 3_000
_TIME = (
    r"(?:(?P<gap>[ T]|, )(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2})?(?P<part>\.\d+)?(?P<noon> ?[AaPp][Mm])?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d", "%Y-%d-%m")),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d", "%Y/%d/%m")),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d", "%Y.%d.%m")),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y", "%m.%d.%y", "%y.%m.%d")),
    (r"\d{1,2}/\d{1,2}/\d{2}", ("%d/%m/%y", "%m/%d/%y", "%y/%m/%d")),
    (r"\d{1,2}-\d{1,2}-\d{2}", ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d")),
    (r"\d{8}", ("%Y%m%d", "%d%m%Y", "%m%d%Y")),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", ("%d-%b-%Y",)),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", ("%d-%b-%y",)),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", ("%d %b %Y",)),
    (r"\d{1,2} [A-Za-z]{4,9} \d{4}", ("%d %B %Y",)),
    (r"\d{1,2}[A-Za-z]{3}\d{4}", ("%d%b%Y",)),
    (r"[A-Za-z]{3} \d{1,2},? \d{4}", ("%b %d, %Y", "%b %d %Y")),
    (r"[A-Za-z]{4,9} \d{1,2},? \d{4}", ("%B %d, %Y", "%B %d %Y")),
    (r"\d{4}-\d{2}", ("%Y-%m",)),
    (r"\d{4}/\d{2}", ("%Y/%m",)),
    (r"[A-Za-z]{3}-\d{2}", ("%b-%y",)),
    (r"[A-Za-z]{3}[- ]\d{4}", ("%b-%Y", "%b %Y")),
)
_COMPILED = tuple((re.compile(shape + _TIME), formats) for shape, formats in _SHAPES)


@dataclass(frozen=True)
class DateLook:
    """Dates of a column: strptime format (blank = ISO or typed), share that it reads, days, and whether in doubt.

    ``also`` is a second format that reads most of the other cells, ``iso`` the format where ``format`` is blank.
    """

    format: str
    share: float
    days: pd.Series = field(repr=False)
    doubtful: bool
    runner_up: str = ""
    evidence: str = ""
    typed: bool = False
    also: str = ""
    iso: str = ""

    @property
    def first(self) -> str:
        """First day, ISO."""
        return str(self.days.min())[:10]

    @property
    def last(self) -> str:
        """Last day, ISO."""
        return str(self.days.max())[:10]


def look_at_dates(cells: pd.Series) -> DateLook | None:
    """Return the format that reads most cells as dates, or None where fewer than 3 in 10 are dates.

    Where day first and month first read equally much, the reading in which the rows come in the order of time
    and no day lies in the future of the others by years wins; if neither tells, the look is ``doubtful``.

    Examples
    --------
    >>> look_at_dates(pd.Series(["12/31/2024", "01/02/2025"], dtype="str")).format
    '%m/%d/%Y'
    >>> look_at_dates(pd.Series(["A1", "B2"], dtype="str")) is None
    True
    """
    filled = cells.dropna()
    if filled.empty or not filled.head(2_000).str.contains(r"\d[-/. ]?\w", regex=True).mean() >= 0.3:
        return None
    unique = pd.Series(filled.unique(), dtype="str").str.strip()
    tried = unique.iloc[:: max(len(unique) // UNIQUE, 1)]
    formats = _candidate_formats(tried)
    if not formats:
        return None
    reads = {form: pd.to_datetime(tried, format=form, errors="coerce", exact=True) for form in formats}
    shares = {form: float(read.notna().mean()) for form, read in reads.items()}
    best = max(shares.values())
    level = [form for form in formats if shares[form] >= best - 1e-9]
    days = {form: _read_all(cells, form) for form in level}
    chosen, doubtful, evidence = _choose(level, days)
    also = _second_format(tried[reads[chosen].isna()])
    if also:
        days[chosen] = days[chosen].fillna(_read_all(cells, also))
        evidence = f"two formats are mixed: {chosen} and {also}"
    share = float(days[chosen].notna().sum()) / len(filled)
    if share < 0.3 or not days[chosen].dropna().dt.year.between(1950, 2100).mean() > 0.9:
        return None
    second = next((form for form in level if form != chosen), "")
    runner_up = second if doubtful else ""
    return DateLook(_iso_or(chosen), share, days[chosen], doubtful, runner_up, evidence, also=also, iso=chosen)


def _second_format(unread: pd.Series) -> str:
    """Return the format that reads most of what the first leaves unread, blank where none reads half of it."""
    formats = _candidate_formats(unread) if len(unread) else []
    shares = {form: float(pd.to_datetime(unread, format=form, errors="coerce").notna().mean()) for form in formats}
    best = max(shares, key=lambda form: shares[form], default="")
    return best if best and shares[best] >= 0.5 else ""


def _candidate_formats(values: pd.Series) -> list[str]:
    """Return formats whose shape some of the values have, the most frequent shape first."""
    found: dict[str, int] = {}
    for value in values.iloc[:400]:
        for shape, formats in _COMPILED:
            if match := shape.fullmatch(value):
                for form in formats:
                    full = form + _time_format(match)
                    found[full] = found.get(full, 0) + 1
                break
    ranked = sorted(found, key=lambda form: -found[form])
    return [form for form in ranked if found[form] >= 0.3 * min(len(values), 400)][:6]


def _time_format(match: re.Match[str]) -> str:
    if not match["hour"]:
        return ""
    clock = "%I" if match["noon"] else "%H"
    noon = (" %p" if match["noon"].startswith(" ") else "%p") if match["noon"] else ""
    seconds = (":%S" if match["second"] else "") + (".%f" if match["part"] else "")
    return f"{match['gap']}{clock}:%M{seconds}{noon}{'%z' if match['zone'] else ''}"


def _read_all(cells: pd.Series, form: str) -> pd.Series:
    unique = pd.Series(cells.dropna().unique(), dtype="str")
    read = pd.to_datetime(unique.str.strip(), format=form, errors="coerce")
    if getattr(read.dt, "tz", None) is not None:
        read = read.dt.tz_localize(None)
    return pd.to_datetime(cells.map(dict(zip(unique, read.dt.normalize(), strict=True))))


def _choose(level: list[str], days: dict[str, pd.Series]) -> tuple[str, bool, str]:
    """Return the format, whether it is in doubt, and what decided."""
    if len(level) == 1:
        return level[0], False, "only this order of day, month and year reads them" if "%m" in level[0] else ""
    steps = {form: _disorder(days[form]) for form in level}
    ranked = sorted(level, key=lambda form: steps[form])
    if steps[ranked[0]] < 1 and steps[ranked[0]] < 0.5 * steps[ranked[1]] - 1e-9:
        return ranked[0], False, "the rows come in the order of time only in this reading"
    spans = {form: (days[form].max() - days[form].min()).days for form in level}
    ranked = sorted(level, key=lambda form: spans[form])
    if spans[ranked[0]] < 0.5 * spans[ranked[1]]:
        return ranked[0], False, f"spans {spans[ranked[0]]} days, the other reading {spans[ranked[1]]}"
    noon = [form for form in level if "%p" in form and form.startswith("%m")]
    return (noon or level)[0], True, "day and month could be the other way round"


def _disorder(days: pd.Series) -> float:
    """Mean size of the steps back in time, in days."""
    steps = days.dropna().diff().dt.days
    return float(-steps[steps < 0].sum()) / max(len(steps), 1)


def _iso_or(form: str) -> str:
    return "" if form.startswith("%Y-%m-%d") else form
