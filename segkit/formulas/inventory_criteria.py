"""Figures that rank items for stock decisions, before any stock is planned: arrays in, arrays out."""

import numpy as np
from numpy.typing import ArrayLike


def economic_order_quantity(demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike) -> np.ndarray:
    """Return the economic lot √(2·D·K / h) [units].

    Parameters
    ----------
    demand : array_like
        D [units/year].
    order_cost : array_like
        K, cost of one order [currency].
    holding_cost : array_like
        h, cost of holding one unit for a year [currency/unit/year].

    References
    ----------
    Harris (1913); Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 3.4.

    Examples
    --------
    >>> float(economic_order_quantity(1300, 8, 0.225).round(4))
    304.0468
    """
    demand, holding = np.asarray(demand, dtype=float), np.asarray(holding_cost, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(2 * demand * np.asarray(order_cost, dtype=float) / holding)


def cost_criterion(
    weight: ArrayLike, demand: ArrayLike, holding_cost: ArrayLike, order_quantity: ArrayLike
) -> np.ndarray:
    """Return weight·D / (h·Q): the items with the highest figure deserve the highest service.

    Parameters
    ----------
    weight : array_like
        b, what a unit not served costs: its margin, or 1 where units count alike [currency/unit].
    demand : array_like
        D [units/year].
    holding_cost : array_like
        h [currency/unit/year].
    order_quantity : array_like
        Q [units].

    Returns
    -------
    ndarray
        Missing where h·Q is zero or unknown [1/year].

    References
    ----------
    Teunter, Babai & Syntetos (2010), "ABC classification: service levels and inventory costs", Production and
    Operations Management 19(3).

    Examples
    --------
    >>> cost_criterion([4.0, 4.0], [100, 400], [0.5, 0.5], [20, 40]).tolist()
    [40.0, 80.0]
    """
    tied_up = np.asarray(holding_cost, dtype=float) * np.asarray(order_quantity, dtype=float)
    lost = np.asarray(weight, dtype=float) * np.asarray(demand, dtype=float)
    return np.divide(lost, tied_up, out=np.full(np.shape(lost), np.nan), where=tied_up > 0)
