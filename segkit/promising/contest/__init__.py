"""The contest of rules: one order book replayed under every way to share what is short."""
