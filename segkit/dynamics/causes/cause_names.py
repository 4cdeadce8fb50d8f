"""The causes of margins: the column of each effect and what it is called."""

CAUSES = {
    "mix_effect": "mix",
    "price_effect": "price",
    "cost_effect": "cost",
    "discount_effect": "discount",
    "freight_effect": "freight",
    "order_size_effect": "order size",
    "returns_effect": "returns",
    "service_effect": "service",
    "payment_effect": "payment terms",
}
LOW_PRICED = "price against cost"
