"""Step 1: demand and profitability dynamics."""
