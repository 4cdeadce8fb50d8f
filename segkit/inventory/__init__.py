"""Step 2: forecasts, demand over the protection interval, and how good they were."""
