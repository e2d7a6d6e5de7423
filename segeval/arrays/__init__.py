"""One way to write a formula for NumPy, the array API and torch, and exact derivatives of it."""
