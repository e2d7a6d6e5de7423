"""Losses as modules of torch: what is a buffer, what learns, what the first call decides, and what is refused."""

import copy
import math
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from support.loss_reference import REFERENCE
from support.loss_reference.cases import Case

from segeval import errors, losses

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.torch

R = np.random.RandomState(21)
X = 1.5 * R.randn(2, 3, 5, 6)
LABELS = R.randint(0, 3, (2, 5, 6))
LOGITS, TRUTH = torch.tensor(X), torch.tensor(LABELS)
MAPS = torch.tensor(R.rand(2, 5, 6) + 0.5)


@contextmanager
def refused(error: type[errors.SegevalError], said: str) -> Iterator[None]:
    """The error, with these words in its message or its hint."""
    with pytest.raises(error) as caught:
        yield
    assert re.search(said, f"{caught.value.message}; {caught.value.hint}")


def mean_of_images(name: str, pred: Any = X, truth: Any = LABELS, kind: str = "classes", **params: Any) -> float:
    """By the plain loops of the tests, image by image."""
    cases = [Case(kind, p, t, "logits") for p, t in zip(pred, truth, strict=True)]
    return float(np.mean([REFERENCE[name](case.image, **params) for case in cases]))


@pytest.mark.parametrize("name", ["cross_entropy", "dice", "lovasz_softmax", "dice_cldice", "jensen_shannon"])
def test_a_module_is_the_mean_over_the_images_of_a_batch(name: str) -> None:
    module = losses.module(name, inputs="logits")
    given = LOGITS.clone().requires_grad_()
    found = module(given, TRUTH)
    assert found.item() == pytest.approx(mean_of_images(name), rel=1e-9)
    found.backward()
    expected = losses.gradient(name, X, LABELS, inputs="logits")  # without torch
    assert given.grad.numpy() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert module(LOGITS.float(), TRUTH).dtype == torch.float32


def test_values_are_those_of_torch() -> None:
    """Of the same name there, in single precision."""
    given = LOGITS.float()
    for smoothing in (0.0, 0.2):
        module = losses.module("cross_entropy", inputs="logits", reduction="pooled", label_smoothing=smoothing)
        theirs = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)
        found = module(given, TRUTH)
        assert found.item() == pytest.approx(theirs(given, TRUTH).item(), rel=1e-6)
    weights = (0.5, 2.0, 3.25)
    module = losses.module(
        "weighted_cross_entropy", inputs="logits", class_weights=weights, normalize="weights", reduction="pooled"
    )
    theirs = torch.nn.CrossEntropyLoss(weight=torch.tensor(weights))
    assert module(given, TRUTH).item() == pytest.approx(theirs(given, TRUTH).item(), rel=1e-6)
    void = torch.where(MAPS > 1.2, 255, TRUTH)
    found = losses.module("cross_entropy", inputs="logits", ignore=(255,), reduction="pooled")(given, void)
    theirs = torch.nn.CrossEntropyLoss(ignore_index=255)
    assert found.item() == pytest.approx(theirs(given, void).item(), rel=1e-6)
    found = losses.module("cross_entropy", inputs="logits", multilabel=True, batch=True)(
        given, (MAPS > 1).long()[:, None].expand(2, 3, 5, 6)
    )
    theirs = torch.nn.BCEWithLogitsLoss()(given, (MAPS > 1).float()[:, None].expand(2, 3, 5, 6))
    assert found.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_class_weights_are_a_buffer() -> None:
    module = losses.module("weighted_cross_entropy", inputs="logits", class_weights=(0.5, 2.0, 3.25))
    assert list(module.state_dict()) == ["class_weights"]
    assert not list(module.parameters())
    other = losses.module("weighted_cross_entropy", inputs="logits", class_weights=(1.0, 1.0, 1.0))
    expected = mean_of_images("weighted_cross_entropy", class_weights=(0.5, 2.0, 3.25))
    assert other(LOGITS, TRUTH).item() == pytest.approx(mean_of_images("cross_entropy"), rel=1e-9)
    other.load_state_dict(module.state_dict())
    assert other(LOGITS, TRUTH).item() == pytest.approx(expected, rel=1e-9)
    with torch.no_grad():
        other.class_weights[:] = 2.0
    assert other(LOGITS, TRUTH).item() == pytest.approx(2 * mean_of_images("cross_entropy"), rel=1e-9)
    by_id = losses.module("weighted_cross_entropy", inputs="logits", class_weights={0: 0.5, 2: 3.25, 1: 2.0})
    assert by_id(LOGITS, TRUTH).item() == pytest.approx(expected, rel=1e-9)
    given = torch.tensor([0.5, 2.0, 3.25])
    assert losses.module("weighted_cross_entropy", class_weights=given).class_weights.dtype == torch.float32


def test_nu_learns() -> None:
    """The derivative by log ν is that of differences of the plain formula."""
    log_nu = torch.nn.Parameter(torch.tensor(1.5))
    module = losses.module("t_loss", inputs="logits", log_nu=log_nu, log_precision=0.25)
    assert list(module.parameters()) == [log_nu]
    found = module(LOGITS, TRUTH)
    assert found.item() == pytest.approx(mean_of_images("t_loss", log_nu=1.5, log_precision=0.25), rel=1e-9)
    found.backward()
    steps = [mean_of_images("t_loss", log_nu=1.5 + step, log_precision=0.25) for step in (-1e-4, 1e-4)]
    assert log_nu.grad.item() == pytest.approx((steps[1] - steps[0]) / 2e-4, rel=1e-5)
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    assert module(LOGITS, TRUTH).item() < found.item()
    assert losses.value("t_loss", LOGITS, TRUTH, inputs="logits", log_nu=log_nu).requires_grad


def test_a_weight_map_is_of_the_batch() -> None:
    module = losses.module("unet_cross_entropy", inputs="logits")
    each = [
        REFERENCE["unet_cross_entropy"](Case("classes", x, t, "logits").image, weights=w.numpy())
        for x, t, w in zip(X, LABELS, MAPS, strict=True)
    ]
    assert module(LOGITS, TRUTH, weights=MAPS).item() == pytest.approx(np.mean(each), rel=1e-9)
    with refused(errors.BadParameter, "needs weights"):
        module(LOGITS, TRUTH)
    with refused(errors.BadParameter, "of a batch"):
        losses.module("unet_cross_entropy", weights=MAPS)
    with refused(errors.BadOption, "no effect on dice"):
        losses.module("dice", inputs="logits")(LOGITS, TRUTH, weights=MAPS)


@pytest.mark.parametrize("name", ["focal", "weighted_cross_entropy", "t_loss"])
def test_modules_can_be_copied_and_pickled(name: str) -> None:
    params: dict[str, Any] = {
        "focal": {"gamma": 1.5},
        "weighted_cross_entropy": {"class_weights": (0.5, 2.0, 3.25)},
        "t_loss": {"log_nu": torch.nn.Parameter(torch.tensor(0.5))},
    }[name]
    module = losses.module(name, inputs="logits", **params)
    expected = module(LOGITS, TRUTH).item()
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert other(LOGITS, TRUTH).item() == expected
        assert str(other.state_dict()) == str(module.state_dict())
    assert name in repr(module)


def test_the_first_call_decides_what_the_axes_are() -> None:
    """A last batch of one image, or of as many as classes, is read as those before it."""
    module = losses.module("dice", inputs="logits")
    module(LOGITS, TRUTH)
    three = torch.tensor(np.concatenate([X, -X[:1]])), torch.tensor(np.concatenate([LABELS, LABELS[:1]]))
    expected = mean_of_images("dice", *(each.numpy() for each in three))
    assert module(*three).item() == pytest.approx(expected, rel=1e-9)
    assert module(LOGITS[:1], TRUTH[:1]).item() == pytest.approx(mean_of_images("dice", X[:1], LABELS[:1]), rel=1e-9)
    with pytest.raises(errors.ShapesDiffer):
        module(LOGITS[0], TRUTH[0])
    with refused(errors.TwoReadings, "batch=True"):
        losses.module("dice", inputs="logits")(*three)
    one_hot = torch.nn.functional.one_hot(TRUTH, 3).movedim(-1, 1)
    for said in ({}, {"batch": True}, {"batch": False}):
        with refused(errors.TwoReadings, "channels=True" if said else "batch=True"):
            losses.module("dice", inputs="logits", **said)(LOGITS, one_hot)
    found = losses.module("dice", inputs="logits", batch=True, channels=True)(LOGITS, one_hot)
    assert found.item() == pytest.approx(mean_of_images("dice"), rel=1e-9)
    foreground = LOGITS[:, :1], (TRUTH[:, None] == 1).float()
    found = losses.module("hausdorff_dt", inputs="logits", batch=True)(*foreground)
    expected = mean_of_images("hausdorff_dt", X[:, 0], (LABELS == 1).astype(int), "binary")
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_other_reductions() -> None:
    each = [mean_of_images("dice", X[n : n + 1], LABELS[n : n + 1]) for n in (0, 1)]
    found = losses.module("dice", inputs="logits", reduction="none")(LOGITS, TRUTH)
    assert found.tolist() == pytest.approx(each, rel=1e-9)
    side_by_side = np.concatenate(X, axis=1)[None], np.concatenate(LABELS)[None]
    found = losses.module("dice", inputs="logits", reduction="pooled")(LOGITS, TRUTH)
    assert found.item() == pytest.approx(mean_of_images("dice", *side_by_side), rel=1e-9)


def test_half_precision_is_summed_in_single() -> None:
    """512 x 512 halves of ½ beside half a truth: sums far beyond what half precision holds."""
    truth = torch.zeros(1, 512, 512, dtype=torch.int64)
    truth[:, :256] = 1
    for kind in (torch.float16, torch.bfloat16):
        for name, expected in (("cross_entropy", math.log(2)), ("dice", 0.5), ("mean_squared_error", 0.25)):
            pred = torch.full((1, 512, 512), 0.5, dtype=kind, requires_grad=True)
            found = losses.module(name, batch=True)(pred, truth)
            found.backward()
            assert (found.dtype, pred.grad.dtype) == (torch.float32, kind)
            assert found.item() == pytest.approx(expected, rel=1e-6)
            assert pred.grad.abs().min() > 0 or kind == torch.float16


def test_autocast() -> None:
    network, image = torch.nn.Conv2d(1, 3, 1), torch.rand(2, 1, 5, 6)
    module = losses.module("dice_cross_entropy", inputs="logits")
    with torch.autocast("cpu"):
        logits = network(image)
        found = module(logits, TRUTH)
    assert (logits.dtype, found.dtype) == (torch.bfloat16, torch.float32)
    found.backward()
    assert found.item() == pytest.approx(module(logits.detach().float(), TRUTH).item(), rel=1e-6)
    assert torch.isfinite(network.weight.grad).all()


@pytest.mark.parametrize("name", ["cross_entropy", "dice", "tversky", "focal", "jensen_shannon"])
def test_what_calls_a_module_can_be_compiled(name: str) -> None:
    network, module = torch.nn.Conv2d(1, 3, 1).double(), losses.module(name, inputs="logits")
    image = torch.rand(2, 1, 5, 6, dtype=torch.float64)
    compiled = torch.compile(lambda x, y: module(network(x), y), backend="eager")
    found = compiled(image, TRUTH)
    assert found.item() == pytest.approx(module(network(image), TRUTH).item(), rel=1e-12)
    found.backward()
    assert network.weight.grad.abs().sum() > 0


BAD: list[tuple[str, Any, Any, type[Exception], str]] = [
    ("a list of two sizes", [LOGITS[0], LOGITS[0, :, 1:]], TRUTH, errors.UnfitPixels, r"torch\.stack"),
    ("two sizes", LOGITS, TRUTH[:, 1:], errors.ShapesDiffer, "2 x 4 x 6"),
    ("whole numbers", LOGITS.argmax(1), TRUTH, errors.UnfitPixels, "int64, which has no derivative"),
    ("an array", X, TRUTH, errors.UnfitPixels, "ndarray"),
    ("nan", torch.where(LOGITS > 2, torch.nan, LOGITS), TRUTH, errors.NotFinite, r"pred\[\d\]"),
    ("infinity", torch.where(LOGITS > 2, torch.inf, LOGITS), TRUTH, errors.NotFinite, "infinity"),
    ("two devices", LOGITS, torch.empty(2, 5, 6, dtype=torch.int64, device="meta"), errors.UnfitPixels, "on cpu and"),
    ("labels beyond the classes", LOGITS, TRUTH + 1, errors.UnknownTruthIds, "3"),
]


@pytest.mark.parametrize(("pred", "truth", "error", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_refused(pred: Any, truth: Any, error: type[Exception], said: str) -> None:
    with refused(error, said):
        losses.module("dice", inputs="logits")(pred, truth)


def test_parameters_are_checked_before_any_batch() -> None:
    with refused(errors.BadParameter, "from 0"):
        losses.module("tversky", fp_weight=-1)
    with refused(errors.BadParameter, "log_nu is 200"):
        losses.module("t_loss", log_nu=torch.tensor(200.0, requires_grad=True))
    with refused(errors.BadParameter, "2 numbers"):
        losses.module("t_loss", log_nu=torch.tensor([1.0, 2.0], requires_grad=True))
    with refused(errors.BadParameter, r"focal\.gamma is a tensor that learns"):
        losses.module("focal", gamma=torch.tensor(2.0, requires_grad=True))
    with refused(errors.UnknownName, "dice"):
        losses.module("dicee")
    with refused(errors.BadOption, "inputs"):
        losses.module("dice", inputs="logit")
    with refused(errors.BadParameter, "2 numbers for 3"):
        losses.module("focal", alpha=(0.25, 0.75), inputs="logits")(LOGITS, TRUTH)
