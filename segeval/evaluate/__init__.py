"""Pairs of files, or arrays -> evidence -> a run; the library's front door."""
