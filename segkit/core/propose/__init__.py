"""``segkit new``: look at an unknown file, propose its mapping, write a workspace."""
