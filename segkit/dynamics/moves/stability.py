"""Value classes that change only when the move is sure: what is left of month-to-month classes without coin flips."""

import numpy as np
import pandas as pd

from segkit.core.settings import Settings
from segkit.dynamics.classes.value_classes import LOSS
from segkit.formulas.hysteresis import UNKNOWN, class_edges, limit_distances, steady_classes


def add_stable_classes(history: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return classes by month with ``stable_abc``.

    Parameters
    ----------
    history : DataFrame
        entity_id, known_on, measure_value, abc, group (within which classes are made) and noise, the standard
        deviation of measure_value by chance, of one entity. A member without a row in a month starts anew after it.
    settings : Settings
        ``stability``, and labels and window of ``segments``.

    Returns
    -------
    DataFrame
        Same rows. The class of a member changes only when the new one has held for ``dwell_months`` months in a row
        and the value lies beyond the limit by more than ``clear_noise`` times its noise; at the latest when the new
        one has held for a whole window, so that nothing of the old one is left.
    """
    if history.empty:
        return history.assign(stable_abc=pd.Series(dtype="str"))
    rules, segments = settings.stability, settings.segments
    labels = [*segments.abc_labels, LOSS]
    classes = pd.Index(labels).get_indexer(history["abc"])
    month, months = pd.factorize(history["known_on"], sort=True)
    member, members = pd.factorize(history["entity_id"], sort=True)
    distances = _distances(history, classes, month, limits=len(labels) - 1)
    table = np.full((len(members), len(months)), UNKNOWN)
    table[member, month] = classes
    apart = np.full((*table.shape, len(labels) - 1), np.nan)
    apart[member, month] = distances
    stable = steady_classes(
        table,
        apart,
        dwell=rules.dwell_months,
        clear=rules.clear_noise,
        longest=max(segments.window_months, rules.dwell_months),
    )[member, month]
    named = np.array([*labels, ""], dtype=object)[stable]
    return history.assign(stable_abc=pd.Series(named, index=history.index, dtype="str"))


def _distances(history: pd.DataFrame, classes: np.ndarray, month: np.ndarray, *, limits: int) -> np.ndarray:
    """Return how far each row lies above each limit of its month and group, in multiples of its noise."""
    group, groups = pd.factorize(history["group"])
    value, noise = history["measure_value"].to_numpy(), history["noise"].to_numpy()
    place = month * len(groups) + group
    return limit_distances(value, noise, class_edges(classes, value, place, limits=limits)[:, place])
