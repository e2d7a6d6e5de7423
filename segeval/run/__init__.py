"""A run: its records, tables and numbers, and how it is stored."""
