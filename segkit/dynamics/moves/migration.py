"""Moves from one value class to another, month by month: whether they stand, and what made them."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.masters import are_among, look_up
from segkit.core.settings import Settings
from segkit.dynamics.classes.item_segments import customer_measure
from segkit.dynamics.classes.value_classes import LOSS
from segkit.dynamics.moves.bridge import EFFECTS, align_cells, cell_effects, sum_cells
from segkit.dynamics.moves.known import Records
from segkit.formulas.hysteresis import UNKNOWN, class_edges, followed_moves

OTHERS = "others moved"
WORDS = {"fx": "currency", "service": "cost-to-serve"} | {
    name: name for name in EFFECTS if name not in ("fx", "service")
}
_CLASSES = ("abc", "stable_abc")
_KEY = ["entity", "entity_id", "known_on"]
_NEEDED = [
    *("item_id", "customer_id", "currency", "quantity", "revenue", "fx_rate", "gross_margin", "net_margin"),
    "is_reversed",
]


def explain_moves(history: pd.DataFrame, records: Records, *, settings: Settings) -> pd.DataFrame:
    """Return ``migration``: every move of a value class from one month to the next, and its cause.

    Parameters
    ----------
    history : DataFrame
        Table ``segment_history``.
    records : Records
        What it was made from.
    settings : Settings
        Those of the plan.

    Returns
    -------
    DataFrame
        One row per move between two months in which the item or customer had a class; who comes or goes makes no
        move. ``change`` of the measure between the two windows is the sum of the effects. A move is confirmed when
        the stable class has followed it before the class moved back.

    Notes
    -----
    Windows of consecutive months share all but a month, so the effects say what the month that came has that the
    month that went had not. The cause is the effect that did most in the direction of the move, or "others moved"
    where the class limit came towards the value by more than the value went towards the limit. Of classes by
    quantity there are volume, mix, returns, new and lost only; classes by cost criterion have neither effects nor
    cause.
    """
    moves = _find_moves(history, settings)
    if moves.empty:
        return empty_table("migration")
    moves = moves.merge(_effects(moves, records, settings), on=_KEY, how="left")
    moves["cause"] = _causes(moves, _pull(moves, history, records.items, settings))
    table = moves.sort_values(_KEY, ignore_index=True)[list(nomenclature()["migration"].columns)]
    return table.astype(dict.fromkeys(["entity", "entity_id", "from_class", "to_class", "cause"], "str"))


def _find_moves(history: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return the moves with what is known before their cause: classes, change, confirmed; in the order of the key."""
    entity, id_code = (pd.factorize(history[name], sort=True)[0] for name in _KEY[:2])
    member, found = pd.factorize(entity * (id_code.max(initial=0) + 1) + id_code, sort=True)
    first = np.zeros(len(found), dtype=int)
    first[member[::-1]] = np.arange(len(member))[::-1]
    members = history[_KEY[:2]].iloc[first].reset_index(drop=True)
    month, months = pd.factorize(history["known_on"], sort=True)
    labels = np.array([*settings.segments.abc_labels, LOSS], dtype=object)
    shape = (len(members), len(months))
    raw, stable = (_spread(member, month, pd.Index(labels).get_indexer(history[name]), shape) for name in _CLASSES)
    value = np.full(shape, np.nan)
    value[member, month] = history["measure_value"]
    moved = (raw[:, 1:] != raw[:, :-1]) & (raw[:, 1:] >= 0) & (raw[:, :-1] >= 0)
    at, before = np.nonzero(moved)
    now = before + 1
    moves = members.iloc[at].reset_index(drop=True).assign(known_on=months[now])
    return moves.assign(
        from_class=labels[raw[at, before]],
        to_class=labels[raw[at, now]],
        confirmed=followed_moves(raw, stable)[at, now],
        change=value[at, now] - value[at, before],
        down=raw[at, now] > raw[at, before],
        crossed=np.where(raw[at, now] > raw[at, before], raw[at, before], raw[at, before] - 1),
    )


def _spread(member: np.ndarray, month: np.ndarray, code: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    table = np.full(shape, UNKNOWN)
    table[member, month] = code
    return table


def _effects(moves: pd.DataFrame, records: Records, settings: Settings) -> pd.DataFrame:
    """Return the effects of every move, from the windows before and after it as they were known."""
    measures = {"customer": customer_measure(settings.segments), "item": settings.segments.measure}
    by_day = {day: rows for day, rows in moves.groupby("known_on")}
    parts, before = [], pd.DataFrame()
    for day, after in records.windows(settings.periods, settings.segments.window_months):
        for entity, rows in by_day[day].groupby("entity") if day in by_day else ():
            found = _bridge((before, after), f"{entity}_id", rows["entity_id"], measures[str(entity)])
            parts.append(found.assign(entity=entity, known_on=day))
        before = after
    return pd.concat(parts, ignore_index=True)


def _bridge(windows: tuple[pd.DataFrame, pd.DataFrame], key: str, ids: pd.Series, measure: str) -> pd.DataFrame:
    """Return the effects on some items or customers, volume and mix within each of them.

    Of an item all buyers of a channel are taken together: its price is what it fetched there on average, more or
    fewer buyers are volume, a shift between channels is mix, and new or lost is the item itself.
    """
    windows = (_by_channel(windows[0]), _by_channel(windows[1])) if key == "item_id" else windows
    names = [f"{name}_effect" for name in EFFECTS]
    table = pd.DataFrame({"entity_id": ids.to_numpy()})
    if measure not in windows[0]:
        return table.assign(**dict.fromkeys(names, np.nan))
    needed = [name for name in _NEEDED if name in windows[0]]
    own = [window.loc[are_among(window[key], ids), needed] for window in windows]
    if measure == "quantity":
        own = [lines.assign(revenue=lines["quantity"], fx_rate=1.0) for lines in own]
    bridged = "revenue" if measure == "quantity" else measure
    sums = [sum_cells(lines, measure=bridged) for lines in own]
    sold = [
        window.loc[(window["quantity"] > 0).to_numpy(), ["item_id", "customer_id", "quantity"]] for window in windows
    ]
    cells = align_cells(sums[0], sums[1], known=(sold[0], sold[1]))
    member = pd.Index(table["entity_id"]).get_indexer(cells.keys[key])
    effects = cell_effects(cells, within=key)
    sums_by_member = [np.bincount(member, weights=effects[name], minlength=len(table)) for name in EFFECTS]
    return table.assign(**dict(zip(names, sums_by_member, strict=True)))


def _by_channel(window: pd.DataFrame) -> pd.DataFrame:
    return window.assign(customer_id=window["channel"]) if "channel" in window else window


def _causes(moves: pd.DataFrame, pull: np.ndarray) -> pd.Series:
    """Return the effect that did most in the direction of each move, or that the others moved."""
    sign = np.where(moves["down"], -1.0, 1.0)
    effects = moves[[f"{name}_effect" for name in EFFECTS]].to_numpy() * sign[:, None]
    known = ~np.isnan(effects).any(axis=1)
    own = (sign * moves["change"] >= pull * sign).to_numpy()
    words = np.array([WORDS[name] for name in EFFECTS], dtype=object)
    most = words[np.where(known[:, None], effects, 0.0).argmax(axis=1)]
    return pd.Series(np.where(~known, "", np.where(own, most, OTHERS)), index=moves.index, dtype="str")


def _pull(moves: pd.DataFrame, history: pd.DataFrame, items: pd.DataFrame, settings: Settings) -> np.ndarray:
    """Return how far the limit that each move crossed went the other way; 0 where limits are fixed."""
    rules = settings.segments
    labels = pd.Index([*rules.abc_labels, LOSS])
    change = np.zeros(len(moves))
    for entity, rows in history.groupby("entity"):
        if rules.abc_by == "limits" and (rules.abc_limits if entity == "item" else rules.abc_customer_limits):
            continue
        ids = rows["entity_id"].rename(f"{entity}_id")
        own = (
            look_up(ids, items, rules.within).fillna("")
            if entity == "item" and rules.within
            else ids.mask(ids != "", "")
        )
        group, groups = pd.factorize(own, sort=True)
        month, months = pd.factorize(rows["known_on"], sort=True)
        place = month * len(groups) + group
        code, value = labels.get_indexer(rows["abc"]), rows["measure_value"].to_numpy()
        edges = class_edges(code, value, place, limits=len(labels) - 1)
        mine = (moves["entity"] == entity).to_numpy()
        of_member = pd.Series(group, index=ids.array)
        of_member = of_member[~of_member.index.duplicated()].reindex(moves.loc[mine, "entity_id"]).to_numpy()
        now = months.get_indexer(moves.loc[mine, "known_on"])
        crossed = moves.loc[mine, "crossed"].to_numpy()
        change[mine] = (
            edges[crossed, now * len(groups) + of_member] - edges[crossed, (now - 1) * len(groups) + of_member]
        )
    return -change
