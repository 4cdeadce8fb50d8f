"""The upload file of levels that change with the season: a line per item-location and span of days."""

import os
from pathlib import Path

import pandas as pd

from segkit.report.policy_upload import as_csv, upload_rows

PHASES_NAME = "policy_phases_upload.csv"
_PLACE = ["item", "location"]
_SPAN = ["valid_from", "valid_to"]


def write_phases_upload(policy_phases: pd.DataFrame, folder: Path) -> Path:
    """Write the levels of item-locations that are phased: ``policy_phases_upload.csv``.

    Parameters
    ----------
    policy_phases : DataFrame
        Table of that name.
    folder : Path
        Takes the file; made where it is not there.

    Returns
    -------
    Path
        The file: the same bytes for the same phases in whatever order of rows. For its columns see `phase_rows`.

    Raises
    ------
    DataError
        Columns are missing, an item-location comes twice in a period, or figures are infinite or below zero.
    """
    return _write(phase_rows(policy_phases), folder)


def _write(rows: pd.DataFrame, folder: Path) -> Path:
    path = Path(folder) / PHASES_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(as_csv(rows))
    os.replace(temporary, path)
    return path


def write_run_phases(run_dir: Path) -> None:
    """Write the file of a run beside its pages, if its table ``policy_phases`` has levels that are phased.

    Parameters
    ----------
    run_dir : Path
        Folder of the run, with ``tables``.
    """
    path = run_dir / "tables" / "policy_phases.parquet"
    phases = pd.read_parquet(path) if path.is_file() else pd.DataFrame()
    rows = phase_rows(phases) if len(phases) else phases
    if len(rows):
        _write(rows, run_dir)


def phase_rows(policy_phases: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the upload file, sorted by item, location and first day.

    Parameters
    ----------
    policy_phases : DataFrame
        Table of that name; only what is phased is taken, and of that no item-location that supplies others or has a
        period without levels (see `left_out_rows`).

    Returns
    -------
    DataFrame
        Columns of `upload_rows`, and valid_from, valid_to [YYYY-MM-DD]. Spans of an item-location follow each other
        without a gap; periods with the same levels are one span.
    """
    phased = policy_phases[policy_phases["is_phased"].to_numpy(dtype=bool)]
    made = [
        upload_rows(table).assign(**{name: day.strftime("%Y-%m-%d") for name, day in zip(_SPAN, span, strict=True)})
        for span, table in phased.groupby(_SPAN)
    ]
    if not made:
        none = upload_rows(phased)
        return none.assign(**{name: pd.Series(dtype="str") for name in _SPAN})
    rows = pd.concat(made, ignore_index=True).sort_values([*_PLACE, "valid_from"], ignore_index=True)
    whole = phased.groupby(["item_id", "location_id"]).size().rename_axis(_PLACE)
    count = rows.groupby(_PLACE)["valid_from"].transform("size")
    rows = rows[(count == rows[_PLACE].join(whole.rename("of"), on=_PLACE)["of"]).to_numpy()].reset_index(drop=True)
    figures = rows.drop(columns=_SPAN)
    again = (figures == figures.shift()) | (figures.isna() & figures.shift().isna())
    span = (~again.all(axis=1)).cumsum()
    last = rows.groupby(span)["valid_to"].last()
    first = rows[~again.all(axis=1)].reset_index(drop=True)
    return first.assign(valid_to=last.to_numpy())
