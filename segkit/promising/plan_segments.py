"""The segments of a plan's backorder run: those of the settings, else by class of customer."""

from collections.abc import Sequence

from segkit.core.promising_settings import Promising
from segkit.promising.backorder_segments import BackorderSegment

_BY_MARGIN = ("unit_margin desc",)


def plan_segments(classes: Sequence[str], *, rules: Promising) -> dict[str, BackorderSegment]:
    """Return the segments of a backorder run in their order.

    Parameters
    ----------
    classes : sequence of str
        Classes of customers, best first.
    rules : Promising
        ``backorders``; none = the best class wins, the last is redistributed, those between improve.

    Returns
    -------
    dict of str to BackorderSegment
        By name.

    Examples
    --------
    >>> {name: made.strategy for name, made in plan_segments(["gold", "tin"], rules=Promising()).items()}
    {'gold': 'win', 'all others': 'redistribute'}
    """
    if rules.backorders:
        stated = rules.backorders_in_order.items()
        return {name: BackorderSegment(r.strategy, r.where, tuple(r.sort), r.fallback) for name, r in stated}
    made = {}
    for number, name in enumerate(classes[:-1]):
        word = name.replace("'", "''")
        strategy = "improve" if number else "win"
        made[name] = BackorderSegment(strategy, f"demand_class = '{word}'", _BY_MARGIN)
    return {**made, "all others": BackorderSegment("redistribute", "true", _BY_MARGIN)}
