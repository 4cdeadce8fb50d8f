"""Files and databases into mapped, typed and marked tables."""
