"""One item's or one customer's way from its order lines to every result: the rows behind each figure, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.core.errors import UsageError
from segkit.explain.customer import explain_customer
from segkit.explain.explanation import Explanation, Step
from segkit.explain.item import explain_item

if TYPE_CHECKING:
    from segkit.plan.story import Story

__all__ = ["Explanation", "Step", "explain"]


def explain(plan: Story, item_id: str | None, location_id: str | None, customer_id: str | None) -> Explanation:
    """Return the explanation of an item (of one customer and location, where they are named) or of a customer.

    Parameters
    ----------
    plan : Story
        Whose tables are asked.
    item_id, location_id, customer_id : str or None
        What is explained; an item or a customer at least.

    Returns
    -------
    Explanation
        Steps with sentences and rows.

    Raises
    ------
    UsageError
        Neither an item nor a customer is named.
    DataError
        No order line has what was named; near ids are offered.
    """
    if item_id:
        return explain_item(plan, item_id, location_id=location_id, customer_id=customer_id)
    if customer_id:
        return explain_customer(plan, customer_id, location_id=location_id)
    fix = 'Name an item, plan.explain("ITEM"), or a customer, plan.explain(customer_id="CUSTOMER").'
    raise UsageError(f"neither an item nor a customer is named\n{fix}")
