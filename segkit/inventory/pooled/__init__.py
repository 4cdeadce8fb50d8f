"""Forecasts of many series together: what one of them is too short to tell, those that behave alike tell."""
