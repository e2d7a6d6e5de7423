"""What tests share: made-up runs, verdicts, and plain formulas to compare with."""
