"""Work done two at a time: while one part waits for a single thread of Python or numpy, the other uses the rest."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")
AT_ONCE = 2


def may_run_beside() -> bool:
    """Return whether compiled loops may be started from several threads, which numba's own way to run them forbids."""
    from numba import threading_layer

    try:
        return threading_layer() in ("omp", "tbb")
    except ValueError:  # none was started yet
        return False


def work_beside(work: Callable[[Part], Made], parts: Iterable[Part]) -> list[Made]:
    """Return what is made of every part, in their order, two at a time.

    Where no compiled loop has run yet, the first part is made by itself, and says whether the others may be so.

    Examples
    --------
    >>> work_beside(abs, [-3, 2, -1])
    [3, 2, 1]
    """
    every = [*parts]
    made = [] if may_run_beside() else [work(part) for part in every[:1]]
    with ThreadPoolExecutor(AT_ONCE if may_run_beside() else 1) as pool:
        return [*made, *pool.map(work, every[len(made) :])]
