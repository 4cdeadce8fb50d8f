"""Why margins are what they are, and what would end a loss."""
