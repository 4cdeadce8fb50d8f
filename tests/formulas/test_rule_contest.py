"""The contest's replay beside a plain twin, perfect hindsight beside a matching of single units, and what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog
from scipy.stats import gamma

from segkit.formulas.rule_contest import (
    Claims,
    ContestBook,
    order_claims,
    serve_above_levels,
    serve_by_bid_price,
    serve_by_margin_quotas,
    serve_by_quotas,
    serve_first_come,
    serve_nested,
    serve_new_first,
)
from segkit.formulas.rule_contest_bound import serve_in_hindsight
from segkit.formulas.stored_protection import stored_protection

CLASSES = 3


def drawn(seed, *, places=3, cycles=4, lines=9, lateness=14.0, cost=True, units=6):
    """Return a random book of whole units."""
    rng = np.random.default_rng(seed)
    count = rng.integers(0, lines + 1, places)
    arrival = np.concatenate([np.sort(rng.uniform(0, 7 * cycles, n)) for n in count])
    size = arrival.size
    asked = np.floor(arrival) + rng.choice([0, 0, 3, 9], size)
    return ContestBook(
        begin=np.concatenate([[0], np.cumsum(count)]),
        arrival=arrival,
        requested=asked,
        quantity=rng.integers(1, units, size).astype(float),
        rank=rng.integers(0, CLASSES, size),
        margin=rng.integers(-1, 6, size).astype(float),
        lost_cost=rng.integers(0, 4, size) * float(cost),
        late_cost=rng.integers(0, 3, size) * 0.125 * float(cost),
        supply=rng.integers(0, 9, (places, cycles)).astype(float),
        bucket_day=7.0 * np.arange(cycles + 1),
        max_lateness_days=lateness,
    )


def controls(book, seed):
    rng = np.random.default_rng(seed)
    shape = (*book.supply.shape, CLASSES)
    return rng.uniform(0, 5, shape), rng.uniform(0, 6, shape)


def every_rule(book, seed):
    expected, worth = controls(book, seed)
    kept = np.cumsum(expected, axis=2) - expected
    return {
        "first come": serve_first_come(book),
        "new first": serve_new_first(book, expected),
        "quotas": serve_by_quotas(book, expected),
        "nested": serve_nested(book, kept),
        "levels": serve_above_levels(book, kept),
        "bid prices": serve_by_bid_price(book, expected, worth),
    }


books = st.builds(
    drawn, st.integers(0, 10**6), lateness=st.sampled_from([0.0, 5.0, 7.0, 14.0, 60.0]), cost=st.booleans()
)


# ------------------------------------------------------------------ a plain twin of the replay
class PlainPlace:
    """One place replayed unit by unit: slow and obvious."""

    def __init__(self, book, rule, place, control, worth):
        self.book, self.rule, self.control, self.worth = book, rule, control[place], worth[place]
        self.stock, self.quota, self.taken = 0, {}, {}
        self.mine = list(range(book.begin[place], book.begin[place + 1]))
        self.supply = book.supply[place]
        self.rest = {line: book.quantity[line] for line in self.mine}
        self.on_time, self.late = dict.fromkeys(self.mine, 0), dict.fromkeys(self.mine, 0)

    def may_take(self, line, now, left):
        rank, kept = self.book.rank[line], 0.0
        if self.rule == "quotas":
            return self.quota[rank] + self.quota["pool"] >= 1
        if self.rule == "nested":
            used = [sum(self.taken[better] for better in range(one)) for one in range(rank + 1)]
            kept = max(max(self.control[now, one] - used[one], 0.0) for one in range(rank + 1))
        elif self.rule == "levels":
            kept = self.control[now, rank]
        elif self.rule == "bid prices":
            others = [one for one in range(CLASSES) if one != rank]
            more = [one for one in others if self.worth[now, one] > self.book.worth[line]]
            kept = np.inf if self.book.worth[line] < 0 else sum(self.control[now, one] * left for one in more)
        return self.stock - kept >= 1 - 1e-9

    def priority(self, line):
        return {"first come": 0, "bid prices": -self.book.worth[line]}.get(self.rule, self.book.rank[line])

    def split(self, now, waiting):
        over = self.stock
        for rank in range(CLASSES):
            need = self.control[now, rank] + sum(self.rest[one] for one in waiting if self.book.rank[one] == rank)
            self.quota[rank] = min(need, over)
            over -= self.quota[rank]
        self.quota["pool"] = over

    def serve(self, line, now, left, is_new):
        rank = self.book.rank[line]
        while self.rest[line] > 0 and self.may_take(line, now, left):
            self.rest[line] -= 1
            self.stock -= 1
            if self.rule == "quotas":
                whose = rank if self.quota[rank] >= 1 else "pool"
                self.quota[whose] -= 1
            self.taken[rank] += is_new
            is_late = not is_new and self.book.bucket_day[now] > self.book.requested[line]
            (self.late if is_late else self.on_time)[line] += 1

    def replay(self):
        days, asked = self.book.bucket_day, self.book.requested
        for now in range(self.supply.size):
            self.stock += self.supply[now]
            waiting = [one for one in self.mine if self.book.arrival[one] < days[now] and self.rest[one] > 0]
            waiting = [one for one in waiting if days[now] - asked[one] <= self.book.max_lateness_days]
            self.split(now, waiting)
            self.taken = dict.fromkeys(range(CLASSES), 0)
            for line in sorted(waiting, key=self.priority):
                self.serve(line, now, 1.0, is_new=False)
            for line in self.mine:
                if days[now] <= self.book.arrival[line] < days[now + 1]:
                    left = (days[now + 1] - self.book.arrival[line]) / (days[now + 1] - days[now])
                    self.serve(line, now, left, is_new=True)
        return list(self.on_time.values()), list(self.late.values())


def replay_plainly(book, rule, control, worth):
    places = range(len(book.begin) - 1)
    told = [PlainPlace(book, rule, place, control, worth).replay() for place in places]
    return [np.concatenate([one[part] for one in told]) for part in (0, 1)]


@pytest.mark.parametrize("rule", ["first come", "quotas", "nested", "levels", "bid prices"])
@pytest.mark.parametrize("lateness", [0.0, 7.0, 14.0])
def test_the_compiled_replay_is_the_plain_one(rule, lateness):
    for seed in range(25):
        book = drawn(seed, lateness=lateness)
        control, worth = controls(book, seed)
        if rule == "quotas":
            control = np.round(control)
        served = {
            "first come": lambda book=book: serve_first_come(book),
            "quotas": lambda book=book, control=control: serve_by_quotas(book, control),
            "nested": lambda book=book, control=control: serve_nested(book, control),
            "levels": lambda book=book, control=control: serve_above_levels(book, control),
            "bid prices": lambda book=book, control=control, worth=worth: serve_by_bid_price(book, control, worth),
        }[rule]()
        on_time, late = replay_plainly(book, rule, control, worth)
        np.testing.assert_array_equal(served.on_time, on_time)
        np.testing.assert_array_equal(served.late, late)


# ------------------------------------------------------------------ perfect hindsight
def matched(book):
    """Return the most that single units of demand earn when matched to single units of supply."""
    total = -float(book.lost_cost @ book.quantity)
    for place in range(len(book.begin) - 1):
        lines = np.repeat(
            np.arange(book.begin[place], book.begin[place + 1]),
            book.quantity[book.begin[place] : book.begin[place + 1]].astype(int),
        )
        cycles = np.repeat(np.arange(book.supply.shape[1]), book.supply[place].astype(int))
        if not lines.size or not cycles.size:
            continue
        late = np.maximum(book.bucket_day[cycles][None, :] - book.requested[lines][:, None], 0.0)
        late = np.where(book.bucket_day[cycles][None, :] <= book.arrival[lines][:, None], 0.0, late)
        gain = book.worth[lines][:, None] - late * book.late_cost[lines][:, None]
        gain = np.maximum(np.where(late <= book.max_lateness_days, gain, 0.0), 0.0)
        total += gain[linear_sum_assignment(gain, maximize=True)].sum()
    return total


@pytest.mark.parametrize("lateness", [0.0, 7.0, 14.0])
def test_hindsight_earns_what_a_matching_of_single_units_earns(lateness):
    for seed in range(25):
        book = drawn(100 + seed, lateness=lateness)
        assert serve_in_hindsight(book).contribution(book).sum() == pytest.approx(matched(book), abs=1e-6)


def test_hindsight_is_the_same_solved_in_one_piece_or_in_many(monkeypatch):
    book = drawn(5, places=12, lines=12)
    whole = serve_in_hindsight(book)
    monkeypatch.setattr("segkit.formulas.rule_contest_bound._CHUNK", 5)
    assert serve_in_hindsight(book).contribution(book).sum() == pytest.approx(whole.contribution(book).sum())


@given(books, st.integers(0, 10**6))
def test_hindsight_earns_at_least_what_any_rule_earns(book, seed):
    best = serve_in_hindsight(book).contribution(book).sum()
    for name, served in every_rule(book, seed).items():
        assert served.contribution(book).sum() <= best + 1e-6, name


@given(st.integers(0, 10**6), st.integers(0, CLASSES - 1))
def test_hindsight_serves_a_class_no_less_when_it_is_worth_more(seed, rank):
    book = drawn(seed, lateness=0.0)
    raised = book.lost_cost + np.where(book.rank == rank, 1.3, 0.0)
    more = ContestBook(**{**vars(book), "lost_cost": raised})
    units = [serve_in_hindsight(one).on_time[book.rank == rank].sum() for one in (book, more)]
    assert units[1] >= units[0] - 1e-6


# ------------------------------------------------------------------ what holds for every rule
@given(books, st.integers(0, 10**6))
def test_no_rule_serves_more_than_was_asked_or_has_arrived(book, seed):
    priced = ContestBook(**{**vars(book), "margin": np.ones(book.quantity.size)})
    for name, served in [*every_rule(priced, seed).items(), ("hindsight", serve_in_hindsight(priced))]:
        assert (served.on_time >= 0).all(), name
        assert (served.late >= 0).all(), name
        assert (served.on_time + served.late <= book.quantity + 1e-9).all(), name
        reached = np.cumsum(served.margin_delivered.sum(axis=1))
        assert (reached <= np.cumsum(book.supply.sum(axis=0)) + 1e-6).all(), name
        assert reached[-1] == pytest.approx((served.on_time + served.late).sum()), name
        by_place = np.bincount(book.place, served.on_time + served.late, len(book.begin) - 1)
        assert (by_place <= book.supply.sum(axis=1) + 1e-6).all(), name
        assert (served.late_unit_days <= served.late * book.max_lateness_days + 1e-6).all(), name
        if name not in ("hindsight",):
            assert (served.on_time % 1 == 0).all(), name


@given(books, st.integers(0, 10**6))
def test_what_is_delivered_by_cycle_adds_up_to_the_contribution(book, seed):
    for name, served in [*every_rule(book, seed).items(), ("hindsight", serve_in_hindsight(book))]:
        total = served.worth_delivered.sum() - book.lost_cost @ book.quantity
        assert total == pytest.approx(served.contribution(book).sum(), abs=1e-6), name
        assert served.margin_delivered.sum() == pytest.approx(served.margin(book).sum(), abs=1e-6), name


@given(st.integers(0, 10**6), st.lists(st.integers(0, 8), min_size=CLASSES, max_size=CLASSES))
def test_nested_earns_no_less_than_the_same_quotas_kept_apart(seed, quotas):
    """One receipt, nobody waits, better classes worth more: holds for every sequence of divisible lines."""
    base = drawn(seed, cycles=1, lateness=0.0)
    supply = np.full((len(base.begin) - 1, 1), float(sum(quotas)))
    book = ContestBook(**{**vars(base), "supply": supply, "margin": 5.0 - base.rank, "lost_cost": 0.0 * base.margin})
    split = np.broadcast_to(np.array(quotas, dtype=float), (*supply.shape, CLASSES))
    apart = serve_by_quotas(book, split)
    nested = serve_nested(book, np.cumsum(split, axis=2) - split)
    for rank in range(CLASSES):
        better = book.rank <= rank
        assert nested.on_time[better].sum() >= apart.on_time[better].sum()
    assert nested.contribution(book).sum() >= apart.contribution(book).sum()


@given(st.integers(0, 10**6), st.integers(1, CLASSES - 1))
def test_a_class_that_moves_up_is_served_no_less(seed, rank):
    """One receipt and nobody waits; what is kept is what is expected of better classes, in whole units."""
    book = drawn(seed, cycles=1, lateness=0.0)
    expected = np.round(controls(book, seed)[0])
    swapped = book.rank.copy()
    swapped[book.rank == rank], swapped[book.rank == rank - 1] = rank - 1, rank
    moved = ContestBook(**{**vars(book), "rank": swapped})
    order = np.arange(CLASSES)
    order[[rank - 1, rank]] = rank, rank - 1
    for serve in (serve_nested, serve_above_levels):
        units = []
        for one, given_ in ((book, expected), (moved, expected[:, :, order])):
            units.append(serve(one, np.cumsum(given_, axis=2) - given_).on_time[book.rank == rank].sum())
        assert units[1] >= units[0], serve.__name__


def test_one_class_is_first_come_under_every_rule_by_class():
    base = drawn(3)
    book = ContestBook(**{**vars(base), "rank": 0 * base.rank})
    expected = controls(book, 1)[0][:, :, :1]
    first = serve_first_come(book).on_time
    for served in (serve_by_quotas(book, expected), serve_nested(book, 0 * expected)):
        np.testing.assert_array_equal(served.on_time, first)


def test_lines_out_of_order_and_negative_supply_are_refused():
    book = drawn(1)
    with pytest.raises(ValueError, match="below 0"):
        ContestBook(**{**vars(book), "supply": book.supply - 20})
    with pytest.raises(ValueError, match="order of arrival"):
        ContestBook(**{**vars(book), "arrival": book.arrival[::-1]})
    with pytest.raises(ValueError, match="class of which nothing"):
        serve_nested(book, np.zeros((*book.supply.shape, 1)))
    with pytest.raises(ValueError, match="other places or buckets"):
        serve_nested(book, np.zeros((1, 1, CLASSES)))


# ------------------------------------------------------------------ protection of what can be stored
def test_without_carrying_it_is_littlewoods_rule_with_gamma_demand():
    kept = stored_protection([40.0, 90.0], [25.0, 30.0], [10.0, 6.0])
    assert kept[1] == pytest.approx(gamma.ppf(0.4, 40**2 / 25**2, scale=25**2 / 40))
    sure = stored_protection([40.0, 90.0], [0.0, 0.0], [10.0, 6.0])
    assert sure.tolist() == [0.0, 40.0]


def test_it_is_the_best_of_all_levels_in_simulation():
    """A unit kept earns W where wanted, else what it carries on; a unit sold to the lower class earns w."""
    rng, better, lower, carried = np.random.default_rng(4), 10.0, 6.0, 0.8
    demand = rng.gamma(40**2 / 25**2, 25**2 / 40, 200_000)
    levels = np.arange(0.0, 160.0)
    earned = [
        (better * np.minimum(demand, level) + carried * lower * np.maximum(level - demand, 0)).mean() - lower * level
        for level in levels
    ]
    kept = stored_protection([40.0, 90.0], [25.0, 30.0], [better, lower], carried)[1]
    assert abs(levels[int(np.argmax(earned))] - kept) <= 2


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6))
def test_more_is_kept_the_more_a_unit_carries_on(one, other, seed):
    rng = np.random.default_rng(seed)
    given_ = rng.uniform(0, 50, 4), rng.uniform(0, 30, 4), rng.uniform(0, 9, 4)
    less, more = sorted((one, other))
    assert (stored_protection(*given_, less) <= stored_protection(*given_, more) + 1e-9).all()


def test_nothing_is_kept_for_classes_worth_no_more_or_without_demand():
    assert stored_protection([5.0, 5.0], [3.0, 3.0], [2.0, 2.0], 0.9).tolist() == [0.0, 0.0]
    assert stored_protection([0.0, 5.0], [0.0, 3.0], [9.0, 2.0], 0.9).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        stored_protection([1.0], [1.0], [1.0], 1.5)


@pytest.mark.parametrize("stock", [3.5, 9.5, 17.5, 40.5])
@pytest.mark.parametrize("waits", [0.0, 4.0])
def test_margin_quotas_are_the_optimum_of_a_linear_program(stock, waits):
    """Every class asks for more than there is: what each is served is its quota, the pool to the first who asks."""
    mean, sd, worth = np.array([[[5.0, 8.0, 4.0]]]), np.array([[[2.0, 3.0, 3.0]]]), np.array([[[9.0, 6.0, 4.0]]])
    claims = order_claims(mean, sd, worth, steps=10)
    two = [np.concatenate([one * 0, one], axis=1) for one in claims]
    two[0] = two[0].astype(np.int64)
    arrival = np.array([1.0, 8.0, 8.1, 8.2])
    book = ContestBook(
        np.array([0, 4]), arrival, np.floor(arrival), np.array([waits, 99.0, 99.0, 99.0]), np.array([2, 2, 1, 0]),
        np.array([4.0, 4.0, 6.0, 9.0]), np.zeros(4), np.zeros(4), np.array([[0.0, stock]]), np.array([0.0, 7.0, 14.0]),
        30.0,
    )  # fmt: skip
    served = serve_by_margin_quotas(book, Claims(*two), np.concatenate([worth, worth], axis=1))
    got = np.array([served.on_time[3], served.on_time[2], served.on_time[1] + served.late[0]])
    width, value = claims.width[0, 0], claims.value[0, 0]
    width, value, cls = np.append(width, waits), np.append(value, 4.0), np.append(claims.cls[0, 0], 2)
    best = linprog(-value, A_ub=np.ones((1, len(width))), b_ub=[stock], bounds=np.column_stack([0 * width, width]))
    quota = np.bincount(cls, best.x, 3)
    pool = stock - quota.sum()
    assert got.sum() == pytest.approx(min(stock, 297.0 + waits))
    np.testing.assert_allclose(got - [0.0, 0.0, pool], quota, atol=1e-7)


def test_margin_quotas_keep_nothing_for_a_class_that_loses():
    claims = order_claims(np.full((1, 1, 2), 5.0), np.full((1, 1, 2), 2.0), np.array([[[-3.0, 2.0]]]))
    assert (claims.value[claims.cls == 0] <= 0).all()
    assert (claims.value[claims.cls == 1] > 0).any()


def test_nothing_is_kept_for_a_better_class_that_loses():
    mean, sd = [10.0, 8.0, 20.0], [4.0, 3.0, 9.0]
    kept = stored_protection(mean, sd, [-3.0, 2.0, 1.0])
    assert kept[1] == 0.0
    assert kept[2] == pytest.approx(stored_protection(mean[1:], sd[1:], [2.0, 1.0])[1])
    assert stored_protection(mean, sd, [3.0, -2.0, -1.0])[2] > stored_protection(mean, sd, [3.0, 2.0, 1.0])[2]
