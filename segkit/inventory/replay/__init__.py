"""Step 2: policies replayed on held-out history, beside one size for all and a rule of thumb."""
