"""Step 2, forecasts: what will be needed, how sure that is, and over what interval stock must cover it."""

import pandas as pd

from segkit.core.lead_times import find_stopped_suppliers
from segkit.core.periods import periods_per_year
from segkit.core.shelf import table
from segkit.inventory import cover, events, forecast_headlines, outlook
from segkit.inventory.policies import moved_lead_times, remarks
from segkit.plan.segments import Segments


class Forecasts(Segments):
    """Step 2, forecasts: what will be needed, how sure that is, and over what interval stock must cover it."""

    @table
    def forecast(self) -> pd.DataFrame:
        """Demand of every item and location in each of the next periods, as a distribution."""
        return outlook.make_forecast(*self._known(), rules=self.settings.forecasts)

    @table
    def forecast_contest(self) -> pd.DataFrame:
        """Which methods competed for every demand pattern, and which won."""
        return outlook.make_contest(*self._known(), rules=self.settings.forecasts)

    @table
    def backtest(self) -> pd.DataFrame:
        """What would have been forecast at earlier origins, from what was known then."""
        return outlook.backtest_forecasts(*self._known(), rules=self.settings.forecasts)

    @table
    def forecast_accuracy(self) -> pd.DataFrame:
        """How far forecasts were from what came on hold-out, and what they add over naive, by segment."""
        return outlook.judge_backtest(self._marked_backtest(), self._history())

    @table
    def forecast_calibration(self) -> pd.DataFrame:
        """How often demand stayed below each quantile on hold-out, by segment."""
        return outlook.calibrate_backtest(self._marked_backtest(), self._history())

    @table
    def worst_forecasts(self) -> pd.DataFrame:
        """The forecasts that were farthest off on hold-out, most money first."""
        return outlook.list_offenders(self._marked_backtest(), self._history())

    @table
    def protection_demand(self) -> pd.DataFrame:
        """Demand over lead time and review, as a distribution: what stock must cover."""
        history, items, _ = self._known()
        intervals = self._intervals()
        ahead = events.events_by_period(self.calendar, history, ahead=cover.longest_interval(intervals))
        return cover.cover_demand(history, items, ahead, intervals, rules=self.settings.forecasts)

    @table
    def forecast_headlines(self) -> pd.DataFrame:
        """The headlines of step 2."""
        judged = forecast_headlines.Judged(
            self._history(), self.forecast_accuracy, self.forecast_calibration, self._intervals()
        )
        return forecast_headlines.tell_forecasts(judged, rules=self.settings.forecasts, unit=self.settings.periods.unit)

    def _history(self) -> pd.DataFrame:
        return outlook.take_history(self.demand, self.periods, rules=self.settings.forecasts)

    def _known(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        history = self._history()
        ahead = self.settings.forecasts.horizon_periods
        return history, self.items, events.events_by_period(self.calendar, history, ahead=ahead)

    def _marked_backtest(self) -> pd.DataFrame:
        return outlook.mark_entities(
            self.backtest, self.demand_profile, self.item_segments, self.item_value, self.items
        )

    def _intervals(self) -> pd.DataFrame:
        return self._covered(self._history())

    def _untimed(self, places: pd.DataFrame) -> pd.DataFrame:
        """Return the items and locations of which the lead time is assumed."""
        if self.settings.forecasts.lead_time_days is None:
            return places[["item_id", "location_id"]].iloc[:0]
        covered = self._covered(places)
        return covered[covered["lead_time_source"] == "assumed"]

    def _covered(self, places: pd.DataFrame) -> pd.DataFrame:
        days = 365.25 / periods_per_year(self.settings.periods)
        rules = self.settings.forecasts
        known = self.lead_times, self.items, self.locations
        return cover.cover_intervals(places, *known, rules=rules, period_days=days, stocking=self._stocking())

    def _through_network(self, policies: pd.DataFrame) -> pd.DataFrame:
        """Return policies with the lead times of what no location has yet: of all locations it comes through."""
        known, rules = (self.lead_times, self.items, self.locations), self.settings.forecasts
        days = cover.add_up_lead_times(policies, *known, rules=rules, stocking=self._stocking())
        return policies.assign(lead_time_days=days)

    def _stocking(self) -> pd.DataFrame:
        """Return the items and locations of which demand or stock of their own is known: they hold stock."""
        place = ["item_id", "location_id"]
        known = [table[place] for table in (self.demand_profile, self.inventory) if set(place) <= set(table)]
        return pd.concat(known, ignore_index=True).drop_duplicates()

    def _moved_lead_times(self) -> tuple | None:
        rules, day = self.settings.lead_times, self.as_of
        moved = moved_lead_times.find_moved_lead_times(self.purchases, self.lead_times, rules=rules, as_of=day)
        return moved_lead_times.tell_moved_lead_times(moved, window_days=rules.window_days)

    def _stopped_suppliers(self) -> tuple | None:
        rules = self.settings.lead_times
        stopped = find_stopped_suppliers(self.purchases, rules=rules, as_of=self.as_of)
        return remarks.tell_stopped(stopped, window_days=rules.window_days)
