"""What continuous integration shows of a verdict: one module for each surface, documents -> text."""
