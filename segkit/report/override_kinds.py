"""The tables that a person fills in the workbook, and how each is checked and told of."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from segkit.core.errors import nearest_name
from segkit.core.inputs import Inputs
from segkit.core.settings import Settings
from segkit.dynamics.classes.overrides import ENTITIES, list_override_problems
from segkit.inventory.policies.policy_overrides import ALL, describe_override, list_policy_override_problems
from segkit.report.override_sheet import SHEET
from segkit.report.policy_sheet import POLICY_SHEET

_FACTS = ("orders", "sales", "inventory")
_FEW = 12


@dataclass(frozen=True)
class OverrideKind:
    """One table of overrides: its sheet, what can be wrong with it, and how a row is told.

    Attributes
    ----------
    sheet : str
        Name of the sheet and of the input table.
    problems : callable
        Takes the table and the settings; returns what is wrong in itself.
    unknown : callable
        Takes new rows and the inputs; returns which ids the data do not know: nothing would come of them.
    told : callable
        Takes a row as a dict; returns whose override it is and what it sets.
    """

    sheet: str
    problems: Callable[[pd.DataFrame, Settings], list[str]]
    unknown: Callable[[pd.DataFrame, Inputs], list[str]]
    told: Callable[[dict], str]

    @property
    def file(self) -> str:
        """Name of the CSV file that holds the table in a workspace."""
        return f"{self.sheet}.csv"


def _class_problems(table: pd.DataFrame, settings: Settings) -> list[str]:
    return list_override_problems(table, labels=settings.segments.abc_labels)


def _policy_problems(table: pd.DataFrame, settings: Settings) -> list[str]:  # noqa: ARG001
    return list_policy_override_problems(table)


def _unknown_things(rows: pd.DataFrame, inputs: Inputs) -> list[str]:
    ids = {entity: rows.loc[(rows["entity"] == entity).to_numpy(dtype=bool), "entity_id"] for entity in ENTITIES}
    return [line for entity, named in ids.items() for line in _unknown(entity, named, inputs)]


def _unknown_places(rows: pd.DataFrame, inputs: Inputs) -> list[str]:
    ids = {"item": rows["item_id"], "location": rows["location_id"][rows["location_id"] != ALL]}
    return [line for entity, named in ids.items() for line in _unknown(entity, named, inputs)]


def _unknown(entity: str, named: pd.Series, inputs: Inputs) -> list[str]:
    ids = set(named.dropna())
    known = _known_ids(inputs, entity) if ids else set()
    strange = sorted(ids - known)
    names = sorted(known) if strange else []
    return [f"{entity} {one} is not known{_nearest(one, names)}" for one in strange]


def _nearest(word: str, known: list[str]) -> str:
    """Return what may be meant, whatever its case; of few ids all, where none is near."""
    same = [one for one in known if one.casefold() == word.casefold()]
    said = f"; did you mean {same[0]}?" if same else nearest_name(word, known)
    return said if "did you mean" in said or len(known) <= _FEW else ""


def _known_ids(inputs: Inputs, entity: str) -> set[str]:
    key = f"{entity}_id"
    tables = [table for name, table in inputs.tables.items() if name in (*_FACTS, f"{entity}s")]
    return {str(one) for table in tables if key in table for one in table[key].dropna().unique()}


def _tell_class(row: dict) -> str:
    return f"{row['entity']} {row['entity_id']}: {row['abc']}"


def _tell_policy(row: dict) -> str:
    place = "all locations" if pd.isna(row["location_id"]) or row["location_id"] == ALL else row["location_id"]
    return f"item {row['item_id']} at {place}: {describe_override(row)}"


KINDS = (
    OverrideKind(SHEET, _class_problems, _unknown_things, _tell_class),
    OverrideKind(POLICY_SHEET, _policy_problems, _unknown_places, _tell_policy),
)
