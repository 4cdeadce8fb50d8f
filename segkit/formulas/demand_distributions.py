"""Demand over an interval as a distribution: one item, or as many as the arrays have, in one object.

What stock policies ask of demand: how likely it is covered (`at_most`), the stock that covers it (`quantile`), what
lacks on average (`loss`, `second_loss`). `whole` says that demand and stock are whole numbers.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, gammaincinv, ndtr, ndtri

from segkit.formulas.loss_functions import (
    discrete_losses,
    gamma_losses,
    negative_binomial_losses,
    normal_losses,
    poisson_losses,
)
from segkit.formulas.stock_search import least_whole, require_not_negative

_ROUNDING = 1e-12  # probabilities added up may miss a target by that much


class Demand(Protocol):
    """What a stock policy asks of a distribution; arrays broadcast against its parameters."""

    whole: ClassVar[bool]

    @property
    def mean(self) -> np.ndarray:
        """Mean demand [units]."""

    @property
    def variance(self) -> np.ndarray:
        """Variance of demand [units²]."""

    def at_most(self, stock: ArrayLike) -> np.ndarray:
        """Return P(D ≤ stock)."""

    def quantile(self, share: ArrayLike) -> np.ndarray:
        """Return the least stock that covers demand with a probability."""

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""


def loss(demand: Demand, stock: ArrayLike) -> np.ndarray:
    """Return E[(D - stock)⁺], the units short on average.

    Parameters
    ----------
    demand : Demand
        Over the interval in which the stock must last [units].
    stock : array_like
        Stock [units].

    Examples
    --------
    >>> round(float(loss(Normal(5000, 707.1068), 6000)), 4)
    25.1273
    """
    return demand.losses(stock)[1]


def left_over(demand: Demand, stock: ArrayLike) -> np.ndarray:
    """Return E[(stock - D)⁺], the units left on average.

    Parameters
    ----------
    demand : Demand
        Over the interval in which the stock must last [units].
    stock : array_like
        Stock [units].

    Examples
    --------
    >>> float(left_over(Poisson(10), 10).round(4))
    1.2511
    """
    return np.asarray(stock, dtype=float) - demand.mean + loss(demand, stock)


class _Arrays:
    """Parameters as arrays of floats; none of ``_FROM_ZERO`` is negative."""

    _FROM_ZERO: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, np.asarray(value, dtype=float))
        require_not_negative(**{name: getattr(self, name) for name in self._FROM_ZERO})


@dataclass(frozen=True)
class Normal(_Arrays):
    """Normal demand: many units, nearly symmetric; mean and sd [units]."""

    _FROM_ZERO = ("sd",)
    mean: np.ndarray
    sd: np.ndarray
    whole: ClassVar[bool] = False

    @property
    def variance(self) -> np.ndarray:
        """Variance [units²]."""
        return self.sd**2

    def at_most(self, stock: ArrayLike) -> np.ndarray:
        """Return P(D ≤ stock)."""
        gap = np.asarray(stock, dtype=float) - self.mean
        known = self.sd <= 0
        return np.where(known, (gap >= 0).astype(float), ndtr(gap / np.where(known, 1.0, self.sd)))

    def quantile(self, share: ArrayLike) -> np.ndarray:
        """Return the stock that covers demand with a probability."""
        share = np.asarray(share, dtype=float)
        beyond = self.sd * ndtri(np.where(self.sd > 0, share, 0.5))
        return np.where(np.isnan(share), np.nan, self.mean + beyond)

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""
        return normal_losses(stock, self.mean, self.sd)


@dataclass(frozen=True)
class Gamma(_Arrays):
    """Gamma demand: never negative, skewed; mean and sd [units]."""

    _FROM_ZERO = ("mean", "sd")
    mean: np.ndarray
    sd: np.ndarray
    whole: ClassVar[bool] = False

    @property
    def variance(self) -> np.ndarray:
        """Variance [units²]."""
        return self.sd**2

    def _shape(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = (self.sd <= 1e-8 * self.mean) | (self.mean <= 1e-100 * np.maximum(self.sd, 1.0))
        mean, sd = np.where(known, 1.0, self.mean), np.where(known, 1.0, self.sd)
        return known, (mean / sd) ** 2, sd**2 / mean

    def at_most(self, stock: ArrayLike) -> np.ndarray:
        """Return P(D ≤ stock)."""
        stock = np.asarray(stock, dtype=float)
        known, shape, scale = self._shape()
        inside = np.where(stock < 0, 0.0, gammainc(shape, np.maximum(stock, 0.0) / scale))
        return np.where(known, (stock >= self.mean).astype(float), inside)

    def quantile(self, share: ArrayLike) -> np.ndarray:
        """Return the stock that covers demand with a probability."""
        (known, shape, scale), share = self._shape(), np.asarray(share, dtype=float)
        return np.where(known & ~np.isnan(share), self.mean, scale * gammaincinv(shape, share))

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""
        return gamma_losses(stock, self.mean, self.sd)


class _Counts(_Arrays):
    """What distributions of whole numbers share."""

    whole: ClassVar[bool] = True

    def at_most(self, stock: ArrayLike) -> np.ndarray:
        """Return P(D ≤ stock)."""
        return 1.0 - self.losses(stock)[0]  # type: ignore[attr-defined]

    def quantile(self, share: ArrayLike) -> np.ndarray:
        """Return the least whole number that covers demand with a probability."""
        share = np.asarray(share, dtype=float)
        rest = 1.0 - share + _ROUNDING * (1.0 - share)
        mean, variance = self.mean, self.variance  # type: ignore[attr-defined]
        ends = (share <= 0) | ((share >= 1) & (mean <= 0))
        start = mean + np.sqrt(variance) * ndtri(np.where(ends, 0.5, share))
        found = least_whole(lambda stock: self.losses(stock)[0] <= rest, np.maximum(start, 0.0))  # type: ignore[attr-defined]
        return np.where((share >= 1) & (mean > 0), np.inf, found)


@dataclass(frozen=True)
class Poisson(_Counts):
    """Poisson demand: customers come one by one, independently; mean [units]."""

    _FROM_ZERO = ("mean",)
    mean: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variance [units²]."""
        return self.mean

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""
        return poisson_losses(stock, self.mean)


@dataclass(frozen=True)
class NegativeBinomial(_Counts):
    """Counts that scatter more than Poisson: mean [units], variance [units²]; no more variance than mean = Poisson."""

    _FROM_ZERO = ("mean", "variance")
    mean: np.ndarray
    variance: np.ndarray

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""
        return negative_binomial_losses(stock, self.mean, self.variance)


@dataclass(frozen=True)
class Discrete(_Arrays):
    """Demand as a table: rising values, shape (..., n) [units], and their probabilities; stock may lie between."""

    values: np.ndarray
    probabilities: np.ndarray
    whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not np.allclose(self.probabilities.sum(-1), 1.0, rtol=0, atol=1e-9):
            raise ValueError("probabilities must add up to 1")
        if np.any(np.diff(self.values, axis=-1) < 0) or np.any(self.probabilities < 0):
            raise ValueError("values must rise and probabilities must not be negative")

    @property
    def mean(self) -> np.ndarray:
        """Mean demand [units]."""
        return (self.values * self.probabilities).sum(-1)

    @property
    def variance(self) -> np.ndarray:
        """Variance [units²]."""
        return (self.probabilities * (self.values - self.mean[..., None]) ** 2).sum(-1)

    def at_most(self, stock: ArrayLike) -> np.ndarray:
        """Return P(D ≤ stock)."""
        return 1.0 - self.losses(stock)[0]

    def quantile(self, share: ArrayLike) -> np.ndarray:
        """Return the least value that covers demand with a probability."""
        values, chance = np.broadcast_arrays(self.values, self.probabilities)
        share = np.asarray(share, dtype=float)
        enough = np.cumsum(chance, axis=-1) >= np.minimum(share, 1.0)[..., None] - _ROUNDING
        first = np.argmax(enough, axis=-1)
        values = np.broadcast_to(values, (*first.shape, values.shape[-1]))
        found = np.take_along_axis(values, first[..., None], axis=-1)[..., 0]
        return np.where(np.isnan(share), np.nan, found)

    def losses(self, stock: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(D > stock), loss and second-order loss."""
        return discrete_losses(stock, self.values, self.probabilities)


def empirical(history: ArrayLike) -> Discrete:
    """Return demand as it was: every past value equally likely.

    Parameters
    ----------
    history : array_like
        Shape (..., n), demand of n past intervals [units].

    Examples
    --------
    >>> float(empirical([3, 0, 1, 8]).quantile(0.75))
    3.0
    """
    values = np.sort(np.asarray(history, dtype=float), axis=-1)
    if not values.shape[-1]:
        raise ValueError("history has no values")
    return Discrete(values, np.full(values.shape[-1], 1.0 / values.shape[-1]))


def from_quantiles(shares: ArrayLike, quantiles: ArrayLike) -> Discrete:
    """Return demand told by quantiles: each stands for the probabilities nearest to its own.

    Parameters
    ----------
    shares : array_like
        Shape (n,), rising probabilities between 0 and 1.
    quantiles : array_like
        Shape (..., n), rising [units]; demand above the last is not seen, so ask for high ones.

    Examples
    --------
    >>> from_quantiles([0.1, 0.5, 0.9], [0.0, 4.0, 10.0]).probabilities.round(2).tolist()
    [0.3, 0.4, 0.3]
    """
    shares = np.asarray(shares, dtype=float)
    cuts = np.concatenate([[0.0], (shares[1:] + shares[:-1]) / 2, [1.0]])
    return Discrete(np.asarray(quantiles, dtype=float), np.diff(cuts))
