"""The commands: one module each, called by its name."""
