"""Agreement of classifications against counting every pair, and what it must keep."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from segkit.formulas.agreement import adjusted_rand_index, cohen_kappa

LABELS = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("ABC")), min_size=2, max_size=15)


def rand_twin(first, second):
    """Count the pairs that each puts together, one by one."""
    pairs = list(combinations(range(len(first)), 2))
    one, two = ([labels[a] == labels[b] for a, b in pairs] for labels in (first, second))
    both = sum(a and b for a, b in zip(one, two, strict=True))
    chance = sum(one) * sum(two) / len(pairs)
    most = (sum(one) + sum(two)) / 2
    return (both - chance) / (most - chance) if most != chance else 1.0


@given(LABELS)
def test_the_rand_index_is_its_slow_twin(pairs):
    first, second = zip(*pairs, strict=True)
    assert adjusted_rand_index(first, second) == pytest.approx(rand_twin(first, second))
    assert adjusted_rand_index(first, [label.lower() for label in second]) == pytest.approx(rand_twin(first, second))


@given(LABELS)
def test_kappa_is_that_of_statsmodels(pairs):
    first, second = zip(*pairs, strict=True)
    table = np.array([[sum(pair == (a, b) for pair in pairs) for b in "ABC"] for a in "ABC"])
    with np.errstate(divide="ignore", invalid="ignore"):
        twin = cohens_kappa(table, return_results=False)
    assert cohen_kappa(first, second) == pytest.approx(twin, nan_ok=True)


def test_the_same_classes_agree_and_chance_does_not():
    random = np.random.default_rng(4)
    first, second = random.integers(0, 3, (2, 20_000))
    for measure in (cohen_kappa, adjusted_rand_index):
        assert measure(first, first) == pytest.approx(1.0)
        assert measure(first, second) == pytest.approx(0.0, abs=0.02)
