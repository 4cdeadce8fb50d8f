"""Long arrays, block by block: what is worked out of a block stays in the cache, and takes no memory of its own."""

from collections.abc import Iterator


def blocks(count: int, size: int = 2**16) -> Iterator[slice]:
    """Yield slices that cut so many rows into blocks.

    Examples
    --------
    >>> list(blocks(5, 3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
