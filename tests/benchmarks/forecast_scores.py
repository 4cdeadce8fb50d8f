"""How the forecasts of the benchmark are judged.

Every measure is taken at each origin over all series, then averaged over the origins. Negative forecasts count as 0,
for everybody. The scale of RMSSE is the mean squared difference of all known periods, zeros before the first sale
included; a series without any sale before the origin has none and is left out of RMSSE alone. With ``cut`` the zeros
before the first sale are no history, and a series without a sale before the origin is left out of every measure.
"""

import numpy as np
import pandas as pd

from segkit.formulas.interval_accuracy import block_error, pinball_loss, pit_below, probability_range
from segkit.formulas.point_accuracy import relative_bias, rmsse, squared_scale, wape, wape_of_sums

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
PIT_LEVELS = (0.8, 0.9, 0.95)
ENOUGH = 1_000  # series-origins of a segment that is judged


def score_points(known: np.ndarray, actual: np.ndarray, mean: np.ndarray) -> dict[str, float]:
    """Return WAPE, WAPE of the sums over the horizon, RMSSE and bias at one origin.

    Parameters
    ----------
    known : ndarray
        Series by periods before the origin. [units]
    actual, mean : ndarray
        Series by steps; NaN where a step is not judged. [units]
    """
    scaled_errors = rmsse(actual, mean, squared_scale(known))
    scaled_errors = scaled_errors[~np.isnan(scaled_errors)]
    return {
        "wape": wape(actual, mean),
        "sum_wape": wape_of_sums(actual, mean),
        "rmsse": float(scaled_errors.mean()) if len(scaled_errors) else float("nan"),
        "bias": relative_bias(actual, mean),
    }


def score_quantiles(actual: np.ndarray, quantiles: np.ndarray) -> dict[str, float]:
    """Return pinball losses in multiples of what came, and how often the randomised PIT falls below its levels.

    Parameters
    ----------
    actual : ndarray
        Series by steps; NaN where a step is not judged. [units]
    quantiles : ndarray
        Series by steps by `LEVELS`. [units]
    """
    judged = ~np.isnan(actual) & ~np.isnan(quantiles).any(axis=-1)
    came, said = actual[judged], np.maximum.accumulate(quantiles[judged], axis=-1)
    losses = pinball_loss(came[:, None], said, np.array(LEVELS)).sum(axis=0) / came.sum()
    below, upto = probability_range(came, said, LEVELS)
    return {f"pinball_{level}": float(loss) for level, loss in zip(LEVELS, losses, strict=True)} | {
        f"pit_{level}": float(np.mean(pit_below(below, upto, level))) for level in PIT_LEVELS
    }


def score_origins(
    values: np.ndarray, steps: np.ndarray, said: dict[int, tuple[np.ndarray, np.ndarray]], *, cut: bool = False
) -> dict[str, float]:
    """Return the means of all measures over the origins.

    Parameters
    ----------
    values : ndarray
        Series by periods. [units]
    steps : ndarray
        How many periods after the origin each series is judged.
    said : dict
        Origin to means (series by steps) and quantiles (series by steps by `LEVELS`, all NaN = none). [units]
    cut : bool
        Leave out the zeros before the first sale.
    """
    scores = []
    for origin, (mean, quantiles) in said.items():
        actual = values[:, origin : origin + mean.shape[1]].copy()
        actual[np.arange(mean.shape[1]) >= steps[:, None]] = np.nan
        known = values[:, :origin]
        if cut:
            known = np.where(np.cumsum(known, axis=1) > 0, known, np.nan)
            actual[np.isnan(known).all(axis=1)] = np.nan
        made = score_points(known, actual, np.maximum(mean, 0))
        if not np.isnan(quantiles).all():
            made |= score_quantiles(actual, np.maximum(quantiles, 0))
        scores.append(made)
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}


def score_segments(
    values: np.ndarray,
    steps: np.ndarray,
    said: dict[int, tuple[np.ndarray, np.ndarray]],
    segments: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Return how often the randomised PIT falls below its levels by segment, with block-bootstrap errors.

    Parameters
    ----------
    values, steps, said
        As `score_origins` takes them.
    segments : dict of str to ndarray
        Ways to part the series: a name per series.

    Returns
    -------
    DataFrame
        by, segment, series_origins; per level ``pit_0.8``, ``origin_error`` (origins drawn whole) and ``series_error``
        (series drawn whole). Segments with `ENOUGH` series-origins only.
    """
    shares = []
    for origin, (mean, quantiles) in said.items():
        actual = values[:, origin : origin + mean.shape[1]]
        below, upto = probability_range(actual.ravel(), quantiles.reshape(-1, len(LEVELS)), LEVELS)
        judged = np.arange(mean.shape[1])[None, :] < steps[:, None]
        told = [pit_below(below, upto, level).reshape(actual.shape) * judged for level in PIT_LEVELS]
        shares.append(np.stack([*(one.sum(axis=1) for one in told), judged.sum(axis=1)]))
    cube, rows = np.stack(shares), []
    for by, names in segments.items():
        for name in np.unique(names):
            part = cube[:, :, names == name]
            if part.shape[0] * part.shape[2] < ENOUGH:
                continue
            row: dict[str, object] = {"by": by, "segment": name, "series_origins": part.shape[0] * part.shape[2]}
            for place, level in enumerate(PIT_LEVELS):
                sums, counts = part[:, place], part[:, -1]
                row |= {
                    f"pit_{level}": sums.sum() / counts.sum(),
                    f"origin_error_{level}": block_error(sums.sum(axis=1), counts.sum(axis=1)),
                    f"series_error_{level}": block_error(sums.sum(axis=0), counts.sum(axis=0)),
                }
            rows.append(row)
    return pd.DataFrame(rows)
