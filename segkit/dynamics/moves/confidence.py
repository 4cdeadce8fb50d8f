"""How sure every class is: in how many resampled histories it comes out again."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import nomenclature
from segkit.core.masters import are_among, look_up
from segkit.core.periods import periods_per_year
from segkit.core.settings import Segments, Settings
from segkit.dynamics.classes.item_segments import customer_measure
from segkit.dynamics.classes.value_classes import LOSS, classify_by_settings
from segkit.dynamics.moves.month_sums import sum_by_month
from segkit.formulas.class_bootstrap import block_counts, value_class_votes, variability_agreement


@dataclass(frozen=True)
class Classed:
    """The segment tables whose classes are tried, and the table ``items`` for the groups of ``segments.within``."""

    item_segments: pd.DataFrame
    customer_segments: pd.DataFrame
    items: pd.DataFrame


def rate_classes(
    lines: pd.DataFrame, demand: pd.DataFrame, classed: Classed, *, as_of: date, settings: Settings
) -> pd.DataFrame:
    """Return ``segment_confidence``: how often each class comes out again when the months of the window are redrawn.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` in the window of the segments.
    demand : DataFrame
        Table ``demand``, the whole history, from which the variability is redrawn.
    classed : Classed
        The classes that are tried: those by data, before overrides.
    as_of : date
        Last day of the window; its months count back from it.
    settings : Settings
        ``stability`` (draws, block_months, seed), ``segments`` and ``periods``.

    Returns
    -------
    DataFrame
        One row per item and named customer. confidence is blank where there is no class, where the window has one
        month only, and for classes by cost criterion; xyz_confidence where there is no class or it is not made by CV.

    Notes
    -----
    Blocks of months are drawn for all at once, so that what moves together stays together and the limits move as
    well. A season counts as chance, which makes seasonal items rather too unsure than too sure.
    """
    rules = settings.segments
    items, customers = classed.item_segments, classed.customer_segments
    customers = customers[(customers["customer_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool)]
    parts = []
    for entity, segments, measure in (
        ("customer", customers, customer_measure(rules)),
        ("item", items, rules.measure),
    ):
        ids = segments[f"{entity}_id"].reset_index(drop=True)
        by_month = _by_month(lines, ids, measure, as_of, rules)
        group = look_up(ids, classed.items, rules.within).fillna("") if entity == "item" and rules.within else None
        groups = np.zeros(len(ids), dtype=int) if group is None else pd.factorize(group)[0]
        limits = rules.abc_limits if entity == "item" else rules.abc_customer_limits
        votes = _votes(by_month, groups, limits, settings)
        labels = segments["abc_by_data"].reset_index(drop=True)
        table = _confidence(labels, votes, [*rules.abc_labels, LOSS])
        parts.append(table.assign(entity=entity, entity_id=ids, xyz="", xyz_confidence=np.nan))
    parts[1] = parts[1].assign(
        xyz=items["xyz"].to_numpy(), xyz_confidence=_xyz_confidence(items, demand, settings=settings)
    )
    table = pd.concat(parts).sort_values(["entity", "entity_id"], ignore_index=True)
    kinds = dict.fromkeys(["entity", "entity_id", "abc", "runner_up", "xyz"], "str")
    return table[list(nomenclature()["segment_confidence"].columns)].astype(kinds)


def _by_month(lines: pd.DataFrame, ids: pd.Series, measure: str, as_of: date, rules: Segments) -> np.ndarray:
    """Return the measure by member and month; no months where it cannot be told by month."""
    if measure not in lines:
        return np.zeros((len(ids), 0))
    member = pd.Index(ids).get_indexer(lines[str(ids.name)])
    known = lines[member >= 0]
    return sum_by_month(known, member[member >= 0], len(ids), measure=measure, end=as_of, months=rules.window_months)


def _votes(by_month: np.ndarray, groups: np.ndarray, limits: list[float], settings: Settings) -> np.ndarray | None:
    """Return the draws that put each member into each class; None with too few months to draw from."""
    rules, stability, months = settings.segments, settings.stability, by_month.shape[1]
    if months < 2 or not len(by_month):
        return None
    counts = block_counts(months, draws=stability.draws, block=stability.block_months, seed=stability.seed)
    known = ~np.isnan(by_month).any(axis=1)
    votes = np.zeros((len(by_month), len(rules.abc_labels) + 1), dtype="int64")
    if rules.abc_by == "value_share" or (rules.abc_by == "limits" and not limits):
        votes[known] = value_class_votes(by_month[known], counts, groups[known], np.array(rules.abc_shares))
        return votes
    labels = pd.Index([*rules.abc_labels, LOSS])
    for draw in counts.T:
        sums = pd.DataFrame({"value": np.einsum("mp,p->m", by_month[known], draw), "group": groups[known]})
        found = classify_by_settings(sums, measure="value", rules=rules, within="group", limits=limits)["abc"]
        votes[np.flatnonzero(known), labels.get_indexer(found)] += 1
    return votes


def _confidence(abc: pd.Series, votes: np.ndarray | None, labels: list[str]) -> pd.DataFrame:
    """Return class, confidence and runner-up by the votes."""
    place = pd.Index(labels).get_indexer(abc)
    table = pd.DataFrame({"abc": abc, "confidence": np.nan, "runner_up": "", "runner_up_share": np.nan})
    if votes is None:
        return table
    rows, draws = np.arange(len(abc)), np.maximum(votes.sum(axis=1), 1)
    others = votes.copy()
    others[rows, place] = 0
    second = others.argmax(axis=1)
    known, some = place >= 0, others[rows, second] > 0
    table["confidence"] = np.where(known, votes[rows, place] / draws, np.nan)
    table["runner_up"] = np.where(known & some, np.array(labels, dtype=object)[second], "")
    table["runner_up_share"] = np.where(known & some, others[rows, second] / draws, np.nan)
    return table


def _xyz_confidence(items: pd.DataFrame, demand: pd.DataFrame, *, settings: Settings) -> np.ndarray:
    """Return the share of draws over the complete periods of the history that give the same XYZ class."""
    rules, stability = settings.segments, settings.stability
    panel = demand[demand["complete"].to_numpy(dtype=bool)]
    begins = np.sort(panel["period"].unique())
    if rules.xyz_by != "cv" or len(begins) < 2:
        return np.full(len(items), np.nan)
    panel = panel[are_among(panel["item_id"], items["item_id"])]
    item, period = pd.Index(items["item_id"]).get_indexer(panel["item_id"]), begins.searchsorted(panel["period"])
    shape = (len(items), len(begins))
    sold = np.bincount(item * shape[1] + period, weights=panel["quantity"], minlength=shape[0] * shape[1])
    first = np.full(len(items), len(begins))
    np.minimum.at(first, item, period)
    block = round(stability.block_months * periods_per_year(settings.periods) / 12)
    counts = block_counts(len(begins), draws=stability.draws, block=block, seed=stability.seed)
    letters = [chr(ord("X") + n) if n < 3 else f"Z{n - 1}" for n in range(len(rules.xyz_limits) + 1)]
    classes = pd.Index(letters).get_indexer(items["xyz"])
    return variability_agreement(sold.reshape(shape), first, counts, np.array(rules.xyz_limits), classes)
