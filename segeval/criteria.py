"""From the evidence of single images to the losses of a run."""

import functools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.arrays import Array
from segeval.errors import Unfit
from segeval.losses.asking import LossChoice
from segeval.losses.plan import Asked, Measured, Plan, values
from segeval.statistics import mean


@dataclass(frozen=True)
class Criteria:
    """The losses of some images over some classes: everything here is a function of their evidence."""

    choice: LossChoice
    ids: tuple[int, ...]
    names: tuple[str, ...]
    measured: Sequence[Measured | None]  # one for each image, in order; None: no prediction

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The losses with all their parameters."""
        return self.choice.final(self.ids, self._there)

    @cached_property
    def _there(self) -> list[Measured]:
        return [each for each in self.measured if each is not None]

    @cached_property
    def images(self) -> dict[str, Array]:
        """For each loss (images, 1 + classes): the value of each image, then those of its classes; nan: undefined."""
        return {each.name: np.array([self._values(each, one) for one in self.measured]) for each in self.asked}

    def _values(self, asked: Asked, one: Measured | None) -> Array:
        undefined = np.full(1 + len(self.ids), math.nan)
        if one is None:
            return undefined
        try:
            with np.errstate(under="ignore"):
                return np.asarray(values(asked, one, self.choice.caller))
        except Unfit:
            return undefined

    def document(self) -> dict[str, Any]:
        """The block `losses` of run.json."""
        return {each.name: self._block(each) for each in self.asked}

    def _block(self, asked: Asked) -> dict[str, Any]:
        rows = self.images[asked.name].reshape(len(self.measured), 1 + len(self.ids))
        summed = self.choice.over == "batch" and Plan([asked]).adds_up
        found = self._values(asked, self._total) if summed else [mean(column).value for column in rows.T]
        return {
            "value": float(found[0]),
            "per_class": {name: float(each) for name, each in zip(self.names, found[1:], strict=True)},
            "params": {name: _plain(value) for name, value in asked.params.items()},
            "reduction": "sums over all images, then the formula" if summed else "mean over images",
            "images": len(self.measured),
            "undefined": int(np.isnan(rows[:, 0]).sum()),
        }

    @cached_property
    def _total(self) -> Measured | None:
        """The evidence of all images together."""
        return functools.reduce(operator.add, self._there) if self._there else None


def _plain(value: Any) -> Any:
    """A parameter as JSON has it; a map belongs to each image."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return "a map for each image" if isinstance(value, np.ndarray) else value
