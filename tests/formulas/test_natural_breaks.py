"""Natural breaks against trying every split."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.natural_breaks import natural_breaks

FIGURES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=9, unique=True).map(sorted)


def squares(values, counts, breaks):
    """Return the squares around the class means, summed up one class after the other."""
    total = 0.0
    for begin, end in pairwise((0, *breaks, len(values))):
        repeated = np.repeat(values[begin:end], counts[begin:end])
        total += ((repeated - repeated.mean()) ** 2).sum()
    return total


@given(FIGURES, st.integers(1, 5), st.data())
def test_no_other_split_is_better(values, classes, data):
    counts = data.draw(st.lists(st.integers(1, 3), min_size=len(values), max_size=len(values)))
    found = natural_breaks(values, counts, classes)
    splits = combinations(range(1, len(values)), min(classes, len(values)) - 1)
    best = min(squares(values, counts, split) for split in splits)
    scale = (values[-1] - values[0]) ** 2
    assert squares(values, counts, found) == pytest.approx(best, abs=1e-9 * scale + 1e-12)
    assert len(found) == min(classes, len(values)) - 1


def test_nothing_and_one_class_need_no_break():
    assert natural_breaks([], [], 3).size == 0
    assert natural_breaks([5.0, 1.0], [1, 1], 1).size == 0


def test_many_figures_are_split_at_once():
    values = np.sort(np.random.default_rng(3).lognormal(5, 1.5, 30_000))[::-1]
    assert len(natural_breaks(values, np.ones(values.size), 4)) == 3
