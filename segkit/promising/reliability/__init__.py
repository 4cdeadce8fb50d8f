"""Step 4: dates that are promised from the company's own deliveries, and how they were kept."""
