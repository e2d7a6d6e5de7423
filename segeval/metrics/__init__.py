"""Metrics: short pure functions of evidence."""

from typing import Any

from segeval.measures import Metrics

METRICS = Metrics("metric")
METRICS.discover(__name__, list(__path__))

__all__ = ["METRICS"]


def __getattr__(name: str) -> Any:
    if name in METRICS:
        return METRICS[name].func
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
