"""The rules compared on VN2: z with one target and with ABC targets, segkit, and segkit with its parts switched off."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, pdtrik
from vn2_replay import HOLDING, KEYS, LEAD, SHORTAGE, WINDOW, YEAR, Rule, Shops, up_to

from segkit import next_orders
from segkit.formulas.projected_stock import CHANCES, Costs, Outlook, projected_stock_order
from segkit.formulas.replay_inputs import Stock
from segkit.inventory.order_outlook import look_ahead
from segkit.inventory.pooled.contest import Pooling
from segkit.inventory.pooled.fitting import FittedDemand, fit_demand
from segkit.inventory.pooled.panel import read_panel
from segkit.inventory.pooled.scatter import past_cases, quantiles_ahead, scatter_of

RATIO = SHORTAGE / (SHORTAGE + HOLDING)
AHEAD = LEAD + 1 + 9
CUTS, USUAL = (0.8, 0.95), (0.98, 0.95, 0.90)
MOVES_OFF = replace(Pooling(), moves=False)
FACTORS_OFF = replace(Pooling(), factors=False)
ALONE = Pooling(moves=False, factors=False, power=1.0, lent=0.0)


@dataclass(frozen=True)
class Known:
    """What is known before a week: the demand to come, and the quantile of the sum until the order is replaced."""

    fit: FittedDemand
    outlook: Outlook
    level: np.ndarray


class Forecasts:
    """Demand as forecast before every week, kept: it does not depend on the stock."""

    def __init__(self, shops: Shops):
        self.shops = shops
        self.known = lru_cache(maxsize=None)(self._known)

    def _known(self, week: int, rules: Pooling) -> Known:
        fit = fit_demand(
            read_panel(self.shops.until(week)), self.shops.attributes, None, ahead=AHEAD, seed=0, rules=rules
        )
        outlook = look_ahead(fit, AHEAD, covered=LEAD + 1, seed=0)
        spread = scatter_of(past_cases(fit.levels, 1, LEAD + 1, seed=0), fit.classes)
        mean = fit.levels.ahead(1, LEAD + 1)
        level = quantiles_ahead(fit.levels, spread, mean, fit.classes, np.array([RATIO]))[:, 0]
        return Known(fit, outlook, level)


def with_z(shops: Shops, z: Callable[[int], np.ndarray] | float) -> Rule:
    """Return mean + z * sd * sqrt(L + R): mean of 13 weeks, sd of a year, weeks out of stock left out."""

    def orders(week: int, stock: Stock) -> np.ndarray:
        part = slice(max(week - YEAR, 0), week)
        known, demand = shops.known[:, part], shops.demand[:, part]
        count = np.maximum(known.sum(axis=1), 1)
        square = np.where(known, demand - (demand.sum(axis=1) / count)[:, None], 0.0) ** 2
        sd = np.sqrt(square.sum(axis=1) / np.maximum(count - 1, 1))
        factor = z(week) if callable(z) else z
        return up_to((LEAD + 1) * shops.means(week, WINDOW) + factor * sd * np.sqrt(LEAD + 1), stock)

    return orders


def abc_factors(shops: Shops, shift: float = 0.0) -> Callable[[int], np.ndarray]:
    """Return z by week and series: ABC by units of the year before, the usual targets, their z moved by ``shift``."""

    def factors(week: int) -> np.ndarray:
        sold = shops.means(week, YEAR)
        rank = np.argsort(-sold, kind="stable")
        before = np.empty(len(sold))
        before[rank] = (np.cumsum(sold[rank]) - sold[rank]) / max(sold.sum(), 1e-12)
        return ndtri(USUAL)[np.digitize(before, CUTS)] + shift

    return factors


def public(shops: Shops) -> Rule:
    """Return the orders of `segkit.next_orders` with its defaults."""

    def orders(week: int, stock: Stock) -> np.ndarray:
        pipeline = np.asarray(stock.pipeline)
        under_way = [shops.keys.assign(arrives_in_periods=n + 1, quantity=pipeline[:, n]) for n in range(LEAD)]
        found = next_orders(
            shops.until(week),
            shops.keys.assign(on_hand=stock.on_hand),
            pd.concat(under_way),
            attributes=shops.attributes,
            lead_time_periods=LEAD,
            holding_cost=HOLDING,
            shortage_cost=SHORTAGE,
        )
        assert found[KEYS].equals(shops.keys)
        return found["order_quantity"].to_numpy()

    return orders


def projected(
    forecasts: Forecasts, rules: Pooling | None = None, changed: Callable[[Outlook], Outlook] | None = None
) -> Rule:
    """Return the same from forecasts that were kept, pooled by ``rules``, with a part of the outlook changed."""

    def orders(week: int, stock: Stock) -> np.ndarray:
        known = forecasts.known(week, rules or Pooling())
        outlook = changed(known.outlook) if changed else known.outlook
        lots = known.fit.levels.panel.counted
        series = len(lots)
        arrivals = np.zeros((series, LEAD + 1))
        arrivals[:, :LEAD] = np.asarray(stock.pipeline)[:, :LEAD]
        costs = Costs(np.full(series, HOLDING), np.full(series, SHORTAGE))
        lead = np.full(series, LEAD)
        made = projected_stock_order(stock.on_hand, arrivals, lead, lots, outlook=outlook, costs=costs, seed=0)
        return made.order

    return orders


def assumed_sold(forecasts: Forecasts) -> Rule:
    """Return orders up to the quantile p / (p + h) of demand over L + 1 weeks: all under way is taken as sold."""
    return lambda week, stock: up_to(forecasts.known(week, Pooling()).level, stock)


def myopic(forecasts: Forecasts, draws: int = 2048) -> Rule:
    """Return orders with which the week they arrive in ends without a shortage p / (p + h) of the times."""
    normals = np.random.default_rng(0).standard_normal((LEAD + 2, draws))

    def orders(week: int, stock: Stock) -> np.ndarray:
        outlook = forecasts.known(week, Pooling()).outlook
        left = np.repeat(np.asarray(stock.on_hand, dtype=float)[:, None], draws, axis=1)
        for step in range(LEAD + 1):
            z = np.sqrt(outlook.share)[:, None] * normals[0] + np.sqrt(1 - outlook.share)[:, None] * normals[1 + step]
            place = np.minimum(np.searchsorted(CHANCES, ndtr(z)), len(CHANCES) - 1)
            demand = np.take_along_axis(outlook.curves[:, step], place, axis=1)
            if step == LEAD:
                return np.maximum(np.quantile(demand - left, RATIO, axis=1, method="inverted_cdf"), 0.0)
            left = np.maximum(left + np.asarray(stock.pipeline)[:, step : step + 1] - demand, 0.0)
        raise AssertionError

    return orders


def levels_stay(outlook: Outlook) -> Outlook:
    """Return demand whose forecasts do not follow it on the paths."""
    return replace(outlook, follow=np.zeros_like(outlook.follow))


def nothing_in_common(outlook: Outlook) -> Outlook:
    """Return demand without correlation between weeks."""
    return replace(outlook, share=np.zeros_like(outlook.share))


def poisson(outlook: Outlook) -> Outlook:
    """Return Poisson demand of the same means."""
    means = outlook.means[:, : outlook.curves.shape[1], None]
    curves = np.where(means > 0, np.maximum(np.ceil(pdtrik(CHANCES, np.maximum(means, 1e-9))), 0.0), 0.0)
    return Outlook(outlook.means, np.sqrt(outlook.means), curves, np.zeros_like(outlook.share), outlook.follow)
