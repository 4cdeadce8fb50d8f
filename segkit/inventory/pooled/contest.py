"""Methods compete, by class of demand pattern, on what they would have forecast at earlier periods."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segkit.formulas.pattern_kernels import patterns_of_all, patterns_so_far, sales_shares, scale_first_sales
from segkit.formulas.pooled_smoothing import (
    OWN,
    Constants,
    Panel,
    Pools,
    constant_errors,
    constant_weights,
    mean_ahead,
    pooled_levels,
)
from segkit.inventory.pooled.codes import dense_codes
from segkit.inventory.pooled.panel import rank_of_size

PATTERNS = ("no demand", "smooth", "intermittent", "erratic", "lumpy")
_ADI, _CV2 = 1.32, 0.49  # Syntetos, Boylan & Croston (2005)
_SLOW = (0.01, 0.02, 0.05, 0.1, 0.2)
_PASSED = 0.5
_ENOUGH = 1.01  # a cheaper method may be this much worse
_SAMPLE = 6_000
_KNOWN = 8
NAIVE = "naive"
PLAIN = "smoothing"
NONE = "no demand"


@dataclass(frozen=True)
class Pooling:
    """How series lend each other strength; less of it shows what each part is worth.

    ``moves``: levels follow their group; ``factors``: season and calendar of groups; ``power`` and ``lent`` as
    `constant_weights` takes them.
    """

    moves: bool = True
    factors: bool = True
    power: float = 3.0
    lent: float = 20.0


@dataclass(frozen=True)
class Method:
    """A way to forecast: its name, and what gives levels after every period for series of given classes.

    ``group`` is the code of series that move together; methods are held in the order of their cost.
    """

    name: str
    constants: Constants | None = None
    rules: Pooling = Pooling()
    group: np.ndarray | None = field(default=None, compare=False)

    def levels(
        self, panel: Panel, classes: np.ndarray, rows: np.ndarray, *, ahead: int, known: int | None = None
    ) -> np.ndarray:
        """Return the levels of some series after every period; the first ``known`` ones weight the constants.

        What the first sale of a series counts for is told by the whole panel, whatever rows are asked for.
        """
        shares = sales_shares(panel.values, panel.observed, panel.start)[rows]
        part = panel if len(rows) == len(panel.values) else _some(panel, rows)
        if self.constants is None:
            return _classical(self.name, part, shares)
        part = _without_choice(part, shares)
        own = np.arange(len(rows))
        code = own if self.group is None else dense_codes(self.group[rows])[1]
        pools = Pools(code, 0.0 if self.group is None else _PASSED)
        first = min(_KNOWN, max(panel.values.shape[1] // 3, 2))
        past = Panel(part.values[:, :known], part.observed[:, :known], part.start)
        errors, origins = constant_errors(past, pools, constants=self.constants, ahead=ahead, first=first)
        rules = {"power": self.rules.power, "lent": self.rules.lent}
        weights = constant_weights(errors, origins, classes[rows], **rules)
        return pooled_levels(part, pools, constants=self.constants, weights=weights)


def list_methods(groups: dict[str, np.ndarray], rules: Pooling) -> list[Method]:
    """Return the methods that compete, the cheapest first.

    Parameters
    ----------
    groups : dict of str to array
        Ways in which series may move together: a code per series.
    rules : Pooling
        How series lend each other strength.

    Notes
    -----
    Where plain smoothing and one that follows a group do as well, the latter is taken: it came out ahead on hold-out.
    """
    classical = [Method(NAIVE), Method("mean"), Method("sba"), Method("tsb"), Method("croston")]
    moved = [Method(f"smoothing, moved by {name}", Constants(), rules, code) for name, code in groups.items()]
    own = [Method(PLAIN, Constants(OWN, (1.0,)), rules), Method("slow smoothing", Constants(_SLOW, (1.0,)), rules)]
    return [*classical, *moved, *own]


def _some(panel: Panel, rows: np.ndarray) -> Panel:
    return Panel(panel.values[rows], panel.observed[rows], panel.start[rows])


def _without_choice(panel: Panel, shares: np.ndarray) -> Panel:
    """Return demand with that of the first sale as expected in any period, not one chosen because something was sold.

    A series begins with a sale, so that its mean would be too high, the more the rarer its demand.
    """
    rows = np.flatnonzero(panel.start < panel.values.shape[1])
    values = panel.values.copy()
    values[rows, panel.start[rows]] *= shares[rows]
    return Panel(values, panel.observed, panel.start)


def demand_patterns(panel: Panel) -> np.ndarray:
    """Return the place in `PATTERNS` of every series, from its listed and observed periods."""
    return patterns_of_all(panel.values, panel.observed, panel.start, _ADI, _CV2)


def patterns_after(panel: Panel) -> np.ndarray:
    """Return the place in `PATTERNS` of every series as told by the periods up to each one, (series, periods)."""
    return patterns_so_far(panel.values, panel.observed, panel.start, _ADI, _CV2)


@dataclass(frozen=True)
class Contest:
    """What won: the place of the method of every pattern, and the table of all."""

    winner: np.ndarray
    table: pd.DataFrame


def hold_contest(panel: Panel, patterns: np.ndarray, methods: list[Method], *, ahead: int) -> Contest:
    """Return the cheapest adequate method of every pattern.

    Parameters
    ----------
    panel : Panel
        Demand without season and calendar.
    patterns : array of int
        From `demand_patterns`.
    methods : list of Method
        The cheapest first.
    ahead : int
        Periods over whose mean forecasts are judged.

    Returns
    -------
    Contest
        ``table`` has a row per pattern and method: series, origins, wape (of the mean over ``ahead`` periods), rmsse
        (root mean squared scaled error), score (mean of both relative to naive) and whether it was chosen.

    Notes
    -----
    Constants are weighted by the first half of the history and methods judged on the second, so that those with more
    to choose from have no advantage. At most some thousand series take part, chosen by their size; those that move
    together, all or none.
    """
    rows = _drawn(panel, methods)
    part = _some(panel, rows)
    known = max(panel.values.shape[1] // 2, 2)
    target, judged = mean_ahead(part, ahead=ahead, first=known)
    scale = _scales(part)
    judged &= (scale > 0)[:, None]
    mine = patterns[rows]
    records = []
    for place, method in enumerate(methods):
        error = np.where(judged, method.levels(panel, patterns, rows, ahead=ahead, known=known) - target, 0.0)
        size = len(PATTERNS)
        squared = np.bincount(mine, (error**2).sum(axis=1) / np.where(scale > 0, scale, 1.0), size)
        records.append((place, np.bincount(mine, np.abs(error).sum(axis=1), size), squared))
    origins = np.bincount(mine, judged.sum(axis=1), len(PATTERNS))
    actual = np.bincount(mine, np.where(judged, target, 0.0).sum(axis=1), len(PATTERNS))
    absolute, squares = (np.stack([record[place] for record in records], axis=1) for place in (1, 2))
    score = (_relative(absolute) + np.sqrt(_relative(squares))) / 2
    winner = _cheapest(score, origins, methods)
    return Contest(
        winner,
        _table(
            methods, absolute, squares, (origins, actual, np.bincount(mine, minlength=len(PATTERNS))), score, winner
        ),
    )


def _relative(values: np.ndarray) -> np.ndarray:
    return np.divide(values, values[:, :1], out=np.ones_like(values), where=values[:, :1] > 0)


def _cheapest(score: np.ndarray, origins: np.ndarray, methods: list[Method]) -> np.ndarray:
    """Return the first method that is good enough; without anything to judge by, plain smoothing."""
    good = score <= score.min(axis=1, keepdims=True) * _ENOUGH
    plain = next(place for place, method in enumerate(methods) if method.name == PLAIN)
    return np.where(origins > 0, good.argmax(axis=1), plain)


def _table(
    methods: list[Method],
    absolute: np.ndarray,
    squares: np.ndarray,
    counts: tuple[np.ndarray, np.ndarray, np.ndarray],
    score: np.ndarray,
    winner: np.ndarray,
) -> pd.DataFrame:
    origins, actual, series = counts
    shown = np.flatnonzero(series > 0)
    pattern, place = np.repeat(shown, len(methods)), np.tile(np.arange(len(methods)), len(shown))
    with np.errstate(divide="ignore", invalid="ignore"):
        wape, rmsse = absolute[shown] / actual[shown, None], np.sqrt(squares[shown] / origins[shown, None])
    return pd.DataFrame(
        {
            "pattern": pd.Series([PATTERNS[one] for one in pattern], dtype="str"),
            "method": pd.Series([methods[one].name for one in place], dtype="str"),
            "series": series[pattern],
            "origins": origins[pattern].astype("int64"),
            "wape": wape.ravel(),
            "rmsse": rmsse.ravel(),
            "score": np.where(origins[pattern] > 0, score[shown].ravel(), np.nan),
            "chosen": place == winner[pattern],
        }
    )


def _scales(panel: Panel) -> np.ndarray:
    """Return the mean squared step from one period to the next, as RMSSE scales by."""
    place = np.arange(1, panel.values.shape[1])[None, :]
    both = panel.observed[:, 1:] & panel.observed[:, :-1] & (place > panel.start[:, None])
    steps = np.where(both, np.diff(panel.values, axis=1), 0.0)
    return (steps**2).sum(axis=1) / np.maximum(both.sum(axis=1), 1)


def _drawn(panel: Panel, methods: list[Method]) -> np.ndarray:
    """Return the series that take part, in their order: every so many by size of the groups that move together."""
    if len(panel.values) <= _SAMPLE:
        return np.arange(len(panel.values))
    moved = [method.group for method in methods if method.group is not None]
    code = moved[0] if moved else np.arange(len(panel.values))
    chosen = rank_of_size(panel.values, code) % -(-len(panel.values) // _SAMPLE) == 0
    return np.flatnonzero(chosen[code])


def _classical(name: str, panel: Panel, shares: np.ndarray) -> np.ndarray:
    """Return the levels of a classical method after every period; up to the second sale, as it is expected to repeat.

    Until then these methods know no interval between sales, and tell the first one for every period to come.
    """
    from segkit.formulas import croston, naive

    told: dict[str, Callable[..., np.ndarray]] = {
        NAIVE: naive.naive_levels,
        "mean": naive.mean_levels,
        "croston": croston.croston_levels,
        "sba": croston.syntetos_boylan_levels,
        "tsb": croston.teunter_syntetos_babai_levels,
    }
    part = _without_choice(panel, shares) if name == "mean" else panel
    levels = told[name](part.values, part.observed, part.start, origins=np.arange(1, panel.values.shape[1] + 1))
    if name != "mean":
        scale_first_sales(panel.values, panel.observed, panel.start, shares, levels)
    return levels
