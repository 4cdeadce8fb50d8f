"""The sentences of the watch list: what a director reads of each event."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_CAUSES = {
    "new": "mostly through what is new",
    "lost": "mostly through what was lost",
    "others moved": "because others moved",
}
MONEY = ("net_margin", "gross_margin", "revenue")


def say_cause(cause: str) -> str:
    """Return the cause of a move of class as the end of a sentence; nothing where there is none.

    Examples
    --------
    >>> say_cause("volume"), say_cause("others moved"), say_cause("")
    (', mostly through volume', ', because others moved', '')
    """
    return f", {_CAUSES.get(cause, f'mostly through {cause}')}" if cause else ""


@dataclass(frozen=True)
class Told:
    """How things are said: names by kind and id, what they are classed by, currency, the window in words and months."""

    names: dict[str, pd.Series]
    measures: dict[str, str]
    currency: str
    window: str
    months: int = 12

    def names_of(self, table: pd.DataFrame) -> list[str]:
        """Return the name of each row's thing; blank where it has none."""
        keys = zip(table["entity"], table["entity_id"], strict=True)
        known = {entity: names.to_dict() for entity, names in self.names.items()}
        return [known.get(entity, {}).get(entity_id, "") for entity, entity_id in keys]

    def label(self, table: pd.DataFrame) -> list[str]:
        """Return what each row speaks of, as a sentence begins: kind, id and name."""
        rows = zip(table["entity"], table["entity_id"], self.names_of(table), strict=True)
        return [
            "The whole company"
            if entity_id == "(all)"
            else f"{entity[:1].upper()}{entity[1:].replace('_', ' ')} {entity_id}{f' ({name})' if name else ''}"
            for entity, entity_id, name in rows
        ]

    def money(self, amount: float) -> str:
        """Return a sum of money without its sign."""
        return "an unknown sum" if np.isnan(amount) else f"{self.currency} {abs(amount):,.0f}".strip()

    def say_loss(self, row: dict) -> str:
        """Return the sentence of a loss maker."""
        since = "" if pd.isna(row["since"]) else f", a loss maker since {row['since']:%Y-%m-%d}"
        since = ", as ever since the data begin" if row["always"] else since
        through = f"; mostly through {row['main_cause']}" if row["main_cause"] else ""
        cure = f". Remedy: {row['remedy']}" if row["remedy"] else ""
        return f"{row['label']} lost {self.money(row['stake'])} {self.window}{since}{through}{cure}."

    def say_move(self, row: dict) -> str:
        """Return the sentence of a move of class."""
        through = say_cause(row["cause"])
        code = f"{self.currency} " if row["measure"] in MONEY else ""
        span = f"the {self.months} months" if self.months > 1 else "the month"
        now, then = (
            f"{code}{row[value]:,.0f} in {span} to {row[end]:%Y-%m}".strip()
            for value, end in (("value_now", "now_on"), ("before", "before_on"))
        )
        today = row["class_now"]
        since_then = f"; by its figures of today it is in class {today}" if today not in ("", row["to_class"]) else ""
        seen = f"seen {row['since']:%Y-%m-%d} and confirmed {row['confirmed_on']:%Y-%m-%d}{through}"
        word = row["measure"].replace("_", " ")
        return (
            f"{row['label']} moved from class {row['from_class']} to {row['to_class']}, {seen}; {word} {now}, "
            f"{then}{since_then}."
        )

    def say_quiet(self, row: dict) -> str:
        """Return the sentence of a customer gone quiet."""
        usual = "" if pd.isna(row["usual_gap_days"]) else f" (usually every {row['usual_gap_days']:,.0f})"
        kept = "earned us" if not row["stake"] <= 0 else "cost us"
        return (
            f"{row['label']} has not ordered for {row['recency_days']:,} days{usual} and {kept} "
            f"{self.money(row['stake'])} in the year before."
        )

    def say_fading(self, row: dict) -> str:
        """Return the sentence of an item whose demand fades."""
        verb = "lost" if row["earned"] < 0 else "earned"
        if row["life_cycle"] == "declining":
            less = f", {self.money(row['stake'])} less than in the same months a year before"
            less = "" if np.isnan(row["stake"]) else less
            span = f"in the last {row['months']} months"
            return f"{row['label']} sells less and less; it {verb} {self.money(row['earned'])} {span}{less}."
        last = "" if pd.isna(row["since"]) else f" since {row['since']:%Y-%m-%d}"
        return f"{row['label']} has not been ordered{last}; it {verb} {self.money(row['earned'])} {self.window}."

    def say_uncertain(self, row: dict) -> str:
        """Return the sentence of a class close to a coin flip."""
        other, share = row["runner_up"], row["runner_up_share"]
        worth = f"it {'earned' if row['net_margin'] > 0 else 'lost'} {self.money(row['stake'])} {self.window}"
        if other and round(share, 2) > round(row["confidence"], 2):
            doubt = f"class {row['abc']}, but {share:.0%} of the draws say {other} and {row['confidence']:.0%} say so"
            return f"{row['label']}: {doubt}; {worth}."
        sure = f"{row['confidence']:.0%} of the draws say so" + (f", {share:.0%} say {other}" if other else "")
        return f"{row['label']}: class {row['abc']} is little more than a coin flip ({sure}); {worth}."

    def say_change(self, row: dict) -> str:
        """Return the sentence of a lasting change of level."""
        word = {"volume": "volume (at constant prices)"}.get(row["measure"], row["measure"].replace("_", " "))
        code = "" if row["measure"] == "quantity" else f"{self.currency} "
        from_, to = (f"{code}{row[name]:,.0f}".strip() for name in ("before", "after"))
        doubt = f" ({row['reason']})" if row["reason"] else ""
        verb = "rose" if row["change"] > 0 else "fell"
        by = f"by {row['period']:%Y-%m-%d}{doubt}"
        return f"{row['label']}: {word} a period {verb} from {from_} to {to} {by} and stayed there{self._gain(row)}."

    def _gain(self, row: dict) -> str:
        """Return what a change of level brings or takes: a year, or, where it may be season, so far."""
        if np.isnan(row["gain"]):
            return ""
        what = "" if row["measure"] == "net_margin" else " of net margin"
        when = "since then" if row["reason"] else "a year"
        return f"; {self.money(row['gain'])} {'more' if row['gain'] > 0 else 'less'}{what} {when}"

    def say_override(self, row: dict) -> str:
        """Return the sentence of an override that ends."""
        then = f"; by the data it is {row['by_data']}" if row["by_data"] and row["by_data"] != row["abc"] else ""
        end = f"{row['valid_to']:%Y-%m-%d}"
        return f"{row['label']}: class {row['abc']}, set by a person ({row['reason']}), ends on {end}{then}."

    def say_policy(self, row: dict) -> str:
        """Return the sentence of a stock policy set by a person that ends."""
        place = row["location_id"]
        where = "at all locations" if pd.isna(place) or place in ("", "(all)") else f"at {place}"
        more = f"; {row['further']} more of this item soon follow" if row["further"] else ""
        set_by = f"set by a person ({row['reason']})"
        return f"{row['label']} {where}: {row['sets']}, {set_by}, ends on {row['valid_to']:%Y-%m-%d}{more}."

    def say_unused(self, row: dict) -> str:
        """Return the sentence of capacity that nobody used."""
        unused = f"{row['share']:.0%} of what it cost {self.window} was not used"
        return f"{row['label']}: {unused} ({self.money(row['stake'])})."
