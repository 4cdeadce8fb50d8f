"""The generated sample company, and the text of ``data/README.md``."""

from pathlib import Path

from segkit.sample.describe import describe_data, describe_tables

__all__ = ["describe_data", "describe_tables", "write_sample"]


def write_sample(folder: Path, *, seed: int | None = None) -> Path:
    """Write the sample company: one CSV per input table but ``sales``, ``segkit.toml`` and ``planted.toml``.

    Parameters
    ----------
    folder : Path
        Where to; made if it is not there. Files of the same names are replaced.
    seed : int, optional
        Another seed gives another company of the same kind; the committed one where left out.

    Returns
    -------
    Path
        The folder, which is a workspace.
    """
    from segkit.sample import company

    return company.write_company(folder, company.SEED if seed is None else seed)
