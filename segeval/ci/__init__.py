"""What continuous integration shows of a verdict: one module per surface, each a function from documents to text."""
