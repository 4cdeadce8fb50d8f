"""Period columns (``2021-04-12``, ``JAN96``, ``w001``, ``d_1495``, ``2024_01``): found by their names."""

import re
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

MIN_PERIODS = 4
_FORMATS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    (r"\d{4}-\d{2}-\d{2} 00:00:00", "%Y-%m-%d 00:00:00"),
    (r"\d{4}/\d{2}/\d{2}", "%Y/%m/%d"),
    (r"\d{4}_\d{2}_\d{2}", "%Y_%m_%d"),
    (r"\d{2}\.\d{2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%d/%m/%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
    (r"(?:19|20)\d{6}", "%Y%m%d"),
    (r"(?:19|20)\d{2}[01]\d", "%Y%m"),
    (r"\d{4}-\d{2}", "%Y-%m"),
    (r"\d{4}_\d{2}", "%Y_%m"),
    (r"\d{4}/\d{2}", "%Y/%m"),
    (r"[01]\d\.\d{4}", "%m.%Y"),
    (r"[01]\d/\d{4}", "%m/%Y"),
    (r"[01]\d-\d{4}", "%m-%Y"),
    (r"[A-Za-z]{3}\d{2}", "%b%y"),
    (r"[A-Za-z]{3}-\d{2}", "%b-%y"),
    (r"[A-Za-z]{3} \d{2}", "%b %y"),
    (r"[A-Za-z]{3}-\d{4}", "%b-%Y"),
    (r"[A-Za-z]{3} \d{4}", "%b %Y"),
    (r"[A-Za-z]{3}_\d{4}", "%b_%Y"),
    (r"[A-Za-z]{3,9} \d{4}", "%B %Y"),
    (r"\d{2}-[A-Za-z]{3}-\d{2}", "%d-%b-%y"),
)
_WEEK = re.compile(r"(?P<year>(?:19|20)\d{2})[-_ ]?(?:W|KW|wk|S)[-_ ]?(?P<week>\d{1,2})", re.IGNORECASE)
_COUNTER = re.compile(r"(?P<prefix>(?:[A-Za-z]+[-_ .]?)*)(?P<number>\d{1,5})")
_STEPS = {"d": 1, "day": 1, "tag": 1, "jour": 1, "w": 7, "wk": 7, "week": 7, "kw": 7, "woche": 7, "semaine": 7, "s": 7}
_MONTHS = ("m", "month", "monat", "mois", "mes", "mese")


@dataclass(frozen=True)
class WideLook:
    """Period columns, in the words of ``wide`` in segkit.toml; ``start`` is a guess unless ``dated``."""

    names: tuple[str, ...]
    match: str
    period_from: str
    start: str
    step_days: int
    dated: bool
    evidence: str


def find_periods(names: list[str]) -> WideLook | None:
    """Return the period columns among the names of a file, or None.

    Parameters
    ----------
    names : list of str
        Column names, in order.

    Examples
    --------
    >>> find_periods(["sku", "JAN96", "FEB96", "MAR96", "APR96"]).period_from
    '%b%y'
    >>> find_periods(["sku", "price", "qty"]) is None
    True
    """
    for shape, form in _FORMATS:
        matched = tuple(name for name in names if re.fullmatch(shape, name))
        if len(matched) < MIN_PERIODS:
            continue
        days = pd.to_datetime(pd.Series(matched), format=form, errors="coerce")
        if days.notna().all() and days.is_unique and _steady(days):
            span = f"{len(matched)} columns {matched[0]} to {matched[-1]}, {_step_name(days)}"
            return WideLook(matched, shape.replace("(?:", "("), form, "", 0, True, span)
    return _weeks(names) or _counters(names)


def _steady(days: pd.Series) -> bool:
    steps = days.sort_values().diff().dt.days.dropna()
    return bool((steps.max() - steps.min()) <= max(3, 0.15 * steps.median()))


def _step_name(days: pd.Series) -> str:
    step = days.sort_values().diff().dt.days.median()
    return {1: "days", 7: "weeks"}.get(step, "months" if 27 < step < 32 else f"every {step:.0f} days")


def _weeks(names: list[str]) -> WideLook | None:
    """ISO weeks: their Mondays, counted from the first."""
    matched = [name for name in names if _WEEK.fullmatch(name)]
    if len(matched) < MIN_PERIODS:
        return None
    found = [_WEEK.fullmatch(name) for name in matched]
    texts = pd.Series([f"{match['year']}-{int(match['week']):02d}-1" for match in found if match])
    days = pd.to_datetime(texts, format="%G-%V-%u", errors="coerce")
    if days.isna().any() or not (days.diff().dropna() == pd.Timedelta(days=7)).all():
        return None
    span = f"{len(matched)} weeks {matched[0]} to {matched[-1]}"
    return WideLook(
        tuple(matched),
        _WEEK.pattern.replace("?P<year>", "").replace("?P<week>", ""),
        "",
        str(days[0])[:10],
        7,
        True,
        span,
    )


def _counters(names: list[str]) -> WideLook | None:
    """Numbered columns: one prefix, numbers one apart; their dates cannot be known."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        if match := _COUNTER.fullmatch(name):
            found.setdefault(match["prefix"], []).append((int(match["number"]), name))
    prefix = max(found, key=lambda key: len(found[key]), default=None)
    if prefix is None or len(found[prefix]) < max(MIN_PERIODS, 6):
        return None
    numbers = [number for number, _ in found[prefix]]
    if any(later - earlier != 1 for earlier, later in pairwise(numbers)):
        return None
    matched = tuple(name for _, name in found[prefix])
    word = prefix.strip("_-. ").lower()
    step = 30 if word in _MONTHS else _STEPS.get(word, 7)
    unit = {1: "days", 7: "weeks", 30: "months"}[step]
    if prefix == "" and len(matched) < 0.5 * len(names):
        return None
    width = "+" if len({len(name) for name in matched}) > 1 else f"{{{len(matched[0]) - len(prefix)}}}"
    start = (pd.Timestamp("2025-12-31") - pd.Timedelta(days=step * len(matched))).normalize()
    start = start - pd.Timedelta(days=start.weekday()) if step == 7 else start
    span = f"{len(matched)} columns {matched[0]} to {matched[-1]}, counted, taken as {unit}"
    return WideLook(matched, re.escape(prefix) + rf"\d{width}", "", str(start)[:10], step, False, span)
