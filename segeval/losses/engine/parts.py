"""How a compound loss calls its parts."""

from collections.abc import Callable
from typing import Any

from segeval.arrays.functions import namespace
from segeval.evidence.pixels import Numbers

Formula = Callable[..., Any]


class Parts:
    """The values of other formulas on the same image or images: each an array of the value, then one for each class."""

    def __init__(self, value: Callable[[Formula, dict[str, Any]], Numbers]) -> None:
        self._value = value

    def __call__(self, formula: Formula, **params: Any) -> Numbers:
        return self._value(formula, params)

    @staticmethod
    def log(x: Numbers) -> Numbers:
        return namespace(x).log(x)
