"""The stock of the sample company, day by day: what is sold from it, what is lost, what is bought for it."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segkit.sample.chance import exponential, stream
from segkit.sample.facts import DAYS, day_of, effects, facts, workday
from segkit.sample.network import Network, draw_network

SAFETY = {1: 0.9, 2: 1.3, 3: 1.4}
DOWNSTREAM_DAYS = {1: 0, 2: 6, 3: 30}


@dataclass
class Stock:
    """What the simulation leaves behind; arrays are of shape (stocked places, days) [units]."""

    network: Network
    lines: pd.DataFrame
    purchases: pd.DataFrame
    on_hand: np.ndarray
    on_order: np.ndarray
    backorders: np.ndarray


@dataclass
class _State:
    shelf: np.ndarray
    on_order: np.ndarray
    owed: np.ndarray
    arrivals: np.ndarray
    waiting: dict[int, deque] = field(default_factory=lambda: defaultdict(deque))
    bought: list[tuple] = field(default_factory=list)


def simulate_stock(items: pd.DataFrame, customers: pd.DataFrame, lines: pd.DataFrame, seed: int) -> Stock:
    """Run the stock of every place through all days.

    Customers who are patient wait for what is sold out; the others take what is there, and the rest of their demand is
    lost: it never becomes an order line.

    Parameters
    ----------
    items, customers : DataFrame
        As ``make_items`` and ``make_customers`` give them.
    lines : DataFrame
        Demand as ``draw_demand`` gives it.
    seed : int
        Seed of the company.

    Returns
    -------
    Stock
        ``lines`` gains place (position in the network), sold [units] and filled_day (-1 = still owed).
    """
    network = draw_network(items, lines, customers)
    lines = lines.assign(place=network.place_of_lines, sold=0, filled_day=-1)
    demand = np.zeros((network.size, DAYS))
    np.add.at(demand, (lines["place"].to_numpy(), lines["day"].to_numpy()), lines["quantity"].to_numpy())
    reorder, up_to = _targets(network, demand, lines)
    state = _State(
        up_to[:, 0].copy(), np.zeros(network.size), np.zeros(network.size), np.zeros((network.size, DAYS + 200))
    )
    held, delays = _held_days(items, network), _supplier_delays(seed)
    sold, filled = np.zeros(len(lines), dtype=np.int64), np.full(len(lines), -1)
    facts_of_lines = _Lines(lines)
    history = np.zeros((3, network.size, DAYS), dtype=np.int64)
    for day in range(DAYS):
        state.shelf += state.arrivals[:, day]
        state.on_order -= state.arrivals[:, day]
        free = np.where(held[:, day], 0.0, state.shelf)
        _serve_waiting(state, free, facts_of_lines, sold, filled, day)
        _serve_today(state, free, demand[:, day], facts_of_lines, sold, filled, day)
        _refill_from_within(state, free, network, reorder[:, day], up_to[:, day], day)
        _buy(state, network, reorder[:, day], up_to[:, day], delays, day)
        history[:, :, day] = np.where(held[:, day], 0, state.shelf), state.on_order, state.owed
    purchases = pd.DataFrame(state.bought, columns=["place", "ordered_day", "expected_day", "received_day", "quantity"])
    return Stock(network, lines.assign(sold=sold, filled_day=filled), purchases, *history)


class _Lines:
    """Demand lines as arrays, and which of them belong to a place and day."""

    def __init__(self, lines: pd.DataFrame):
        patient = {entry["name"]: entry["patient"] for entry in facts()["channel"]}
        self.quantity = lines["quantity"].to_numpy()
        self.patient = lines["channel"].map(patient).to_numpy()
        self.place = lines["place"].to_numpy()
        self.bounds = np.searchsorted(lines["day"].to_numpy(), np.arange(DAYS + 1))

    def of_day(self, day: int) -> np.ndarray:
        return np.arange(self.bounds[day], self.bounds[day + 1])


def _targets(network: Network, demand: np.ndarray, lines: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return reorder points and order-up-to levels: a planner who half knows what is coming."""
    total = network.with_downstream(demand)
    padded = np.concatenate([total, np.repeat(total[:, -180:].mean(axis=1, keepdims=True), 200, axis=1)], axis=1)
    summed = np.concatenate([np.zeros((network.size, 1)), np.cumsum(padded, axis=1)], axis=1)
    days = np.arange(DAYS)
    early, late = np.maximum(days - 91, 0), np.minimum(days + 91, DAYS)
    usual = (summed[:, late] - summed[:, early]) / (late - early)
    horizon = network.lead_days + network.review_days + np.array([DOWNSTREAM_DAYS[e] for e in network.echelon])
    ahead = np.stack([row[days + h + 1] - row[days + 1] for row, h in zip(summed, horizon, strict=True)])
    expected = 0.5 * ahead + 0.5 * usual * horizon[:, None]
    lumps = network.lump_size(lines)
    safety = np.array([SAFETY[e] for e in network.echelon])
    reorder = expected + safety[:, None] * np.sqrt(expected * lumps[:, None])
    batch = np.maximum(usual * network.cover_days[:, None], network.least_order[:, None])
    alive = usual > 0
    reorder = np.maximum(reorder, np.minimum(lumps, 4)[:, None])
    return np.where(alive, np.ceil(reorder), 0), np.where(alive, np.ceil(reorder + batch), 0)


def stock_out_items(items: pd.DataFrame) -> list[tuple[dict, int]]:
    """Return each planted stock-out with the position of its item.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    list of (dict, int)
        The stock-out as planned, and the position of its item.
    """
    planted = []
    for entry in effects()["stock_out"]:
        hit = items[(items["role"] == "stock_out") & (items["code"] == entry["category"])]
        planted.append((entry, int(hit.index[0])))
    return planted


def _held_days(items: pd.DataFrame, network: Network) -> np.ndarray:
    held = np.zeros((network.size, DAYS), dtype=bool)
    for entry, item in stock_out_items(items):
        held[np.ix_(network.item == item, np.arange(day_of(entry["from"]), day_of(entry["to"]) + 1))] = True
    return held


def _supplier_delays(seed: int) -> np.ndarray:
    """Return the days by which an order to each supplier on each day comes late (a little early below zero)."""
    random = stream(seed, "suppliers")
    suppliers, drift = facts()["supplier"], effects()["supplier_drift"]
    share = np.array([[entry["late"]] for entry in suppliers]) * np.ones((1, DAYS))
    share[[entry["id"] for entry in suppliers].index(drift["supplier_id"]), day_of(drift["from"]) :] = drift["late"]
    mean = np.array([[entry["late_days"]] for entry in suppliers])
    late = random.random(share.shape) < share
    days = 1 + np.floor(exponential(random, share.shape) * mean)
    early = -np.floor(random.random(share.shape) * 3)
    return np.where(late, np.minimum(days, 60), early).astype(int)


def _serve_waiting(
    state: _State, free: np.ndarray, lines: _Lines, sold: np.ndarray, filled: np.ndarray, day: int
) -> None:
    for place in [place for place, queue in state.waiting.items() if queue and free[place] > 0]:
        queue = state.waiting[place]
        while queue and lines.quantity[queue[0]] <= free[place]:
            _sell(state, free, place, lines.quantity[queue[0]])
            state.owed[place] -= lines.quantity[queue[0]]
            sold[queue[0]], filled[queue[0]] = lines.quantity[queue[0]], day
            queue.popleft()


def _serve_today(
    state: _State, free: np.ndarray, demand: np.ndarray, lines: _Lines, sold: np.ndarray, filled: np.ndarray, day: int
) -> None:
    enough = (demand <= free) & (state.owed == 0)
    state.shelf -= np.where(enough, demand, 0)
    free -= np.where(enough, demand, 0)
    today = lines.of_day(day)
    easy = enough[lines.place[today]]
    sold[today[easy]] = lines.quantity[today[easy]]
    filled[today[easy]] = day
    for line in today[~easy]:
        place, wanted = lines.place[line], lines.quantity[line]
        if lines.patient[line] and wanted > free[place]:
            state.waiting[place].append(line)
            state.owed[place] += wanted
            sold[line] = wanted
            continue
        sold[line] = min(wanted, int(free[place]))
        filled[line] = day
        _sell(state, free, place, sold[line])


def _sell(state: _State, free: np.ndarray, place: int, quantity: int) -> None:
    state.shelf[place] -= quantity
    free[place] -= quantity


def _refill_from_within(
    state: _State, free: np.ndarray, network: Network, reorder: np.ndarray, up_to: np.ndarray, day: int
) -> None:
    """Ship from the place above what it can give, in fair shares; let the plant start making what is missing."""
    position = state.shelf + state.on_order - state.owed
    position = network.with_downstream(position[:, None])[:, 0]
    wanted = np.where((position <= reorder) & network.reviewed_on(day), up_to - position, 0)
    making = np.where(network.makes, np.maximum(wanted, 0), 0)
    _arrive(state, np.flatnonzero(making > 0), making, day + network.lead_days)
    for echelon in (2, 1):
        asks = np.flatnonzero((network.echelon == echelon) & (network.parent >= 0) & (wanted > 0))
        above = network.parent[asks]
        asked = np.bincount(above, wanted[asks], minlength=network.size)
        ratio = np.minimum(1, np.maximum(free, 0) / np.maximum(asked, 1))[above]
        given = np.floor(wanted[asks] * ratio)
        state.shelf -= np.bincount(above, given, minlength=network.size)
        free -= np.bincount(above, given, minlength=network.size)
        shipped = np.zeros(network.size)
        shipped[asks] = given
        _arrive(state, asks, shipped, day + network.lead_days)


def _arrive(state: _State, places: np.ndarray, quantity: np.ndarray, when: np.ndarray) -> None:
    state.arrivals[places, when[places]] += quantity[places]
    state.on_order[places] += quantity[places]


def _buy(state: _State, network: Network, reorder: np.ndarray, up_to: np.ndarray, delays: np.ndarray, day: int) -> None:
    position = network.with_downstream((state.shelf + state.on_order - state.owed)[:, None])[:, 0]
    places = np.flatnonzero(network.buys & network.reviewed_on(day) & (position <= reorder) & (up_to > 0))
    if not len(places):
        return
    multiple = network.multiple[places]
    quantity = np.maximum(np.ceil((up_to - position)[places] / multiple) * multiple, network.least_order[places])
    expected = workday(day + network.lead_days[places])
    received = np.maximum(expected + delays[network.supplier[places], day], day + 2)
    received = workday(received)
    state.arrivals[places, received] += quantity
    state.on_order[places] += quantity
    state.bought += zip(places, [day] * len(places), expected, received, quantity.astype(int), strict=True)
