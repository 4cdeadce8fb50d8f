"""Columns, contracts, sources, settings, cleaning, lead times: what every step stands on."""
