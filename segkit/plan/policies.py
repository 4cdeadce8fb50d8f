"""Step 2, policies: which stock policy every item-location gets, and why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.periods import periods_per_year
from segkit.core.shelf import table
from segkit.dynamics.demand import panel, patterns
from segkit.inventory import cover, events
from segkit.inventory.policies import (
    caps,
    covered,
    crossing,
    decisions,
    economics,
    gathered,
    held_back,
    limits,
    places,
    policy_headlines,
    policy_matrix,
    policy_rules,
    rate_words,
    remarks,
    safety_stock,
    set_by_person,
    supplying,
    trade_items,
)
from segkit.inventory.policies.policy_phases import Phase, phase_policies
from segkit.inventory.replay import contest, gap, received, results, runs, steps, whole_periods
from segkit.inventory.replay import days as demand_days
from segkit.inventory.replay.days import CameDemand
from segkit.plan.forecasts import Forecasts


class Policies(Forecasts):
    """Step 2, policies: which stock policy every item-location gets, and why."""

    @table
    def policy_rules(self) -> pd.DataFrame:
        """Which policy, target, review and caps every item-location gets: by which rule, or set by a person."""
        return self._rules_on(self.as_of)

    @table
    def policy_checks(self) -> pd.DataFrame:
        """How many item-locations each rule meets, whether it can fire, what no order can be, what is assumed."""
        own = self.settings.policies
        checks = self.rule_checks()
        checks = set_by_person.check_set_lots(checks, self.policy_rules, self.items)
        if caps.has_caps(self.policy_rules, self.items):
            checks = caps.check_caps(checks, self.sizing(), self.policies)
        crossed = crossing.find_crossing(self.policies, self._reviewed(), period_days=self._period_days())
        checks = crossing.check_crossing(checks, crossed, places=len(self.policies))
        limited = own.within_capacity or own.stock_budget is not None
        return limits.check_limits(checks, self.sizing(), self.policies) if limited else checks

    @table
    def policies(self) -> pd.DataFrame:
        """What every item-location keeps and orders, and the service and stock that gives."""
        made = held_back.name_least_orders(self.sizing(), limits.size_within_limits(self.sizing()))
        return supplying.mark_supplying(made, self._supplying())

    @table
    def policy_matrix(self) -> pd.DataFrame:
        """What the policies come to, by item segment and policy."""
        return policy_matrix.sum_by_segment(self.policies, self.item_segments)

    @table
    def safety_stock_causes(self) -> pd.DataFrame:
        """What the safety stock of every item-location is for: demand, review, lead times, bias, lots, limits."""
        return safety_stock.split_safety_stock(self.sizing(), self._fitted(), self.policies)

    @table
    def policy_phases(self) -> pd.DataFrame:
        """Levels of every item-location in each of the coming periods, as season and calendar move the forecast."""
        return supplying.mark_supplying(phase_policies(self._list_phases(), self.policies), self._supplying())

    @table
    def policy_decisions(self) -> pd.DataFrame:
        """Where the policies move most money, against one size for all with equal expected service."""
        return decisions.list_decisions(self.sizing(), self.policies)

    @table
    def stock_position(self) -> pd.DataFrame:
        """What lies at every item-location now, beside what its policy asks for."""
        return decisions.compare_stock(self.policies, self.inventory, self._costs_of_unplanned(), self._supplying())

    @table
    def exchange_curve(self) -> pd.DataFrame:
        """What each fill rate of all costs in stock under several rules, and where the policies stand."""
        from segkit.inventory.exchange import trade_stock_for_service

        items, weight = self._traded()
        return trade_items.distinct_points(trade_stock_for_service(items, weight=weight))

    @table
    def segmentation_price(self) -> pd.DataFrame:
        """What class rules cost over the item-level optimum, at the fill rate that the policies give."""
        from segkit.inventory.exchange import price_segmentation

        items, weight = self._traded()
        served = trade_items.served_weight(items, self.policies, weight)
        if not 0 < served < 1:
            return empty_table("segmentation_price")
        by = ("abc", "xyz", "segment")
        return price_segmentation(items, target=served, weight=weight, segments=by)

    @table
    def replay_steps(self) -> pd.DataFrame:
        """What policies, one size for all and a rule of thumb would have given on held-out days, step by step."""
        return self.once("replayed", Policies._replayed)[0]

    @table
    def replay_gap(self) -> pd.DataFrame:
        """Why service and stock came out otherwise than the levels were to give, cause by cause."""
        return self.once("replayed", Policies._replayed)[1]

    @table
    def replay(self) -> pd.DataFrame:
        """What policies would have given on the last part of the history, by segment."""
        return results.tell_replay(self.replay_steps, **self._drawn())

    @table
    def replay_left_out(self) -> pd.DataFrame:
        """Item-locations that are not replayed, with their demand and the reason."""
        return self.once("replayed", Policies._replayed)[2]

    @table
    def replay_gain(self) -> pd.DataFrame:
        """What the policies save against one size for all and a rule of thumb, on the same held-out history."""
        return results.tell_gains(self.replay_steps, **self._drawn())

    @table
    def policy_headlines(self) -> pd.DataFrame:
        """The headlines of the policies."""
        tables = policy_headlines.PolicyTables(**{name: getattr(self, name) for name in policy_headlines.NAMES})
        own = self.settings.policies
        return policy_headlines.tell_policies(
            tables,
            currency=self.currency,
            days=self._judged_days(),
            weight=own.service_weight,
            timing=self._missed_times() or (self._rounded_times() if len(self.replay) else self._too_short()),
            rate=rate_words.tell_rate(self.policies, self.as_of),
            moved=(self._moved_lead_times(), self._stopped_suppliers(), self._binding()),
        )

    def _binding(self) -> tuple | None:
        binding = held_back.list_binding(self.sizing(), self.policies)
        return remarks.tell_binding(binding, currency=self.currency)

    def _fit(self, intervals: pd.DataFrame | None = None) -> covered.FittedPlaces:
        history, further = self._history(), self._phases()
        intervals = self._reviewed() if intervals is None else intervals
        ahead = events.events_by_period(self.calendar, history, ahead=cover.longest_interval(intervals) + further)
        seed = self.settings.forecasts.seed
        return covered.fit_places(history, self.items, ahead, intervals, seed=seed, further=further)

    def _fitted(self) -> covered.FittedPlaces:
        """Return what is known of demand, from which levels, their causes and their phases are made."""
        return self.once("fitted_places", Policies._fit)

    def _rules_on(self, day: date) -> pd.DataFrame:
        """Return the rules that will hold on a day, as far as is known now: what a person set may have ended."""
        rules, review = self.settings.policies, self.settings.forecasts.review_days
        return policy_rules.match_policies(
            self._places(), self.policy_overrides, policies=rules, review_days=review, as_of=day
        )

    def _list_phases(self) -> Iterator[Phase]:
        known, now = self._fitted(), self.sizing()
        for after, (begin, end) in enumerate(pairwise(known.starts(self._phases()))):
            made = now
            if after and (known.moves or len(self.policy_overrides)):
                day = max(begin.date(), self.as_of)
                rules = self._rules_on(day) if len(self.policy_overrides) else self.policy_rules
                made = self._sized_by(rules, known.cover(after=after))
            yield Phase(begin, end, made)

    def _phases(self) -> int:
        wanted = self.settings.policies.phase_periods
        return self.settings.forecasts.horizon_periods if wanted is None else wanted

    def _gather(self) -> gathered.Sizing:
        return self._sized_by(self.policy_rules, self._fitted().cover())

    def _sized_by(self, rules: pd.DataFrame, demand: covered.CoveredPlaces) -> gathered.Sizing:
        days, order_cost = self._period_days(), self.settings.assume.order_cost
        made = gathered.gather_sizing(rules, self._costs(rules), demand, period_days=days, order_cost=order_cost)
        own, kept = self.settings.policies, []
        if own.within_capacity:
            kept.append(limits.location_room(made, self.items, self.locations))
        if own.stock_budget is not None:
            kept.append(limits.stock_budget(made, own.stock_budget))
        return replace(made, limits=tuple(kept), unmet=own.unmet)

    def _replayed(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return the replay step by step, its gap explained, and what is left out of it: all from one replay."""
        own, days = self.settings.policies, self._period_days()
        ends = self._whole_ends()
        none = empty_table("replay_steps"), empty_table("replay_gap")
        if ends.empty:
            return *none, empty_table("replay_left_out")
        terms = self._terms(self.policy_rules, self._replayed_intervals())
        longest = self._longest_arrival()
        resets = contest.plan_resets(ends, self.as_of, policies=own, period_days=days, arrival_days=longest)
        if not resets.days or not (self.policies["order_up_to"] > 0).any() or self._missed_times():
            return *none, empty_table("replay_left_out")
        demand = self._came(resets.days[0])
        terms = replace(terms, steps_received=self._received(demand))
        run, held, out = contest.hold_replay(
            demand,
            resets,
            lambda day: self.known_on(day).sizing_as_replayed(),
            terms,
            policies=own,
            seed=self.settings.forecasts.seed,
        )
        if run.demand.places.empty:
            return *none, out
        facts = self._costs(run.demand.places), self.item_segments, self.item_value
        worth = contest.value_replay(run, held.levels, *facts, policies=own, order_cost=self.settings.assume.order_cost)
        summed = steps.sum_steps(run, worth)
        run = replace(run, paths={})  # what the gap is explained from does without them, and they are large
        return summed, gap.explain_gap(held, run, worth), out

    def _terms(self, places: pd.DataFrame, intervals: pd.DataFrame) -> runs.ReplayTerms:
        """Return how orders and shortages go in the replay, row by row as the places."""
        waiting, days = 1.0 if self.settings.policies.unmet == "backorder" else 0.0, self._period_days()
        return runs.terms_of(places, intervals, self.policy_rules, self.items, period_days=days, waiting=waiting)

    def _received(self, demand: CameDemand) -> np.ndarray | None:
        """Return how long the orders of each place and step took to come, where receipts tell."""
        return received.receive_steps(
            demand,
            self.purchases,
            self._reviewed(),
            self.lead_times,
            as_of=pd.Timestamp(self.as_of),
            min_receipts=self.settings.lead_times.min_receipts,
            seed=self.settings.forecasts.seed,
        )

    def _replayed_intervals(self) -> pd.DataFrame:
        """Return lead times and reviews as they are replayed: in whole periods where sales are known by period."""
        known = self._reviewed()
        return known if self.has_input("orders") else whole_periods.round_intervals(known)

    def _rounded_times(self) -> str:
        """Return what the replay assumes of lead times and reviews, in whole days or periods; blank = nothing."""
        if self.has_input("orders"):
            terms = self._terms(self.policy_rules, self._reviewed())
            return whole_periods.tell_whole_days(terms.lead_time_days, terms.lead_time_sd, terms.review_days)
        return whole_periods.tell_rounding(self._reviewed(), self.settings.periods.unit, self._period_days())

    def _too_short(self) -> str:
        """Return why the history has no room for a replay; blank where it has."""
        return contest.tell_too_short(
            self._whole_ends(),
            self.as_of,
            policies=self.settings.policies,
            period_days=self._period_days(),
            arrival_days=self._longest_arrival(),
            unit=self.settings.periods.unit,
        )

    def _longest_arrival(self) -> float:
        terms = self._terms(self.policy_rules, self._replayed_intervals())
        return float(terms.arrival_days.max(initial=0.0))

    def _whole_ends(self) -> pd.Series:
        return self.periods.loc[self.periods["complete"], "period_end"]

    def _missed_times(self) -> str:
        """Return why sales totals cannot show what policies would have given; blank where they can."""
        days = self._period_days()
        if self.has_input("orders") or not runs.misses_times(self._terms(self.policies, self._reviewed()), days):
            return ""
        return (
            f"sales are known by the {self.settings.periods.unit} only, lead times and reviews are shorter or between"
        )

    def sizing_as_replayed(self) -> gathered.Sizing:
        """Return what levels of the replay are sized from: the same, with times in whole periods if replayed so."""
        if self.has_input("orders"):
            return self.sizing()
        return self.once("sizing_as_replayed", Policies._gather_in_periods)

    def _gather_in_periods(self) -> gathered.Sizing:
        known, whole = self._reviewed(), self._replayed_intervals()
        fitted = self._fitted() if whole.equals(known) else self._fit(whole)
        return self._sized_by(whole_periods.round_reviews(self.policy_rules, self._period_days()), fitted.cover())

    def rule_checks(self) -> pd.DataFrame:
        """Return the rows of ``policy_checks`` that need no levels: how many item-locations each rule decides for."""
        return policy_rules.check_policy_rules(self._places(), policies=self.settings.policies)

    def sizing(self) -> gathered.Sizing:
        """Return what policies are sized from: rules, costs and the demand that stock must cover."""
        return self.once("sizing", Policies._gather)

    def _came(self, first: date) -> CameDemand:
        """Return the demand that came after a day: by day where there are order lines, else by period."""
        begin, end = pd.Timestamp(first) + pd.Timedelta(days=1), pd.Timestamp(self.as_of)
        if not self.has_input("orders"):
            span = self._period_days()
            return demand_days.demand_by_period(self.demand, self.policy_rules, first=begin, last=end, period_days=span)
        lines = panel.follow_successors(self.order_lines, self.items, rules=self.settings.items)
        return demand_days.demand_by_day(lines, self.policy_rules, first=begin, last=end)

    def _judged_days(self) -> int:
        """Return how many days the replay judges: of whole periods where sales are known by period."""
        steps = pd.DatetimeIndex(self.replay_steps["period"].unique())
        if self.has_input("orders"):
            return len(steps)
        judged = self.periods[self.periods["period"].isin(steps)]
        return int(((judged["period_end"] - judged["period"]).dt.days + 1).sum())

    def _drawn(self) -> dict[str, Any]:
        """Return how long a step is, and how many are drawn together: as lead time and review usually last."""
        days = 1.0 if self.has_input("orders") else self._period_days()
        intervals = self._reviewed()
        usual = (intervals["mean_periods"] + intervals["review_periods"]).median() * self._period_days()
        block = max(int(np.ceil(usual / days)), 1) if len(intervals) else 1
        return {"step_days": days, "block": block, "seed": self.settings.forecasts.seed}

    def _period_days(self) -> float:
        return 365.25 / periods_per_year(self.settings.periods)

    def _reviewed(self) -> pd.DataFrame:
        return self.once("reviewed", Policies._review_places)

    def _review_places(self) -> pd.DataFrame:
        return cover.reviewed(self._covered(self.demand_profile), self.policy_rules, period_days=self._period_days())

    def _costs(self, places: pd.DataFrame) -> pd.DataFrame:
        assume, own = self.settings.assume, self.settings.policies
        known = economics.CostRules(assume.holding_rate, assume.order_cost, own.shortage_cost_factor, own.margin)
        return economics.cost_places(places, self.items, self.item_value, rules=known, currency=self.currency)

    def _costs_of_unplanned(self) -> pd.DataFrame | None:
        """Return the costs of places with a snapshot and no policy: no lead time is known, or nobody ever asked."""
        stock, known = self.inventory, self.policy_rules
        if stock.empty or known.empty or not {"item_id", "location_id"} <= set(stock):
            return None
        held = stock[["item_id", "location_id"]].dropna().drop_duplicates()
        have, asked = (pd.MultiIndex.from_frame(some[["item_id", "location_id"]]) for some in (self.policies, known))
        bare = held[~pd.MultiIndex.from_frame(held).isin(have)].reset_index(drop=True)
        return self._costs(bare).assign(asked_for=pd.MultiIndex.from_frame(bare).isin(asked))

    def _supplying(self) -> pd.DataFrame:
        return supplying.list_supplying(self.policy_rules, self.locations)

    def _traded(self) -> tuple[pd.DataFrame, str]:
        weight = trade_items.WEIGHTS[self.settings.policies.service_weight]
        made = trade_items.list_trade_items(self.sizing(), self.policies, self.item_segments, self.item_value)
        return made, weight

    def _places(self) -> pd.DataFrame:
        """Return every item-location with what the rules of policies may name."""
        by_class = bool(self.settings.demand.demand_class)
        profile = self._profile_of_places() if by_class else self.demand_profile
        facts = places.PlaceFacts(self.items, self.item_value, self.item_segments, profile, self.locations)
        return places.join_places(profile, facts)

    def _profile_of_places(self) -> pd.DataFrame:
        summed = patterns.total_by_place(self.demand)
        return patterns.profile_demand(summed, self.items, rules=self._profile_rules())
