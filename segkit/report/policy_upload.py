"""The upload file of the policies: what an ERP or planning system takes in, as CSV and as Excel."""

import io
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.inventory.policies.supplying import OWN_ONLY

CSV_NAME, XLSX_NAME = "policy_upload.csv", "policy_upload.xlsx"
TEXTS = ("item", "location", "policy")
FIGURES = ("min", "max", "reorder_point", "safety_stock", "lot", "review_days")
_NEEDED = ("item_id", "location_id", "policy", "reorder_point", "order_up_to", "order_quantity", "safety_stock")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MADE = datetime(2000, 1, 1)
_DECIMALS = 6
_SHOWN = 3
LEFT_OUT = "not to upload"
_NO_LEVELS = "no levels"


def write_policy_upload(policies: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    """Write the policies as files to upload: ``policy_upload.csv`` and ``policy_upload.xlsx``.

    Parameters
    ----------
    policies : DataFrame
        Table ``policies``: item_id, location_id, policy, reorder_point, order_up_to, order_quantity, safety_stock and,
        where they are there, review_days, supplies_others, reason.
    folder : Path
        Takes the files; made where it is not there.

    Returns
    -------
    tuple of Path
        The CSV file and the workbook: the same bytes for the same policies in whatever order of rows.

    Raises
    ------
    DataError
        Columns are missing, an item-location comes twice, or figures are infinite or below zero.

    Notes
    -----
    For the columns see `upload_rows`. What is not to be uploaded stands in a sheet of its own of the workbook, with the
    reason (`left_out_rows`): a blank level may be read as 0. Text is text: in the workbook ids are text cells; in the
    CSV file every text is in quotes, and one that a spreadsheet would run as a formula gets an apostrophe in front (the
    workbook keeps it as it is).
    """
    rows, left_out = upload_rows(policies), left_out_rows(policies)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / CSV_NAME, folder / XLSX_NAME
    for path, content in zip(paths, (as_csv(rows), _as_workbook(rows, left_out)), strict=True):
        temporary = path.with_name(f"{path.name}.part")
        temporary.write_bytes(content)
        os.replace(temporary, path)
    return paths


def write_run_upload(run_dir: Path) -> None:
    """Write the upload files of a run beside its pages, if it has a table ``policies`` with rows.

    Parameters
    ----------
    run_dir : Path
        Folder of the run, with ``tables``.
    """
    path = run_dir / "tables" / "policies.parquet"
    policies = pd.read_parquet(path) if path.is_file() else pd.DataFrame()
    if len(policies):
        write_policy_upload(policies, run_dir)


def upload_rows(policies: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the upload file, sorted by item and location: those with levels that count all demand.

    Parameters
    ----------
    policies : DataFrame
        As for `write_policy_upload`.

    Returns
    -------
    DataFrame
        item, location, policy; min and max [units]: at or below the min an order is placed, up to the
        max in as many whole packs as stay at or below it;
        reorder_point, safety_stock (0 where levels lie below mean demand), lot [units]; review_days [days]. The min is
        the reorder_point (order_up_to without one: the level itself); reorder_quantity has max = reorder_point + lot;
        to_order has 0 throughout. What the policy does not have is blank.

    Raises
    ------
    DataError
        See `write_policy_upload`.

    Examples
    --------
    >>> row = {"item_id": "a", "location_id": "n", "policy": "reorder_quantity", "reorder_point": 4.0}
    >>> row |= {"order_up_to": np.nan, "order_quantity": 10.0, "safety_stock": 1.0}
    >>> upload_rows(pd.DataFrame([row]))[["min", "max", "lot"]].to_numpy().tolist()
    [[4.0, 14.0, 10.0]]
    """
    rows, why = _all_rows(policies)
    return rows[(why == "").to_numpy()].reset_index(drop=True)


def left_out_rows(policies: pd.DataFrame) -> pd.DataFrame:
    """Return item, location, policy and reason of what is not to be uploaded, sorted by item and location.

    Parameters
    ----------
    policies : DataFrame
        As for `write_policy_upload`.

    Returns
    -------
    DataFrame
        Item-locations that supply others, as levels count only customers of their own, and those without levels.

    Raises
    ------
    DataError
        See `write_policy_upload`.
    """
    rows, why = _all_rows(policies)
    return rows[[*TEXTS]].assign(reason=why)[(why != "").to_numpy()].reset_index(drop=True)


def tell_left_out(policies: pd.DataFrame) -> str:
    """Return how many item-locations are not in the files to upload and why; blank where all are."""
    if policies.empty:
        return ""
    reasons = left_out_rows(policies)["reason"]
    if reasons.empty:
        return ""
    apart, bare = int((reasons == OWN_ONLY).sum()), int((reasons != OWN_ONLY).sum())
    parts = [f"{apart:,} from which others are supplied (levels count only customers of their own)"] if apart else []
    parts += [f"{bare:,} that could not be sized"] if bare else []
    one = len(reasons) == 1
    return (
        f"{len(reasons):,} item-location{' is' if one else 's are'} not in these files: {', '.join(parts)}. "
        f'Excel lists {"it" if one else "them"} with the reason in the sheet "{LEFT_OUT}".'
    )


def _all_rows(policies: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return rows as they would be uploaded, and why they are not to be; blank = they are."""
    _require_usable(policies)
    table = policies.sort_values(["item_id", "location_id"], ignore_index=True)
    point, up_to, lot = table["reorder_point"], table["order_up_to"], table["order_quantity"]
    is_up_to, is_lot, idle = (table["policy"] == word for word in ("order_up_to", "reorder_quantity", "to_order"))
    figures = {
        "min": point.where(~is_up_to | point.notna(), up_to),
        "max": up_to.where(~is_lot, point + lot),
        "reorder_point": point,
        "safety_stock": table["safety_stock"].clip(lower=0.0),
        "lot": lot,
    }
    figures = {name: cells.where(~idle, 0.0).astype("float64") for name, cells in figures.items()}
    review = table["review_days"] if "review_days" in table else pd.Series(np.nan, index=table.index)
    texts = {name: table[column].astype("str") for name, column in zip(TEXTS, _NEEDED, strict=False)}
    rows = pd.DataFrame({**texts, **figures, "review_days": review.astype("float64")}).round(_DECIMALS)
    bare = rows[["min", "max"]].isna().any(axis=1)
    apart = table["supplies_others"] if "supplies_others" in table else pd.Series(False, index=table.index)
    told = table["reason"].astype("str") if "reason" in table else pd.Series("", index=table.index)
    why = told.where(bare, "").mask(bare & (told == ""), _NO_LEVELS).mask(apart.astype(bool) & ~bare, OWN_ONLY)
    return rows, why.astype("str")


def _require_usable(policies: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in policies]
    if missing:
        raise DataError(f"policies cannot be uploaded: columns {', '.join(missing)} are missing")
    place = policies[["item_id", "location_id"]]
    figures = policies[list(_NEEDED[3:-1])].astype("float64")  # safety stock may be below 0: less than mean demand
    found = {
        "item and location repeat": place.duplicated(),
        "item or location is missing": place.isna().any(axis=1),
        "a figure is infinite": np.isinf(figures).any(axis=1),
        "a figure is below 0": (figures < 0).any(axis=1),
    }
    problems = [_told(text, place[rows.to_numpy(dtype=bool)]) for text, rows in found.items() if rows.any()]
    if problems:
        raise DataError(list_problems("policies cannot be uploaded", problems))


def _told(text: str, rows: pd.DataFrame) -> str:
    first = rows.sort_values(["item_id", "location_id"]).head(_SHOWN)
    named = "; ".join(f"{item} at {place}" for item, place in first.itertuples(index=False))
    return f"{text} {in_rows(len(rows))}, first: {named}"


def as_csv(rows: pd.DataFrame) -> bytes:
    """Return rows as a CSV file, text in quotes."""
    lines = [list(rows.columns), *rows.itertuples(index=False)]
    return "".join(",".join(map(_csv_cell, line)) + "\n" for line in lines).encode("utf-8")


def _csv_cell(cell: Any) -> str:
    if isinstance(cell, str):
        plain = f"'{cell}" if cell.startswith(_FORMULA) else cell
        return '"' + plain.replace('"', '""') + '"'
    if pd.isna(cell):
        return ""
    return f"{cell:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _as_workbook(rows: pd.DataFrame, left_out: pd.DataFrame) -> bytes:
    import xlsxwriter

    made = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"title": "Stock policies", "author": "segkit", "created": _MADE})
        _write_sheet(book, "policies", rows)
        if len(left_out):
            _write_sheet(book, LEFT_OUT, left_out)
    return made.getvalue()


def _write_sheet(book: Any, name: str, rows: pd.DataFrame) -> None:
    sheet, words = book.add_worksheet(name), (*TEXTS, "reason")
    text, figure = book.add_format({"num_format": "@"}), book.add_format({"num_format": "General"})
    head = book.add_format({"bold": True, "bottom": 1})
    for place, column in enumerate(rows.columns):
        width = 60 if column == "reason" else 18 if column in TEXTS else 14
        sheet.set_column(place, place, width, text if column in words else figure)
        sheet.write_string(0, place, column, head)
    for row, cells in enumerate(rows.itertuples(index=False), 1):
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, place, cell, text)
            elif not pd.isna(cell):
                sheet.write_number(row, place, cell, figure)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(len(rows), 1), len(rows.columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:C{len(rows) + 1}"})
