"""Terms of the contest: how long an order waits, what is known when, how intervals are drawn."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContestTerms:
    """How the contest of rules is held.

    ``max_lateness_days``: a unit not served waits for later receipts until it would be later than this, then it is
    lost; 0 = it is lost at once. What waits comes before what arrives, in the order of the rule (first come: the
    oldest first; by class: the best class first; bid prices: what is worth most first), and only from units that the
    rule does not keep.
    ``trailing``: cycles between receipts from whose demand the next is expected, where no forecasts are given.
    ``carried_share``: share of its worth that a protected unit keeps when nobody wanted it before the next receipt
    (0 = perishable, as in Littlewood's rule).
    ``seed``: of intervals and of forecast noise.
    """

    max_lateness_days: float = 14.0
    trailing: int = 8
    carried_share: float = 0.9
    seed: int = 0


USUAL = ContestTerms()
