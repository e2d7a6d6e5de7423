"""Segmentation scores that can be trusted: confusion matrices and overlap metrics from two folders of masks."""

__version__ = "0.1.0"
