"""What a loss does, found by asking it: of a small binary image with two objects, and of one without any."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from segeval.errors import SegevalError
from segeval.losses.functional import gradient, value
from segeval.measures import Loss

SIZE = 16
NEARLY = 2e-6  # what the clip at 1e-7, or an eps of 1e-6, leaves of a zero


@dataclass(frozen=True)
class Facts:
    """What can be said of a loss at its defaults; of one that must have weights, with balanced ones or a map of ones.

    Of a formula of other arrays nothing is known.
    """

    loss: Loss

    @cached_property
    def perfect(self) -> float:
        """The value where the prediction is the hard truth."""
        return self._value(objects(), objects())

    @cached_property
    def perfect_soft(self) -> float:
        """The value where it is a truth between 0 and 1; nan where the loss takes none."""
        return self._value(spread(), spread())

    @cached_property
    def pulls_on_background(self) -> bool | None:
        """Whether a pixel of true background has a gradient, where the image has foreground; None where undefined."""
        return self._pulls(objects())

    @cached_property
    def pulls_without_foreground(self) -> bool | None:
        """The same where the truth is background everywhere."""
        return self._pulls(np.zeros((SIZE, SIZE), int))

    @cached_property
    def places(self) -> bool:
        """Whether it matters where the pixels are: their order changes the value."""
        if self.loss.direct:
            return False
        order = np.random.RandomState(1).permutation(SIZE * SIZE)
        mixed = [array.ravel()[order].reshape(SIZE, SIZE) for array in (prediction(), objects())]
        return not np.isclose(self._value(prediction(), objects()), self._value(*mixed), rtol=1e-9, atol=0)

    @property
    def _must_have(self) -> dict[str, Any]:
        given = {self.loss.weight_map: np.ones((SIZE, SIZE)), self.loss.folder_weights: "balanced"}
        return {name: each for name, each in given.items() if name}

    def _value(self, pred: Any, truth: Any) -> float:
        try:
            return float(value(self.loss.name, pred, truth, batch=False, channels=False, **self._must_have))
        except SegevalError:  # such as of a soft truth
            return float("nan")

    def _pulls(self, truth: Any) -> bool | None:
        pulls = gradient(self.loss.name, prediction(), truth, batch=False, channels=False, **self._must_have)
        return None if np.isnan(pulls).all() else bool((pulls[truth == 0] != 0).any())


def objects() -> Any:
    """A square and a smaller one."""
    truth = np.zeros((SIZE, SIZE), int)
    truth[2:8, 2:8] = truth[10:13, 9:14] = 1
    return truth


def spread() -> Any:
    """Numbers from 0.1 to 0.9, no two alike, large and small ones mixed."""
    steps = np.arange(SIZE * SIZE) * (5**0.5 - 1) / 2
    return (0.1 + 0.8 * (steps - np.floor(steps))).reshape(SIZE, SIZE)


def prediction() -> Any:
    """The same, with an object where there is none."""
    pred = spread()
    pred[2:7, 10:15] = 0.95
    return pred
