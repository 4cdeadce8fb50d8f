"""The generated sample company."""

from pathlib import Path

__all__ = ["write_sample"]


def write_sample(folder: Path, *, seed: int | None = None) -> Path:
    """Write the sample company as CSV files with a ``segkit.toml``.

    Parameters
    ----------
    folder : Path
        Where to; made if it is not there. Files of the same names are replaced.
    seed : int, optional
        Another seed gives another company of the same kind.

    Returns
    -------
    Path
        The folder, which is a workspace.
    """
    from segkit.sample import company

    return company.write_sample(folder, seed=company.SEED if seed is None else seed)
