"""Nothing of an image's size outlives a call."""

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.loss_reference.cases import softmax

from segeval import losses
from segeval.errors import Unfit
from segeval.losses import LOSSES

NAMES = [name for name, entry in LOSSES.items() if not entry.direct]
SHAPE = (32, 33)
NEEDED: dict[str, dict[str, Any]] = {
    "weighted_cross_entropy": {"class_weights": (1.0, 2.0, 0.5)},
    "ssim": {"window": 3},
    "unet_cross_entropy": {"weights": np.full(SHAPE, 1.5)},
}
R = np.random.RandomState(8)
PRED, TRUTH = softmax(R.randn(3, *SHAPE)), R.randint(0, 3, SHAPE)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Only what nothing refers to goes away: circles stay."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


def _left(call: Callable[[], Any]) -> int:
    """Bytes that a call leaves behind, once what it makes only once is there."""
    call()
    before = tracemalloc.get_traced_memory()[0]
    call()
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", NAMES)
def test_memory_is_flat_over_calls(name: str) -> None:
    params = NEEDED.get(name, {})
    for function in (losses.value, losses.gradient, losses.pixel_map):
        try:
            assert _left(lambda: function(name, PRED, TRUTH, **params)) < PRED.nbytes / 2  # noqa: B023
        except Unfit:
            assert function is losses.pixel_map


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", ["dice", "dice_cldice", "jensen_shannon"])
def test_what_came_in_and_what_went_out_is_let_go(name: str) -> None:
    given, truth = PRED.copy(), TRUTH.copy()
    found = losses.gradient(name, given, truth)
    kept = [weakref.ref(each) for each in (given, truth, found if found.base is None else found.base)]
    del given, truth, found
    assert [each() for each in kept] == [None, None, None]
