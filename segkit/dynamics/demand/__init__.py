"""Demand over time: the panel, its patterns, its seasons."""
