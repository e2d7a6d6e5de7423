"""What losses with places and orders share: windows, morphology, sorted errors."""
