"""A run as one HTML file that opens anywhere: no network, the same bytes each time, readable without its script."""
