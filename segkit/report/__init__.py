"""Runs, pages, charts and the workbook: what a user sees."""
