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
    """How things are said: their names by kind and id, what they are classed by, the currency, the window in words."""

    names: dict[str, pd.Series]
    measures: dict[str, str]
    currency: str
    window: str

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
        then, now = (f"{code}{row[name]:,.0f}".strip() for name in ("before", "value_now"))
        seen = f"seen {row['since']:%Y-%m-%d} and confirmed {row['confirmed_on']:%Y-%m-%d}{through}"
        word = row["measure"].replace("_", " ")
        return (
            f"{row['label']} moved from class {row['from_class']} to {row['to_class']}, {seen}; {word} {now} "
            f"{self.window}, {then} before that."
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
        if row["life_cycle"] == "declining":
            return f"{row['label']} sells less and less; it earned {self.money(row['stake'])} {self.window}."
        last = "" if pd.isna(row["since"]) else f" since {row['since']:%Y-%m-%d}"
        return f"{row['label']} has not been ordered{last}; it earned {self.money(row['stake'])} {self.window}."

    def say_uncertain(self, row: dict) -> str:
        """Return the sentence of a class close to a coin flip."""
        other = f", {row['runner_up_share']:.0%} say {row['runner_up']}" if row["runner_up"] else ""
        earned = "earned" if row["net_margin"] > 0 else "lost"
        sure = f"{row['confidence']:.0%} of the draws say so{other}"
        return (
            f"{row['label']}: class {row['abc']} is little more than a coin flip ({sure}); it "
            f"{earned} {self.money(row['stake'])} {self.window}."
        )

    def say_change(self, row: dict) -> str:
        """Return the sentence of a lasting change of level."""
        word = {"volume": "volume (at constant prices)"}.get(row["measure"], row["measure"].replace("_", " "))
        code = "" if row["measure"] == "quantity" else f"{self.currency} "
        from_, to = (f"{code}{row[name]:,.0f}".strip() for name in ("before", "after"))
        doubt = f" ({row['reason']})" if row["reason"] else ""
        verb = "rose" if row["change"] > 0 else "fell"
        by = f"by {row['period']:%Y-%m-%d}{doubt}"
        return f"{row['label']}: {word} a period {verb} from {from_} to {to} {by} and stayed there."

    def say_override(self, row: dict) -> str:
        """Return the sentence of an override that ends."""
        then = f"; by the data it is {row['by_data']}" if row["by_data"] and row["by_data"] != row["abc"] else ""
        end = f"{row['valid_to']:%Y-%m-%d}"
        return f"{row['label']}: class {row['abc']}, set by a person ({row['reason']}), ends on {end}{then}."

    def say_unused(self, row: dict) -> str:
        """Return the sentence of capacity that nobody used."""
        unused = f"{row['share']:.0%} of what it cost {self.window} was not used"
        return f"{row['label']}: {unused} ({self.money(row['stake'])})."
