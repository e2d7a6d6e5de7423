"""Metrics: short pure functions of evidence."""

import importlib
from typing import Any

from segeval.measures import Metrics

METRICS = Metrics("metric")
METRICS.discover(__name__, list(__path__))

__all__ = ["METRICS", "value"]


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name].public
    if name == "value":  # the way in for arrays, which knows far more than formulas do
        return importlib.import_module("segeval.evaluate.api").value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
