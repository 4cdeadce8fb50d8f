"""The errors a user can meet. Each says what is wrong, where, how many, the first offenders and the fix."""

import difflib
from collections.abc import Iterable, Sequence


class SegkitError(Exception):
    """Any error that a user can mend. ``exit_code`` is what the command line returns."""

    exit_code = 1


class DataError(SegkitError):
    """A table or file cannot be used as it is."""

    exit_code = 2


class SettingsError(SegkitError):
    """A value in segkit.toml, or on the command line, cannot be used."""

    exit_code = 2


class UsageError(SettingsError):
    """What was typed on the command line cannot be used; the workspace itself is not at fault."""


class CoverageError(SegkitError):
    """Rows were lost, or a segment has no policy."""


class InfeasibleError(SegkitError):
    """No plan can meet the constraints given."""


class RunError(SegkitError):
    """A run could not start or did not finish."""


def list_problems(subject: str, problems: Sequence[str], fixes: Iterable[str] = ()) -> str:
    """Return one message that holds every problem of one kind, and then what to do.

    Parameters
    ----------
    subject : str
        What the problems belong to, for example ``table 'orders' breaks its contract``.
    problems : sequence of str
        One line each.
    fixes : iterable of str, optional
        What mends them, one line each; repeated lines appear once.

    Returns
    -------
    str
        ``subject in 2 ways`` (or ``subject:`` for one), the problems indented, then the fixes.

    Examples
    --------
    >>> print(list_problems("table 'orders' breaks its contract", ["quantity is missing in 2 rows"], ["Map it."]))
    table 'orders' breaks its contract:
      quantity is missing in 2 rows
    Map it.
    """
    head = f"{subject}:" if len(problems) == 1 else f"{subject} in {len(problems)} ways"
    return "\n".join([head, *(f"  {problem}" for problem in problems), *dict.fromkeys(fixes)])


def nearest_name(word: str, known: list[str]) -> str:
    """Return the end of a message about an unknown word: the nearest known one, else all that are known.

    Examples
    --------
    >>> nearest_name("prise", ["price", "quantity"])
    '; did you mean price?'
    """
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known[:40])}"


def in_rows(count: int) -> str:
    """Return how many rows a problem touches, as messages say it.

    Examples
    --------
    >>> in_rows(1), in_rows(1200)
    ('in 1 row', 'in 1,200 rows')
    """
    return f"in {count:,} row{'' if count == 1 else 's'}"
