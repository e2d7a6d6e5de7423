"""The losses of a run as `run.json` has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.arrays.functions import Array
from segeval.evidence.kinds import Columns
from segeval.losses.engine.evidence import Asked, Measured, Plan
from segeval.losses.engine.selection import LossChoice
from segeval.run.statistics import mean


@dataclass(frozen=True)
class Criteria:
    """The losses of some images over some classes: everything here is a function of their evidence."""

    choice: LossChoice
    ids: tuple[int, ...]
    names: tuple[str, ...]
    measured: Sequence[Measured | None]  # one for each image, in order; None: no prediction
    load: Callable[[], Columns]  # the values of images and classes

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The losses with all their parameters."""
        return self.choice.final(self.ids, [each for each in self.measured if each is not None])

    def summed(self, asked: Asked) -> bool:
        """Whether a loss is computed of the evidence of all images together."""
        return self.choice.over == "batch" and Plan([asked]).adds_up

    @cached_property
    def document(self) -> dict[str, Any]:
        """The block `losses` of run.json."""
        return {each.name: self._block(each) for each in self.asked}

    def _block(self, asked: Asked) -> dict[str, Any]:
        columns = self.load()
        of_images, of_classes = columns.images[asked.name], columns.classes[asked.name]
        summed = self.summed(asked)
        rows = np.column_stack([of_images, of_classes])
        values = self._of_total(asked) if summed else [mean(column).value for column in rows.T]
        return {
            "value": float(values[0]),
            "per_class": {name: float(each) for name, each in zip(self.names, values[1:], strict=True)},
            "params": {name: _plain(value) for name, value in asked.params.items()},
            "reduction": "sums over all images, then the formula" if summed else "mean over images",
            "images": len(self.measured),
            "undefined": int(np.isnan(of_images).sum()),
        }

    def _of_total(self, asked: Asked) -> Array:
        """The value of the evidence of all images together, then those of classes."""
        found: Array = Measured.values(asked, Measured.summed(self.measured), len(self.ids), self.choice.caller)
        return found


def _plain(value: Any) -> Any:
    """A parameter as JSON has it; a map belongs to each image."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return "a map for each image" if isinstance(value, np.ndarray) else value
