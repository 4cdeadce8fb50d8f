"""Classes and segments of items, customers and suppliers."""
