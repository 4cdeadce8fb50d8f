"""What every model of one item gives back, and how it says how far ahead to look."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segkit.inventory.one_item.series import Span

EFFECT_COLUMNS = ["regressor", "effect", "standard_error", "lower_95", "upper_95", "p_value", "periods", "reading"]


@dataclass(frozen=True)
class Outlook:
    """How many periods ahead, which quantiles, and the seed of simulated ones."""

    horizon: int
    quantiles: tuple[float, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Candidate:
    """A form that was tried: its parameters and corrected Akaike criterion, and why it could not be had."""

    form: str
    parameters: int
    aicc: float
    reason: str = ""


@dataclass(frozen=True)
class Fitted:
    """A fitted model in the units of demand: one figure per period of the span, one per period ahead."""

    model: str
    form: str
    parameters: int
    aicc: float
    one_step: np.ndarray
    residual: np.ndarray
    mean: np.ndarray
    quantiles: np.ndarray
    parts: dict[str, np.ndarray] = field(default_factory=dict)
    lags_used: int = 0
    candidates: tuple[Candidate, ...] = ()
    effects: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=EFFECT_COLUMNS))


def corrected_aic(log_likelihood: float, parameters: int, observations: int) -> float:
    """Return AICc = -2 log L + 2 k n / (n - k - 1); infinite without room for it.

    References
    ----------
    Hurvich, C. M. & Tsai, C.-L. (1989). Regression and time series model selection in small samples. Biometrika 76.

    Examples
    --------
    >>> round(corrected_aic(-100.0, 3, 40), 4)
    206.6667
    """
    room = observations - parameters - 1
    return -2 * log_likelihood + 2 * parameters * observations / room if room > 0 else np.inf


def in_units(criterion: float, span: Span, differences: int = 0) -> float:
    """Return the AICc of a model of scaled demand as it is in the units of demand."""
    return criterion + 2 * (int(span.known.sum()) - differences) * float(np.log(span.scale))


def normal_quantiles(mean: np.ndarray, spread: np.ndarray, quantiles: tuple[float, ...]) -> np.ndarray:
    """Return quantiles of normal forecasts: a row per period, a column per quantile."""
    from scipy.special import ndtri

    return mean[:, None] + spread[:, None] * ndtri(np.array(quantiles))


def best_candidate(candidates: list[Candidate]) -> int:
    """Return the place of the smallest finite AICc, of the fewest parameters where two agree; -1 without any."""
    usable = [n for n, each in enumerate(candidates) if np.isfinite(each.aicc) and not each.reason]
    return min(usable, key=lambda n: (round(candidates[n].aicc, 9), candidates[n].parameters), default=-1)
