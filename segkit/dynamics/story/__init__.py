"""What people read first: headlines, assumptions, what wants a decision."""
