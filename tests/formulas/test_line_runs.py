"""Runs of order lines: blocks of the history's own days, weekdays kept; lead times with a given mean and deviation."""

import numpy as np
import pytest

from segkit.formulas.line_inputs import OrderLines
from segkit.formulas.line_runs import draw_lead_times, redraw_lines


def history(seed=1, spans=(200, 90), per_day=1.5):
    rng = np.random.default_rng(seed)
    counts = [rng.poisson(per_day * span) for span in spans]
    item = np.repeat(np.arange(len(spans)), counts)
    time = np.concatenate([np.sort(rng.uniform(0, span, n)) for span, n in zip(spans, counts, strict=True)])
    return OrderLines(item, time, rng.integers(0, 3, len(item)), rng.integers(1, 9, len(item)).astype(float)), spans


def as_rows(lines):
    return list(zip(lines.item, lines.time_days, lines.demand_class, lines.quantity, strict=True))


def between(rows, start):
    """Return the lines of four weeks, their time from the begin of these."""
    return [(round(time - start, 6), rank, quantity) for time, rank, quantity in rows if start <= time < start + 28]


def test_every_block_of_a_run_is_a_block_of_the_history_from_a_whole_week_on():
    lines, spans = history()
    drawn = redraw_lines(lines, spans, runs=3, blocks=5, block_days=28, seed=4)
    assert set(np.unique(drawn.item)) == set(range(6))
    starts = set()
    for run in range(6):
        own = [row[1:] for row in as_rows(lines) if row[0] == run // 3]
        for block in range(5):
            mine = (drawn.item == run) & (drawn.time_days // 28 == block)
            times = drawn.time_days[mine] - 28 * block
            got = list(zip(times.round(6), drawn.demand_class[mine], drawn.quantity[mine], strict=True))
            fits = [start for start in range(0, spans[run // 3] - 27, 7) if between(own, start) == got]
            assert len(fits) == 1
            starts.add((run // 3, fits[0]))
    assert len(starts) > 15, "blocks are drawn all over the history"


def test_what_is_drawn_depends_on_the_days_of_the_item_alone():
    lines, spans = history()
    whole = redraw_lines(lines, spans, runs=2, blocks=4, seed=7)
    one = lines.item == 1
    alone = OrderLines(lines.item[one] - 1, lines.time_days[one], lines.demand_class[one], lines.quantity[one] * 12)
    drawn = redraw_lines(alone, spans[1:], runs=2, blocks=4, seed=7)
    mine = whole.item >= 2
    assert drawn.time_days.tolist() == whole.time_days[mine].tolist()
    assert drawn.quantity.tolist() == (12 * whole.quantity[mine]).tolist()
    other = redraw_lines(alone, spans[1:], runs=2, blocks=4, seed=8)
    assert other.time_days.tolist() != drawn.time_days.tolist()


def test_mean_demand_is_that_of_the_history():
    lines, spans = history(spans=(364,))
    drawn = redraw_lines(lines, spans, runs=400, blocks=13)
    per_run = np.bincount(drawn.item, drawn.quantity)
    starts = np.arange(0, 364 - 27, 7)
    sums = [lines.quantity[(lines.time_days >= start) & (lines.time_days < start + 28)].sum() for start in starts]
    assert abs(per_run.mean() - 13 * np.mean(sums)) < 3 * per_run.std(ddof=1) / np.sqrt(400)


@pytest.mark.parametrize(("spans", "block"), [((20, 90), 28), ((200, 90), 10), ((200, 90), 0)])
def test_too_short_a_history_or_no_whole_weeks_are_errors(spans, block):
    lines, _ = history()
    with pytest.raises(ValueError, match="block"):
        redraw_lines(lines, spans, runs=1, blocks=1, block_days=block)


def test_no_lines_give_no_lines():
    drawn = redraw_lines(OrderLines(*(np.zeros(0, int) for _ in range(4))), [56], runs=2, blocks=3)
    assert len(drawn.item) == len(drawn.time_days) == 0


def test_lead_times_have_their_mean_and_deviation():
    drawn = draw_lead_times([20.0, 60.0, 9.0, 0.0], [5.0, 45.0, 0.0, 3.0], runs=100, orders=200, seed=3)
    assert drawn.shape == (400, 200)
    by_item = drawn.reshape(4, -1)
    assert (by_item >= 0).all()
    error = np.array([5, 45]) / np.sqrt(20_000)
    assert (np.abs(by_item.mean(axis=1)[:2] - [20, 60]) < 3 * error).all()
    assert by_item.std(axis=1)[:2] == pytest.approx([5, 45], rel=0.03)
    assert (by_item[2] == 9).all()
    assert (by_item[3] == 0).all()


def test_a_lead_time_that_is_missing_is_an_error():
    with pytest.raises(ValueError, match="missing"):
        draw_lead_times([np.nan], [1.0], runs=1, orders=1)
