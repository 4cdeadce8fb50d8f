"""Try a mapping out on the file it was made for, before a workspace is written."""

from pathlib import Path

from segkit.core.errors import SegkitError
from segkit.core.propose.sniff import FileLook
from segkit.core.settings import Settings
from segkit.core.sources.mapping import map_table, read_table
from segkit.core.tables import MarkedTable

CHECKED_CELLS = 12_000_000
CHECKED_PERIODS = 1_500_000


def try_mapping(
    table: str, look: FileLook, settings: Settings, workspace: Path, *, periods: int = 0
) -> tuple[MarkedTable | None, str]:
    """Map a file, or the sample of a large one, as a run would.

    Parameters
    ----------
    table : str
        ``orders`` or ``sales``.
    look : FileLook
        The file.
    settings : Settings
        What segkit.toml is going to say.
    workspace : Path
        Folder of the workspace, which need not be there yet.
    periods : int, optional
        How many columns of the file are periods.

    Returns
    -------
    tuple of MarkedTable or None, and str
        The table if the file was mapped whole; what hinders a run, blank if nothing.
    """
    source = settings.sources[table]
    source = source.model_copy(update={"file": str(look.path.resolve())}) if source.file else source
    small = look.total_rows * periods <= CHECKED_PERIODS if periods else look.rows.size <= CHECKED_CELLS
    try:
        if look.complete and small:
            return read_table(table, source, workspace), ""
        few = max(CHECKED_PERIODS // max(periods, 1) // 4, 10)
        map_table(table, look.sample.head(few) if periods else look.sample, source)
    except SegkitError as error:
        return None, str(error)
    return None, ""
