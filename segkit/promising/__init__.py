"""Step 4: what can be promised to whom and when, from scarce stock."""
