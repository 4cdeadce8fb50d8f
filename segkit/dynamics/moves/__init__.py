"""How segments and their margins move, which moves are real, and why."""
