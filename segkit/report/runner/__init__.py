"""The strict runner: parameters, kernels, lock, atomic publishing, what is on record."""
