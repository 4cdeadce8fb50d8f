"""Methods compete per pattern: adequate ones win, the cheapest of those, and the table says by how much."""

import numpy as np
import pytest

from segkit.formulas.croston import croston_levels, syntetos_boylan_levels, teunter_syntetos_babai_levels
from segkit.formulas.naive import naive_levels
from segkit.formulas.pattern_kernels import sales_shares
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.contest import (
    PATTERNS,
    Pooling,
    demand_patterns,
    hold_contest,
    list_methods,
    rank_of_size,
)

COLUMNS = ["pattern", "method", "series", "origins", "wape", "rmsse", "score", "chosen"]


def panel_of(values):
    values = np.asarray(values, dtype=float)
    sold = values > 0
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), values.shape[1])
    return Panel(values, np.ones(values.shape, dtype=bool), start)


def contest_of(values, groups=None, ahead=3):
    panel = panel_of(values)
    patterns = demand_patterns(panel)
    methods = list_methods(groups or {}, Pooling())
    return hold_contest(panel, patterns, methods, ahead=ahead), patterns, methods


def winners(contest):
    return contest.table[contest.table["chosen"]].set_index("pattern")["method"].to_dict()


def test_patterns_are_those_of_syntetos_and_boylan():
    rng = np.random.default_rng(0)
    one = np.ones((1, 200))
    values = np.vstack(
        [
            0 * one,
            5 + rng.integers(0, 2, (1, 200)),
            (rng.random((1, 200)) < 0.3) * 4,
            rng.choice([1, 1, 1, 30], (1, 200)),
            (rng.random((1, 200)) < 0.3) * rng.choice([1, 1, 1, 30], (1, 200)),
        ]
    )
    assert [PATTERNS[code] for code in demand_patterns(panel_of(values))] == list(PATTERNS)


def test_patterns_see_only_what_is_listed_and_observed():
    values = np.zeros((2, 60))
    values[0, 50:] = 4
    values[1, ::2] = 4
    panel = panel_of(values)
    masked = Panel(values, values > 0, panel.start)
    assert [PATTERNS[code] for code in demand_patterns(panel)] == ["smooth", "intermittent"]
    assert [PATTERNS[code] for code in demand_patterns(masked)] == ["smooth", "smooth"]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_patterns_and_winners_do_not_depend_on_the_unit(unit):
    values = np.random.default_rng(1).negative_binomial(1, 0.3, (80, 60))
    usual, patterns, _ = contest_of(values)
    other, scaled, _ = contest_of(values * unit)
    assert (patterns == scaled).all()
    assert (usual.winner == other.winner).all()
    assert other.table["score"].to_numpy() == pytest.approx(usual.table["score"].to_numpy())


def test_naive_wins_on_random_walks():
    rng = np.random.default_rng(2)
    steps = rng.choice([-3, 3], (150, 80))
    contest, _, _ = contest_of(np.maximum(300 + np.cumsum(steps, axis=1), 1), ahead=1)
    assert winners(contest) == {"smooth": "naive"}


def test_what_does_not_move_is_forecast_by_its_mean():
    contest, _, _ = contest_of(np.random.default_rng(3).poisson(20, (200, 80)))
    assert winners(contest) == {"smooth": "mean"}
    mean = contest.table.set_index("method").loc["mean"]
    assert mean["score"] < 0.8
    assert mean["rmsse"] < contest.table.set_index("method").loc["naive", "rmsse"]


def test_intermittent_demand_gets_an_adequate_method():
    rng = np.random.default_rng(4)
    values = (rng.random((400, 100)) < 0.2) * rng.integers(1, 5, (400, 100))
    contest, _, _ = contest_of(values)
    rows = contest.table[contest.table["pattern"] == "intermittent"].set_index("method")
    assert winners(contest)["intermittent"] != "naive"
    chosen = rows[rows["chosen"]].iloc[0]
    assert chosen["score"] <= 1.01 * rows["score"].min()
    assert chosen["score"] < 0.85


def test_levels_that_shift_are_smoothed():
    rng = np.random.default_rng(5)
    level = np.exp(np.cumsum(rng.normal(0, 0.12, (200, 90)), axis=1)) * 40
    contest, _, _ = contest_of(rng.poisson(level))
    assert "smoothing" in winners(contest)["smooth"]


def test_a_group_that_moves_together_is_followed():
    rng = np.random.default_rng(6)
    group = np.repeat(np.arange(40), 8)
    level = np.exp(np.cumsum(rng.normal(0, 0.25, (40, 80)), axis=1))[group] * 1.5
    values = rng.poisson(level)
    contest, patterns, methods = contest_of(values, {"item_id": group}, ahead=1)
    rows = contest.table[contest.table["series"] > 50].set_index(["pattern", "method"])["score"]
    for pattern in rows.index.get_level_values(0).unique():
        assert rows[pattern, "smoothing, moved by item_id"] < rows[pattern, "smoothing"]
    assert methods[contest.winner[np.bincount(patterns).argmax()]].name == "smoothing, moved by item_id"


def test_the_table_has_every_method_of_every_pattern_there_is():
    values = np.random.default_rng(7).negative_binomial(1, 0.3, (60, 60))
    values[:5] = 0
    contest, patterns, methods = contest_of(values)
    table = contest.table
    assert table.columns.tolist() == COLUMNS
    assert len(table) == len(np.unique(patterns)) * len(methods)
    assert (table.groupby("pattern")["chosen"].sum() == 1).all()
    assert table.groupby("pattern")["series"].first().sum() == 60
    naive = table[(table["method"] == "naive") & (table["origins"] > 0)]
    assert naive["score"].to_numpy() == pytest.approx(np.ones(len(naive)))
    assert table.loc[table["pattern"] == "no demand", "wape"].isna().all()


@pytest.mark.parametrize("periods", [1, 2, 3, 4])
def test_where_nothing_can_be_judged_plain_smoothing_is_taken(periods):
    contest, _, _ = contest_of(np.full((5, periods), 3), ahead=1)
    assert set(winners(contest).values()) == {"smoothing"}
    assert contest.table["score"].isna().all()


def test_what_is_known_only_later_does_not_weight_constants():
    values = np.random.default_rng(8).poisson(6, (30, 40)).astype(float)
    panel = panel_of(values)
    later = Panel(np.where(np.arange(40)[None, :] >= 25, 500.0, values), panel.observed, panel.start)
    patterns, rows = np.ones(30, dtype=int), np.arange(30)
    for method in list_methods({"item_id": rows // 3}, Pooling()):
        usual, bent = (method.levels(one, patterns, rows, ahead=2, known=20) for one in (panel, later))
        assert usual[:, :25] == pytest.approx(bent[:, :25], rel=1e-12), method.name


def test_ranks_by_size_are_shared_by_what_is_alike_and_do_not_depend_on_order():
    rng = np.random.default_rng(9)
    values = rng.poisson(0.2, (500, 12)).astype(float)
    rank = rank_of_size(values, np.arange(500))
    order = rng.permutation(500)
    assert (rank_of_size(values[order], np.arange(500)) == rank[order]).all()
    total = values.sum(axis=1)
    assert (np.diff(total[np.argsort(rank, kind="stable")]) >= 0).all()
    for one, other in rng.integers(0, 500, (2_000, 2)):
        assert (rank[one] == rank[other]) == bool((values[one] == values[other]).all()) or (
            total[one] == total[other] and rank[one] == rank[other]
        )


def test_the_first_sale_is_taken_as_often_as_those_after_it_tell():
    """One period of 1,000 is no demand of 1,000 a period, where others sell in one of five."""
    values = np.zeros((41, 60))
    values[:40, ::5] = 4.0
    values[40, 59] = 1000.0
    panel = panel_of(values)
    shares = sales_shares(panel.values, panel.observed, panel.start)
    later = 40 * 11 / (40 * 59)
    assert shares[40] == pytest.approx(later)
    assert shares[:40] == pytest.approx((11 + later) / 60)
    level = list_methods({}, Pooling())[-1].levels(panel, demand_patterns(panel), np.arange(41), ahead=3)[40, -1]
    assert level == pytest.approx(1000 * later, rel=0.3)


def test_without_any_later_period_first_sales_count_whole():
    panel = panel_of(np.array([[0.0, 3.0], [0.0, 0.0]]))
    assert sales_shares(panel.values, panel.observed, panel.start).tolist() == [1.0, 1.0]


def few_regular_among_rare():
    """Return 40 series that sell in one of five periods, three that always do, and one of a single period."""
    values = np.zeros((44, 60))
    values[:40, ::5] = 4.0
    values[40:43] = 6.0
    values[43, 59] = 1000.0
    return panel_of(values)


def test_the_first_sale_is_told_by_all_series_whatever_rows_are_asked_for():
    """A series of one period counts as smooth, beside few that are; the share of those alone would be near 1."""
    panel = few_regular_among_rare()
    patterns = demand_patterns(panel)
    smooth = np.flatnonzero(patterns == patterns[43])
    assert smooth.tolist() == [40, 41, 42, 43]
    for method in list_methods({}, Pooling()):
        own = method.levels(panel, patterns, smooth, ahead=3)
        assert own == pytest.approx(method.levels(panel, patterns, np.arange(44), ahead=3)[smooth]), method.name


@pytest.mark.parametrize("method", list_methods({}, Pooling()), ids=lambda method: method.name)
def test_no_method_forecasts_one_period_for_every_one_to_come(method):
    panel = few_regular_among_rare()
    share = sales_shares(panel.values, panel.observed, panel.start)[43]
    assert 0.2 < share < 0.3
    level = method.levels(panel, demand_patterns(panel), np.arange(44), ahead=3)[43, -1]
    assert 900 * share < level <= 1000 * share * (1 + 1e-12)


@pytest.mark.parametrize("name", ["naive", "croston", "sba", "tsb"])
def test_from_the_second_sale_on_a_method_tells_what_it_always_did(name):
    values = np.zeros((2, 12))
    values[0, [2, 6, 9]] = 5.0, 7.0, 3.0
    values[1, 1:] = 2.0
    panel = panel_of(values)
    share = sales_shares(panel.values, panel.observed, panel.start)
    method = next(one for one in list_methods({}, Pooling()) if one.name == name)
    told = method.levels(panel, demand_patterns(panel), np.arange(2), ahead=3)
    formula = {
        "naive": naive_levels,
        "croston": croston_levels,
        "sba": syntetos_boylan_levels,
        "tsb": teunter_syntetos_babai_levels,
    }[name]
    plain = formula(panel.values, panel.observed, panel.start, origins=np.arange(1, 13))
    assert told[0, 6:] == pytest.approx(plain[0, 6:])
    assert told[0, :6] == pytest.approx(plain[0, :6] * share[0])
    assert share[0] < 0.5
