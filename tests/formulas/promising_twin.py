"""Order promising in plain Python, line by line and bucket by bucket: slow, obvious, and what the kernel must equal."""

import math

import numpy as np

MADE_TO_ORDER = (-1, -1)


def value(given, i):
    """Return the value of line i, where one may hold for all."""
    cells = np.atleast_1d(given)
    return cells[min(i, len(cells) - 1)].item()


class Twin:
    """What is left of supply, and what was promised."""

    def __init__(self, book, supply, rules, elsewhere=None):
        self.book, self.rules = book, rules
        self.begin, self.day = list(map(int, supply.begin)), list(map(int, supply.day))
        self.left = [list(map(float, row)) for row in supply.quantity]
        self.pool = len(self.left[0]) - 1 if self.left else 0
        self.caps = None if rules.caps is None else [list(map(float, row)) for row in rules.caps]
        self.released = set()
        self.options = {}
        if elsewhere is not None:
            rows = zip(elsewhere.place, elsewhere.other, elsewhere.unit_cost, elsewhere.days, strict=True)
            for place, other, cost, days in rows:
                self.options.setdefault(int(place), []).append((float(cost), int(other), int(days)))
            for found in self.options.values():
                found.sort(key=lambda option: option[0])

    def run(self):
        """Return the rows of the trace: line, bucket, column, quantity, day."""
        arrival = [float(moment) for moment in self.book.arrival]
        trace = []
        for i in sorted(range(len(arrival)), key=lambda line: arrival[line]):
            self.release(math.floor(arrival[i]))
            trace += self.promise(i)
        return trace

    def release(self, today):
        if self.rules.release_day is None:
            return
        for bucket, days in enumerate(self.rules.release_day):
            for column, day in enumerate(days):
                if day <= today and column != self.pool and (bucket, column) not in self.released:
                    self.released.add((bucket, column))
                    self.left[bucket][self.pool] += self.left[bucket][column]
                    self.left[bucket][column] = 0.0

    def promise(self, i):
        place, wanted = int(self.book.place[i]), float(self.book.quantity[i])
        options = [(0.0, place, 0), *self.options.get(place, [])]
        best, least = None, math.inf
        if len(options) > 1:
            for number, (cost, at, away) in enumerate(options):
                rows = self.deliveries(i, at, away, wanted)
                if sum(row[3] for row in rows) >= wanted:
                    requested = int(self.book.requested[i])
                    late = [row[3] * (cost + self.rules.late_cost * max(0, row[4] - requested)) for row in rows]
                    if sum(late) < least:
                        best, least = number, sum(late)
        made = []
        for number, (_, at, away) in enumerate(options):
            left = wanted - sum(row[3] for row in made)
            if left > 0 and best in (None, number):
                rows = self.deliveries(i, at, away, left)
                self.book_out(i, at, rows)
                made += rows
        return made

    def book_out(self, i, place, rows):
        own = self.columns(i, place)[0]
        for _, bucket, column, quantity, _ in rows:
            if bucket >= 0:
                self.left[bucket][column] -= quantity
                if self.caps is not None:
                    self.caps[bucket][own] -= quantity

    def columns(self, i, place):
        sources = np.asarray(self.rules.sources)
        row = sources[place if len(sources) > 1 else 0][int(self.book.rank[i])]
        return [int(column) for column in row if column >= 0]

    def deliveries(self, i, place, away, wanted):
        """Return what the line would take at a place, without taking it."""
        requested, today = int(self.book.requested[i]), math.floor(self.book.arrival[i])
        late, minimum = value(self.book.lateness, i), value(self.book.minimum, i)
        due, deadline = max(requested, today), requested + late if late >= 0 else math.inf
        if due > deadline:
            return []
        buckets = range(self.begin[place], self.begin[place + 1])
        timely = [bucket for bucket in buckets if self.day[bucket] + away <= due]
        ready = self.ready(place, today)
        steps = []
        for column in self.columns(i, place):
            for bucket in reversed(timely) if self.rules.latest_first else timely:
                steps.append((due, bucket, column))
        events = {due: steps}
        for bucket in buckets:
            day = self.day[bucket] + away
            if due < day <= deadline:
                events.setdefault(day, []).extend((day, bucket, column) for column in self.columns(i, place))
        unlimited = self.unlimited(place) and max(due, ready + away) <= deadline
        if unlimited:
            events.setdefault(max(due, ready + away), [])
        held, done, taken = [], [], {}
        for day in sorted(events):
            steps = [] if unlimited and day == max(due, ready + away) and day > due else events[day]
            for _, bucket, column in steps:
                open_quantity = wanted - sum(row[3] for row in held + done)
                got = self.allowed(i, place, bucket, column, open_quantity, taken, ready)
                if got > 0:
                    held.append((i, bucket, column, got, day))
                    taken[bucket, column] = taken.get((bucket, column), 0.0) + got
            open_quantity = wanted - sum(row[3] for row in held + done)
            enough = sum(row[3] for row in held) >= minimum and held
            if unlimited and day == max(due, ready + away) and open_quantity > 0:
                if day == due and enough:
                    done, held = done + [(*row[:4], day) for row in held], []
                done += [(*row[:4], day) for row in held] + [(i, *MADE_TO_ORDER, open_quantity, day)]
                return done
            if held and (enough or open_quantity <= 0):
                done, held = done + [(*row[:4], day) for row in held], []
        return done

    def ready(self, place, today):
        if self.rules.lead_time is None or self.rules.lead_time[place] < 0:
            return math.inf
        fence = -math.inf if self.rules.fence is None else self.rules.fence[place]
        return max(today, fence) + self.rules.lead_time[place]

    def unlimited(self, place):
        capacity = self.rules.capacity_from
        none = capacity is None or capacity[place] == self.begin[place + 1]
        return self.rules.lead_time is not None and self.rules.lead_time[place] >= 0 and none

    def allowed(self, i, place, bucket, column, wanted, taken, ready):
        rank, own = int(self.book.rank[i]), self.columns(i, place)[0]
        got = min(wanted, self.left[bucket][column] - taken.get((bucket, column), 0.0))
        if self.caps is not None:
            got = min(got, self.caps[bucket][own] - sum(q for (b, _), q in taken.items() if b == bucket))
        if self.rules.levels is not None:
            levels = np.asarray(self.rules.levels)
            level = levels[place if len(levels) > 1 else 0][rank]
            here = range(self.begin[place], bucket + 1)
            there = sum(sum(self.left[b]) for b in here) - sum(q for (b, _), q in taken.items() if b in here)
            got = min(got, there - level)
        if self.rules.bid_price is not None:
            prices = self.rules.bid_price[bucket]
            if value(self.book.margin, i) < prices[min(rank, len(prices) - 1)]:
                return 0.0
        capacity = self.rules.capacity_from
        if capacity is not None and bucket >= capacity[place] and self.day[bucket] < ready:
            return 0.0
        return max(0.0, got)
