"""Base-stock systems in stockpyl's simulation, in an environment of its own and a process of its own.

``python peer_replay.py CASE.npz OUT.npz``: one single-stage network for each series, on one core. An order of stockpyl
is placed in the period, before what arrives in it, so that its lead time is one more than whole periods between.
"""

import os
import sys
import time

import numpy as np
from stockpyl.sim import simulation
from stockpyl.supply_chain_network import single_stage_system


def main() -> None:
    """Replay every series; write stock, backorders and what was served from the shelf, and the seconds."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    case = dict(np.load(sys.argv[1]))
    series, periods = case["demand"].shape
    replay(case["demand"][0, :20], case["base_stock"][0], int(case["lead_time_periods"]))
    sums, seconds = np.empty((series, 3)), 0.0
    for one in range(series):
        begin = time.process_time()
        states, product = replay(case["demand"][one], case["base_stock"][one], int(case["lead_time_periods"]))
        seconds += time.process_time() - begin
        level = np.array([state.inventory_level[product] for state in states[:periods]])
        served = sum(state.demand_met_from_stock[product] for state in states[:periods])
        sums[one] = np.maximum(level, 0).sum(), np.maximum(-level, 0).sum(), served
    np.savez(sys.argv[2], sums=sums, seconds=seconds)


def replay(demand, base_stock, lead_time_periods):
    """Return the states of the one stage in every period, and its product."""
    network = single_stage_system(
        holding_cost=0.2, stockout_cost=1.0, demand_type="D", demand_list=demand.tolist(), policy_type="BS",
        base_stock_level=float(base_stock), shipment_lead_time=lead_time_periods + 1,
        initial_inventory_level=float(base_stock),
    )  # fmt: skip
    simulation(network, len(demand), progress_bar=False, consistency_checks="N")
    stage = network.nodes[0]
    return stage.state_vars, stage.product_indices[0]


if __name__ == "__main__":
    main()
