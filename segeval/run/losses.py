"""The losses of a run as `run.json` has them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.losses.engine.evidence import Asked
from segeval.losses.engine.kind import Images, Values
from segeval.losses.engine.selection import LossChoice
from segeval.run.statistics import mean


@dataclass(frozen=True)
class Criteria:
    """The losses of some images over some classes: everything here is a function of their evidence."""

    values: Values  # of images and classes
    number: int  # of images
    names: tuple[str, ...]  # of classes

    @property
    def images(self) -> Images:
        """What each image left behind."""
        return self.values.of

    @property
    def choice(self) -> LossChoice:
        return self.images.choice

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The losses with all their parameters."""
        return self.images.asked

    @property
    def summed(self) -> bool:
        """Whether losses are computed of the evidence of all images together."""
        return self.choice.over == "batch"

    @cached_property
    def document(self) -> dict[str, Any]:
        """The block `losses` of run.json."""
        return {each.name: self._block(each) for each in self.asked}

    def _block(self, asked: Asked) -> dict[str, Any]:
        rows, summed = self.values.rows(asked.name), self.summed
        values = self.images.total(asked) if summed else [mean(column).value for column in rows.T]
        return {
            "value": float(values[0]),
            "per_class": {name: float(each) for name, each in zip(self.names, values[1:], strict=True)},
            "params": {name: _plain(value) for name, value in asked.params.items()},
            "reduction": "sums over all images, then the formula" if summed else "mean over images",
            "images": self.number,
            "undefined": int(np.isnan(rows[:, 0]).sum()),
            **({"clipped": self.images.hard} if asked.entry.log else {}),
        }


def _plain(value: Any) -> Any:
    """A parameter as JSON has it; a map belongs to each image."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return "a map for each image" if isinstance(value, np.ndarray) else value
