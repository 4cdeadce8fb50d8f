"""Fair shares, contracts first, quotas that limit and reserve, and hierarchies that lose nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.fair_share import max_min_share, proportional_share, serve_commitments
from segkit.formulas.hierarchy_split import (
    hand_down_by_rank,
    hand_down_by_share,
    hand_down_per_committed,
    nodes_in_circles,
    roll_up,
    top_down,
)
from segkit.formulas.quotas import open_to_classes

DEMANDS = st.lists(st.integers(0, 60), min_size=2, max_size=6)


@given(st.integers(0, 200), DEMANDS)
def test_nobody_could_get_more_without_one_who_has_less_losing(supply, demands):
    shares, asked = max_min_share(supply, demands, unit=0), np.array(demands)
    assert shares.sum() == pytest.approx(min(supply, sum(demands)))
    short = shares < asked - 1e-6
    if short.any():
        assert (shares <= shares[short].min() + 1e-6).all()
    whole = max_min_share(supply, demands)
    assert whole == pytest.approx(shares, abs=1)
    assert whole.tolist() == np.round(whole).tolist()


@given(st.integers(0, 200), DEMANDS)
def test_proportional_shares_fill_all_alike(supply, demands):
    asked = np.array(demands, dtype=float)
    shares = proportional_share(supply, asked, unit=0)
    fill = shares[asked > 0] / asked[asked > 0]
    assert fill == pytest.approx(np.full(len(fill), min(1, supply / max(asked.sum(), 1e-9))))
    assert proportional_share(supply, asked).sum() == min(supply, sum(demands))


@given(st.integers(0, 200), DEMANDS)
def test_contracts_come_first_and_are_cut_alike(supply, owed):
    served, left = serve_commitments(supply, owed)
    assert served.sum() + left == pytest.approx(supply)
    assert (served <= owed).all()
    assert left == 0 or served.tolist() == owed


@given(st.data(), st.integers(0, 100), DEMANDS)
def test_a_book_of_orders_keeps_limits_and_reservations(data, supply, quotas):
    """Orders in any order: nobody passes his limit, and what is reserved is there when its class comes."""
    quotas = np.array(quotas, dtype=float)
    flags = st.lists(st.booleans(), min_size=len(quotas), max_size=len(quotas))
    caps, reserves = np.array(data.draw(flags)), np.array(data.draw(flags))
    reserves &= np.cumsum(quotas * reserves) <= supply
    left, taken = float(supply), np.zeros(len(quotas))
    for cls, wish in data.draw(st.lists(st.tuples(st.integers(0, len(quotas) - 1), st.integers(1, 40)), max_size=12)):
        got = min(wish, open_to_classes(left, quotas, taken, caps=caps, reserves=reserves)[cls])
        left, taken[cls] = left - got, taken[cls] + got
    assert left >= 0
    assert (taken[caps] <= quotas[caps]).all()
    owed = np.where(reserves, np.maximum(quotas - taken, 0), 0)
    assert owed.sum() <= left
    assert (open_to_classes(left, quotas, taken, caps=caps, reserves=reserves) >= owed).all()


@st.composite
def trees(draw):
    nodes = draw(st.integers(1, 8))
    parent = [-1] + [draw(st.integers(0, node - 1)) for node in range(1, nodes)]
    mix = draw(st.permutations(range(nodes)))
    mixed = np.full(nodes, -1)
    for node, above in enumerate(parent):
        mixed[mix[node]] = -1 if above < 0 else mix[above]
    return mixed


@given(trees(), st.data(), st.integers(0, 100))
def test_every_node_hands_down_no_more_than_it_has(parent, data, supply):
    demands = np.array(data.draw(st.lists(st.integers(0, 30), min_size=len(parent), max_size=len(parent))), dtype=float)
    shares = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(parent), max_size=len(parent))))
    sums = np.bincount(parent + 1, shares, len(parent) + 1)[parent + 1]
    shares = np.divide(shares, np.maximum(sums, 1.0))
    inner = np.isin(np.arange(len(parent)), parent)
    total = roll_up(parent, demands[None])[0]
    top = int(np.flatnonzero(parent < 0)[0])
    for got, asked in (
        (hand_down_by_rank([supply], parent, demands[None], np.arange(len(parent))), supply),
        (hand_down_per_committed([supply], parent, demands[None]), supply),
        (hand_down_by_share([supply], parent, shares), supply * shares[top]),
    ):
        below = np.bincount(parent + 1, got[0], len(parent) + 1)
        assert below[0] <= supply
        assert abs(below[0] - asked) < 1  # whole units; all of it where there are no shares
        assert (below[1:][inner] <= got[0][inner] + 1e-9).all()
        assert got[0].tolist() == np.round(got[0]).tolist()
    for got in (
        hand_down_by_rank([supply], parent, demands[None], np.arange(len(parent))),
        hand_down_per_committed([supply], parent, demands[None]),
    ):
        below = np.bincount(parent + 1, got[0], len(parent) + 1)[1:]
        assert below[inner].tolist() == np.minimum(got[0], total)[inner].tolist()


def test_circles_are_found():
    assert nodes_in_circles([1, 0, -1, 2]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="circle"):
        top_down([1, 2, 0])
    with pytest.raises(ValueError, match="no node"):
        top_down([5])
