"""Losses of tensors: their sweeps and short cuts give what the plain loops give, with the same derivatives."""

from typing import Any

import numpy as np
import pytest
from support.loss_reference import REFERENCE
from support.loss_reference.cases import CASES, SHAPE, Case, fits, settings, softmax

from segeval import losses
from segeval.losses import LOSSES

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.torch

from segeval.arrays import sweeps  # noqa: E402 - it wants torch

NAMES = LOSSES.asked_by_name()
R = np.random.RandomState(33)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image is several blocks, the last one shorter."""
    monkeypatch.setattr(sweeps, "blocks", _blocks)


def _blocks(x: Any) -> Any:
    return [(n, slice(start, start + 7)) for n in range(x.shape[0]) for start in range(0, x.shape[2], 7)]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_every_loss_of_tensors_is_that_of_the_plain_loops(name: str, kind: str) -> None:
    case = CASES[kind]
    for params in settings(name, case)[-1:] if fits(name, case) else ():
        options = {key: each for key, each in case.options.items() if key not in case.caller}
        expected = REFERENCE[name](Case(case.kind, case.pred, case.truth, case.inputs, case.ignore).image, **params)
        given = torch.tensor(case.pred.copy(), requires_grad=case.pred.dtype.kind == "f")
        truth = torch.tensor(case.truth.copy())
        found = losses.value(name, given, truth, **options, **params)
        assert found.item() == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
        each = losses.per_class(name, given, truth, **options, **params)
        theirs = losses.per_class(name, case.pred, case.truth, **options, **params)
        assert each.detach().numpy() == pytest.approx(theirs, rel=1e-9, abs=1e-12, nan_ok=True)
        if given.requires_grad:
            found.backward()
            slope = losses.gradient(name, case.pred, case.truth, **options, **params)  # without torch
            slope = np.nan_to_num(slope) if np.isnan(expected) else slope
            assert given.grad.numpy() == pytest.approx(slope, rel=1e-8, abs=1e-11)


X, LABELS = 2 * R.randn(2, 3, *SHAPE), R.randint(0, 3, (2, *SHAPE))
VOID = np.where(R.rand(2, *SHAPE) < 0.3, 255, LABELS)
SOFT = np.stack([softmax(x) for x in R.randn(2, 3, *SHAPE)])
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classes": (X, LABELS, {}),
    "ignored pixels": (X, VOID, {"ignore": (255,)}),
    "an ignored class": (X, VOID, {"ignore": (0, 255)}),
    "soft truth": (X, SOFT, {"channels": True}),
    "one-hot": (X, (np.arange(3)[:, None, None] == LABELS[:, None]).astype(np.uint8), {"channels": True}),
    "multilabel": (X, (R.rand(*X.shape) < 0.3).astype(np.float32), {"multilabel": True}),
    "soft multilabel": (X, R.rand(*X.shape), {"multilabel": True}),
    "binary": (X[:, :1], (LABELS == 1).astype(bool), {}),
    "binary, ignored": (X[:, :1], np.where(VOID == 2, 0, VOID), {"ignore": (255,)}),
    "probabilities": (np.stack([softmax(x) for x in X]), LABELS, {"inputs": "probabilities"}),
}
SOME = ["cross_entropy", "focal", "dice", "squared_dice", "sensitivity_specificity", "unified_focal", "lovasz_softmax"]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*SOME, "weighted_cross_entropy", "jensen_shannon", "soft_margin"])
def test_batches_are_as_without_torch(name: str, kind: str) -> None:
    """In double and in single precision; truths of every type; in memory in any order."""
    pred, truth, said = KINDS[kind]
    options = {"inputs": "logits", "batch": True, **said}
    if name == "weighted_cross_entropy":
        two = kind.startswith("binary") or "multilabel" in kind or kind == "an ignored class"
        options["class_weights"] = (0.5, 2.0) if two else (0.5, 2.0, 1.25)
    expected, slope = losses.value(name, pred, truth, **options), losses.gradient(name, pred, truth, **options)
    for kind_of_number, close in ((torch.float64, 1e-9), (torch.float32, 2e-5)):
        given = torch.tensor(np.moveaxis(pred, 1, -1), dtype=kind_of_number).movedim(-1, 1).requires_grad_()
        found = losses.value(name, given, torch.tensor(truth), **options)
        found.backward()
        assert found.dtype == given.grad.dtype == kind_of_number
        assert found.item() == pytest.approx(expected, rel=close)
        assert given.grad.numpy() == pytest.approx(slope, rel=close, abs=close * np.abs(slope).max())


@pytest.mark.parametrize("void", [False, True])
@pytest.mark.parametrize("sweep", [sweeps.softmax_sums, sweeps.sigmoid_sums])
def test_sweeps_have_second_derivatives(sweep: Any, void: bool) -> None:
    """By differences of the first ones."""
    x = torch.tensor(X.reshape(2, 3, -1)[:, :, :4], requires_grad=True)
    shape = (2, 4) if sweep is sweeps.softmax_sums else (2, 3, 4)
    truth = torch.tensor(R.randint(-int(void), 2, shape))
    assert torch.autograd.gradcheck(lambda given: tuple(sweep(given, truth, void, (0, 1, 2, 3))), x)
    assert torch.autograd.gradgradcheck(lambda given: tuple(sweep(given, truth, void, (0, 1, 2, 3))), x)
    assert torch.autograd.gradgradcheck(lambda given: sweep(given, truth, void, ())[0], x)


def test_large_logits_keep_their_digits() -> None:
    """Of logits around 10,000 the differences count: −ln p of the second class is ln(1 + e)."""
    x = torch.tensor([10_000.0, 9_999.0]).reshape(1, 2, 1, 1).requires_grad_()
    found = losses.value("cross_entropy", x, torch.ones(1, 1, 1, dtype=torch.int64), inputs="logits", batch=True)
    found.backward()
    assert found.item() == pytest.approx(1.3132616875, rel=1e-6)
    assert x.grad.flatten().tolist() == pytest.approx([0.7310585786, -0.7310585786], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_undefined_value_does_not_break_a_step(name: str) -> None:
    """All ignored, or a class that nobody has: nan with a derivative of 0, as torch's own cross entropy."""
    needed: dict[str, dict[str, Any]] = {
        "ssim": {"window": 3},
        "unet_cross_entropy": {"weights": torch.full((8, 9), 1.5)},
    }
    for pred, truth in (
        (torch.rand(8, 9), torch.full((8, 9), 255)),
        (torch.zeros(8, 9), torch.zeros(8, 9, dtype=torch.int64)),
        (torch.softmax(torch.rand(3, 8, 9), 0), torch.zeros(8, 9, dtype=torch.int64)),
    ):
        params = dict(needed.get(name, {}))
        if name == "weighted_cross_entropy":
            params["class_weights"] = torch.tensor((1.0, 2.0, 0.5)[: pred.ndim])
        given = pred.clone().requires_grad_()
        found = losses.value(name, given, truth, ignore=(255,), **params)
        found.backward()
        assert torch.isfinite(given.grad).all()
        assert not (found.isnan() and given.grad.any())
