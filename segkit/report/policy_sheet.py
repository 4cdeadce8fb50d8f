"""The sheet ``policy_overrides`` of a run's workbook: a line per item-location, what it has now, room to set it."""

from typing import Any

import pandas as pd

from segkit.core.columns import input_tables
from segkit.core.sources.origins import AS_NOW
from segkit.report.column_facts import FIRST_ROWS
from segkit.report.override_sheet import DAYS, HEAD, READY, add_lists, write_cells, write_heads

POLICY_SHEET = "policy_overrides"
POLICY_HINT = (
    "Type what is to hold instead, with a reason and a last day, save, run: segkit overrides WORKSPACE segkit.xlsx. "
    "A blank location_id means all locations of the item; a line without figures sets nothing; a removed row is an "
    "override removed. Grey columns show what holds now."
)
NOW = ("policy", "reorder_point", "order_up_to", "order_quantity", "safety_stock", "rule", "reason")
_PLACE = ["item_id", "location_id"]
_WIDTHS = {"item_id": 18, "location_id": 14, "policy": 18, "reason": 40, "valid_from": 13, "valid_to": 13}
_MUTED = "#5c6670"
_FOR_READING = {
    "validate": "custom",
    "value": "=FALSE",
    "error_title": "For reading only",
    "error_message": "Grey columns show what holds now. Type what is to hold instead into the column of that name.",
}


def write_policy_sheet(sheet: Any, formats: Any, overrides: pd.DataFrame, policies: pd.DataFrame) -> None:
    """Write the sheet: what is set now, then a line per item-location ready to be filled, beside what holds now.

    Parameters
    ----------
    sheet : Worksheet
        Of an xlsxwriter workbook.
    formats : object
        Gives cell formats by ``get`` and the one of column heads as ``head``.
    overrides : DataFrame
        Table ``policy_overrides``: all of it is written, those that have expired too.
    policies : DataFrame
        Table ``policies``: item_id, location_id, policy, reorder_point, order_up_to, order_quantity, safety_stock, rule
        and reason; of a very long one the first 10,000 rows.
    """
    columns = list(input_tables()[POLICY_SHEET].columns)
    lines = sheet_lines(overrides, policies)
    write_heads(sheet, formats, POLICY_SHEET, POLICY_HINT, {name: _WIDTHS.get(name, 14) for name in columns})
    shown = [name for name in NOW if name in policies]
    for place, name in enumerate(shown, len(columns)):
        text = name in ("policy", "rule", "reason")
        look = {"font_color": _MUTED, "num_format": "@" if text else "General"}
        sheet.set_column(place, place, 40 if name == "reason" else 16, formats.get(**look))
        sheet.write_string(HEAD, place, f"{name}{AS_NOW}", formats.head)
    write_cells(sheet, lines)
    last = HEAD + 1 + len(lines) + READY
    add_lists(sheet, columns, _checks(), last)
    if shown:
        sheet.data_validation(HEAD + 1, len(columns), last, len(columns) + len(shown) - 1, _FOR_READING)
    sheet.freeze_panes(HEAD + 1, 2)
    sheet.autofilter(HEAD, 0, HEAD + max(len(lines), 1), len(columns) + len(shown) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last}"})


def sheet_lines(overrides: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the sheet: every override, then every item-location without one of its own.

    Parameters
    ----------
    overrides, policies : DataFrame
        As for `write_policy_sheet`.

    Returns
    -------
    DataFrame
        Columns of ``policy_overrides``, and those of ``policies`` that show what holds, named ``policy now``, ...
    """
    columns = list(input_tables()[POLICY_SHEET].columns)
    names = {name: f"{name}{AS_NOW}" for name in NOW if name in policies}
    if policies.empty and not set(_PLACE) <= set(policies):
        return overrides[columns].sort_values([*_PLACE, "valid_from"], ignore_index=True)
    now = policies[[*_PLACE, *names]].rename(columns=names)
    own = overrides[columns].sort_values([*_PLACE, "valid_from"]).merge(now, on=_PLACE, how="left")
    taken = pd.MultiIndex.from_frame(overrides[_PLACE])
    bare = now[~pd.MultiIndex.from_frame(now[_PLACE]).isin(taken)].head(FIRST_ROWS).sort_values(_PLACE)
    return pd.concat([own, bare], ignore_index=True)[[*columns, *names.values()]]


def _checks() -> dict[str, dict[str, Any]]:
    """Return the drop-down lists and checks of the columns that a person fills."""
    checks: dict[str, dict[str, Any]] = {"valid_from": DAYS, "valid_to": DAYS}
    for name, about in input_tables()[POLICY_SHEET].columns.items():
        if about.one_of:
            checks[name] = {"validate": "list", "source": list(about.one_of)}
        elif about.kind == "share":
            limits = {"criteria": "between", "minimum": 0, "maximum": 1}
            checks[name] = {"validate": "decimal", **limits, "error_message": "A share, for example 95 %."}
        elif about.kind == "number":
            checks[name] = {
                "validate": "decimal",
                "criteria": ">=",
                "value": 0,
                "error_message": "Units, 0 or more.",
            }
    return checks
