"""Segmentation scores that can be trusted: confusion matrices and overlap metrics from two folders of masks."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "Evaluator",
    "IncompleteRun",
    "Run",
    "SegevalError",
    "distance",
    "evidence",
    "losses",
    "metrics",
    "score",
    "testing",
    "weightmap",
]

if TYPE_CHECKING:
    from segeval import distance, evidence, losses, metrics, testing, weightmap
    from segeval.errors import SegevalError
    from segeval.evaluate.api import IncompleteRun, score
    from segeval.evaluate.evaluator import Evaluator
    from segeval.run.run import Run


def __getattr__(name: str) -> Any:
    """The public names and rooms, imported when asked for, so that the command line starts at once."""
    import importlib

    homes = {
        "Evaluator": "evaluate.evaluator",
        "IncompleteRun": "evaluate.api",
        "Run": "run.run",
        "SegevalError": "errors",
        "score": "evaluate.api",
    }
    if name in homes:
        return getattr(importlib.import_module(f"segeval.{homes[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"segeval.{name}")
    raise AttributeError(f"module 'segeval' has no attribute {name!r}")
