"""The events that a watch list holds: what each kind looks for, what is at stake, and how it is said."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.masters import are_among
from segkit.dynamics.classes.value_classes import LOSS
from segkit.dynamics.story.watch_words import MONEY, Told
from segkit.dynamics.story.windows import full_from, months_before

_COLUMNS = ["kind", "entity", "entity_id", "stake", "since", "sentence"]
_THING = ["entity", "entity_id"]
_YEAR = pd.DateOffset(years=1)


def find_loss_makers(margin_causes: pd.DataFrame, segment_history: pd.DataFrame, told: Told) -> pd.DataFrame:
    """Return customers and items that lose money: how much, since when, through what, and what would cure it.

    Parameters
    ----------
    margin_causes, segment_history : DataFrame
        Tables of those names.
    told : Told
        How it is said.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since, sentence.
    """
    losing = margin_causes[(margin_causes["net_margin"] < 0).to_numpy(dtype=bool)]
    keys = pd.MultiIndex.from_frame(losing[_THING])
    since = _losing_since(segment_history).reindex(keys)
    losing = losing.assign(since=since["since"].to_numpy(), always=(since["always"] == True).to_numpy())  # noqa: E712
    losing["label"] = told.label(losing)
    return _events(losing.assign(stake=-losing["net_margin"]), "loss maker", told.say_loss)


def find_class_moves(
    segment_history: pd.DataFrame, migration: pd.DataFrame, worth: pd.Series, told: Told, *, since: pd.Timestamp
) -> pd.DataFrame:
    """Return moves from one value class to another that were confirmed lately; of several of one thing the last.

    Parameters
    ----------
    segment_history, migration : DataFrame
        Tables of those names: when the stable class changed, and what made the class move that it followed. Of the
        history only rows whose window is full.
    worth : Series of float
        Net margin in the window [currency] by entity and id.
    told : Told
        How it is said.
    since : Timestamp
        First day on which a confirmation counts.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake, since (when the class first moved), sentence. The stake is by how much the
        measure of a window differs from before the move; the net margin, where the measure is not money.
    """
    history = segment_history.sort_values([*_THING, "known_on"], ignore_index=True)
    of_thing = history.groupby(_THING)
    history["from_class"] = of_thing["stable_abc"].shift()
    history["value_before"], history["before_on"] = of_thing["measure_value"].shift(), of_thing["known_on"].shift()
    for name, last in {"abc": "class_now", "measure_value": "value_now", "known_on": "now_on"}.items():
        history[last] = of_thing[name].transform("last")
    known = (history["from_class"].fillna("") != "") & (history["stable_abc"] != "")
    changed = known & (history["stable_abc"] != history["from_class"]) & (history["known_on"] >= since)
    moved = history[changed.to_numpy(dtype=bool)].drop_duplicates(_THING, keep="last")
    first = migration[migration["confirmed"].to_numpy(dtype=bool)][[*_THING, "known_on", "cause"]]
    then = {"value_before": "value_then", "before_on": "then_on"}
    first = first.merge(history[[*_THING, "known_on", *then]], on=[*_THING, "known_on"], how="left")
    first = first.rename(columns={"known_on": "moved_on"} | then).sort_values("moved_on")
    moved = moved.rename(columns={"known_on": "confirmed_on", "stable_abc": "to_class"}).sort_values("confirmed_on")
    moved = pd.merge_asof(moved, first, left_on="confirmed_on", right_on="moved_on", by=_THING)
    moved = moved[moved["moved_on"].isna() | moved["then_on"].notna()]  # the window before a move is full too
    moved = moved.assign(
        since=moved["moved_on"].fillna(moved["confirmed_on"]),
        before=moved["value_then"].fillna(moved["value_before"]),
        before_on=moved["then_on"].fillna(moved["before_on"]),
        cause=moved["cause"].fillna(""),
        label=told.label(moved),
    )
    moved["measure"] = [told.measures.get(entity, "net_margin") for entity in moved["entity"]]
    earned = worth.reindex(pd.MultiIndex.from_frame(moved[_THING])).abs().to_numpy()
    in_money = moved["measure"].isin(MONEY).to_numpy(dtype=bool)
    moved["stake"] = np.where(in_money, (moved["value_now"] - moved["before"]).abs(), earned)
    return _events(moved, "class move", told.say_move)


def find_quiet_customers(customer_segments: pd.DataFrame, lines: pd.DataFrame, told: Told) -> pd.DataFrame:
    """Return customers that are overdue or lost, with what they earned us in the year up to their last order.

    Parameters
    ----------
    customer_segments : DataFrame
        Table of that name: recency, recency_days, usual_gap_days.
    lines : DataFrame
        Table ``order_lines``.
    told : Told
        How it is said.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (the last order), sentence.
    """
    quiet = customer_segments[customer_segments["recency"].isin(["overdue", "lost"]).to_numpy(dtype=bool)]
    quiet = quiet.rename(columns={"customer_id": "entity_id"}).assign(entity="customer")
    worth = _last_year(lines, quiet["entity_id"]).reindex(quiet["entity_id"])
    quiet = quiet.assign(stake=worth["stake"].to_numpy(), since=worth["last"].to_numpy(), label=told.label(quiet))
    kinds = quiet["recency"] + " customer"
    return _events(quiet, kinds, told.say_quiet)


def find_fading_items(
    item_segments: pd.DataFrame, item_value: pd.DataFrame, lines: pd.DataFrame, told: Told, *, day: pd.Timestamp
) -> pd.DataFrame:
    """Return items whose demand declines or has stopped and that still earned money in the window.

    Parameters
    ----------
    item_segments, item_value, lines : DataFrame
        Tables item_segments, item_value and order_lines.
    told : Told
        How it is said.
    day : Timestamp
        Last day known.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (the last order of a dormant item), sentence. The stake of a
        declining item is how much less it earned than in the same months a year before (of the last year, or half
        year where two years are not known), that of a dormant one what it earned in the window.
    """
    fading = item_segments[item_segments["life_cycle"].isin(["declining", "dormant"]).to_numpy(dtype=bool)]
    both = fading[["item_id", "life_cycle"]].merge(
        item_value[["item_id", "net_margin", "last_order_date"]], on="item_id"
    )
    both = both.rename(columns={"item_id": "entity_id"}).assign(entity="item")
    dormant = both["life_cycle"] == "dormant"
    now, before, months = _year_on_year(lines, both["entity_id"], day)
    both = both.assign(
        since=both["last_order_date"].where(dormant),
        earned=both["net_margin"].where(dormant, now),
        stake=both["net_margin"].where(dormant, before - now),
        months=months,
        label=told.label(both),
    )
    return _events(both, both["life_cycle"] + " item", told.say_fading)


def find_uncertain_classes(
    segment_confidence: pd.DataFrame, worth: pd.Series, told: Told, *, limit: float
) -> pd.DataFrame:
    """Return classes that are close to a coin flip, of things that earn (or lose) more than the mean of their kind.

    Parameters
    ----------
    segment_confidence : DataFrame
        Table of that name.
    worth : Series of float
        Net margin in the window [currency] by entity and id.
    told : Told
        How it is said.
    limit : float
        Confidence below which a class is uncertain [share of draws].

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (blank), sentence.
    """
    typical = worth.abs().groupby(level="entity").mean()
    unsure = segment_confidence[(segment_confidence["confidence"] < limit).to_numpy(dtype=bool)]
    unsure = unsure.merge(worth.rename("net_margin").reset_index(), on=_THING)
    weighty = unsure["net_margin"].abs() > typical.reindex(unsure["entity"]).to_numpy()
    unsure = unsure[weighty.to_numpy(dtype=bool) & (unsure["abc"] != "").to_numpy(dtype=bool)]
    unsure = unsure.assign(stake=unsure["net_margin"].abs(), since=pd.NaT, label=told.label(unsure))
    return _events(unsure, "uncertain class", told.say_uncertain)


def find_changes(
    change_points: pd.DataFrame, segment_dynamics: pd.DataFrame, told: Told, *, day: pd.Timestamp, periods: float
) -> pd.DataFrame:
    """Return lasting changes of level in the demand or the profit of segments.

    Parameters
    ----------
    change_points : DataFrame
        Rows of table ``change_points``, of the months that count.
    segment_dynamics : DataFrame
        Table of that name, for what a segment earns.
    told : Told
        How it is said.
    day : Timestamp
        Last day known.
    periods : float
        Periods of ``change_points`` in a year.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since, sentence. Where the profit of a segment changed its level,
        that is told and not its demand. The stake is the change of a period times the periods of a year, or, where it
        may be season, times those since the change; a change of demand counts with the net margin that the segment's
        last year left on it.
    """
    rows = change_points.assign(profit=(change_points["measure"] == "net_margin").to_numpy(dtype=bool))
    since = (day + pd.Timedelta(days=1) - rows["period"]).dt.days * periods / 365.25
    doubt = (rows["reason"] != "").to_numpy(dtype=bool)
    times = np.where(doubt, since.round().clip(1.0, periods), periods)
    gain = np.where(rows["profit"], rows["change"], rows["change"] * _margin_rate(rows, segment_dynamics, day)) * times
    rows = rows.assign(gain=gain, stake=np.abs(gain), since=rows["period"], label=told.label(rows))
    order = [*_THING, "profit", "stake", "period"]
    rows = rows.sort_values(order, ascending=[True, True, False, False, False]).drop_duplicates(_THING)
    return _events(rows, "change of level", told.say_change)


def find_ending_overrides(
    class_overrides: pd.DataFrame, classes: pd.Series, worth: pd.Series, told: Told
) -> pd.DataFrame:
    """Return classes set by a person that end soon.

    Parameters
    ----------
    class_overrides : DataFrame
        Rows of table ``class_overrides`` that end in the days that count.
    classes : Series of str
        Class by the data, by entity and id.
    worth : Series of float
        Net margin in the window [currency] by entity and id.
    told : Told
        How it is said.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (the override's first day), sentence.
    """
    ending = class_overrides.merge(worth.rename("net_margin").reset_index(), on=_THING)
    keys = pd.MultiIndex.from_frame(ending[_THING])
    ending["by_data"] = classes.reindex(keys).astype("object").fillna("").to_numpy()
    ending = ending.reindex(columns=[*ending.columns.drop("valid_from", errors="ignore"), "valid_from"])
    ending = ending.assign(stake=ending["net_margin"].abs(), since=ending["valid_from"], label=told.label(ending))
    return _events(ending, "override ends", told.say_override)


def find_ending_policies(policy_overrides: pd.DataFrame, worth: pd.Series, told: Told) -> pd.DataFrame:
    """Return stock policies set by a person that end soon: of several of an item the first to end, and how many follow.

    Parameters
    ----------
    policy_overrides : DataFrame
        Rows of table ``policy_overrides`` that end in the days that count, with what each sets in ``sets``.
    worth : Series of float
        Net margin in the window [currency] by entity and id.
    told : Told
        How it is said.

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (the override's first day), sentence.
    """
    kept = ["item_id", "location_id", "sets", "reason", "valid_from", "valid_to"]
    ending = policy_overrides.reindex(columns=kept).rename(columns={"item_id": "entity_id"}).assign(entity="item")
    ending = ending.sort_values(["entity_id", "valid_to", "location_id"], ignore_index=True)
    ending["further"] = ending.groupby("entity_id")["entity"].transform("size") - 1
    ending = ending.drop_duplicates("entity_id").merge(worth.rename("net_margin").reset_index(), "left", _THING)
    ending = ending.assign(stake=ending["net_margin"].abs(), since=ending["valid_from"], label=told.label(ending))
    return _events(ending, "policy override ends", told.say_policy)


def find_unused_capacity(activity_costs: pd.DataFrame, told: Told, *, share: float) -> pd.DataFrame:
    """Return pools of activities of which much is paid for and not used.

    Parameters
    ----------
    activity_costs : DataFrame
        Rows of table ``activity_costs``, of the spans that count.
    told : Told
        How it is said.
    share : float
        Unused part of the cost from which on a pool is listed [fraction].

    Returns
    -------
    DataFrame
        kind, entity, entity_id, stake [currency], since (the first span counted), sentence.
    """
    once = activity_costs.sort_values(["pool", "period", "activity"], kind="stable")
    unused = once.groupby("pool").agg(stake=("unused_cost", "sum"), since=("period", "min"))
    cost = once.drop_duplicates(["pool", "period"]).groupby("pool")["cost"].sum()
    table = unused.assign(share=unused["stake"] / cost).rename_axis("entity_id").reset_index()
    table = table[(table["share"] >= share).to_numpy(dtype=bool)].assign(entity="activity pool")
    return _events(table.assign(label=told.label(table)), "unused capacity", told.say_unused)


def _events(rows: pd.DataFrame, kind: str | pd.Series, say: Callable[[dict], str]) -> pd.DataFrame:
    sentences = [say(row) for row in rows.to_dict("records")]
    made = rows.assign(kind=kind, sentence=pd.Series(sentences, index=rows.index, dtype="str"))
    return made[_COLUMNS].astype({"kind": "str", "entity": "str", "stake": "float64", "since": "datetime64[us]"})


def _losing_since(history: pd.DataFrame) -> pd.DataFrame:
    """Return since when each thing has been a loss maker without a break, and whether as long as it is known."""
    told = history.sort_values([*_THING, "known_on"])
    keys = [told["entity"], told["entity_id"]]
    losing = told["abc"] == LOSS
    breaks = (~losing).groupby(keys).cumsum()
    last = breaks.groupby(keys).transform("max")
    run = told[(losing & (breaks == last)).to_numpy(dtype=bool)]
    since = run.groupby(_THING)["known_on"].min()
    first = told.groupby(_THING)["known_on"].min().reindex(since.index)
    return pd.DataFrame({"since": since, "always": (first == since) & (first == told["known_on"].min())})


def _last_year(lines: pd.DataFrame, customers: pd.Series) -> pd.DataFrame:
    """Return the day of the last order of each customer, and the net margin of the year up to it."""
    own = lines[
        are_among(lines["customer_id"], customers) & (lines["customer_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
    ]
    bought = ~(own["is_return"] | own["is_reversed"])
    last = own["order_date"].where(bought).groupby(own["customer_id"]).max()
    begin = (last - _YEAR).reindex(own["customer_id"]).to_numpy(dtype="datetime64[us]")
    recent = own[own["order_date"].to_numpy() > begin]
    sums = recent.groupby("customer_id")["net_margin"].sum(skipna=False)
    return pd.DataFrame({"last": last, "stake": sums})


def _year_on_year(lines: pd.DataFrame, items: pd.Series, day: pd.Timestamp) -> tuple[pd.Series, pd.Series, int]:
    """Return what items earned in the last year and in the one before; of half years where two are not known."""
    own = lines[are_among(lines["item_id"], items)]
    months = 12 if full_from(lines, 24) <= day else 6
    sums = []
    for end in (day, day - _YEAR):
        span = own[own["order_date"].between(months_before(end, months), end).to_numpy(dtype=bool)]
        earned = span.groupby("item_id")["net_margin"].sum(skipna=False).reindex(items)
        sums.append(
            pd.Series(earned.where(are_among(earned.index, span["item_id"]), 0.0).to_numpy(), index=items.index)
        )
    return sums[0], sums[1], months


def _margin_rate(changes: pd.DataFrame, segment_dynamics: pd.DataFrame, day: pd.Timestamp) -> np.ndarray:
    """Return for each change the net margin that its segment's last year left per unit of the measure that changed."""
    whole = segment_dynamics["complete"].to_numpy(dtype=bool)
    last = segment_dynamics[whole & (segment_dynamics["period"] > day - _YEAR).to_numpy()]
    names = ["net_margin", "volume", "quantity", "revenue"]
    sums = last.groupby(_THING)[names].sum(min_count=1)
    own = sums.reindex(pd.MultiIndex.from_frame(changes[_THING])).reset_index(drop=True)
    base = own.to_numpy()[np.arange(len(own)), own.columns.get_indexer(changes["measure"])]
    return own["net_margin"].to_numpy() / np.where(base != 0, base, np.nan)
