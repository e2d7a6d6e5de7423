"""Figures for papers and slides, drawn by matplotlib: the curves of losses, and what a run says."""
