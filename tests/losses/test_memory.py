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
from segeval.losses.engine.evidence import Placed
from segeval.losses.engine.kind import COUNTED, Apart, Losses

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


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    "name", ["jensen_shannon", "skew_jensen_shannon", "multilabel_soft_margin", "dice_cross_entropy"]
)
def test_a_gradient_takes_a_few_times_the_prediction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the 20 to 30 arrays that the steps of all pixels would be."""
    monkeypatch.setattr("segeval.evidence.sample.BLOCK", 1024)
    pred, truth = softmax(R.randn(8, 96, 128)), R.randint(0, 8, (96, 128))
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    losses.gradient(name, pred, truth)
    assert tracemalloc.get_traced_memory()[1] - before < 5 * pred.nbytes


@pytest.mark.parametrize("ignore", [(), (1,), (255,)])
@pytest.mark.parametrize(
    "name", ["dice", "exp_log", "topk_cross_entropy", "dice_cldice", "generalized_wasserstein_dice"]
)
def test_gradients_are_the_same_in_blocks(name: str, ignore: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all pixels of a block are ignored, too."""
    pred, truth = softmax(R.randn(3, 48, 50)), R.randint(0, 3, (48, 50))
    truth[:24] = (ignore or (0,))[0]
    whole = losses.gradient(name, pred, truth, ignore=ignore)
    monkeypatch.setattr("segeval.evidence.sample.BLOCK", 1)
    assert losses.gradient(name, pred, truth, ignore=ignore) == pytest.approx(whole, rel=1e-9, abs=1e-15)


def test_stored_images_of_which_nothing_is_kept_share_one_object() -> None:
    """As those that were just measured do."""
    kept = Apart(kept={("toy", ()): Placed.of(np.array([0.25, np.nan]))})
    found = Losses.unpacked(Losses.packed([COUNTED, None, kept, COUNTED]))
    assert found[0] is found[3] is COUNTED
    assert found[1] is None
    assert found[2] is not None
    assert list(found[2].kept) == list(kept.kept)
    assert found[2].kept["toy", ()].total.tolist() == [0.25, 0]
    assert found[2].kept["toy", ()].images.tolist() == [1, 0]
