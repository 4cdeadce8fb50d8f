"""Order lines: what each earned and cost, and their sums."""
