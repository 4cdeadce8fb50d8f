"""Who may have how much of each supply: quotas of customer classes, and the numbers that decided on them."""
