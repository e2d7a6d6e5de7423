"""Losses of tensors: their sweeps and short cuts give what the plain loops give, with the same derivatives."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from support.loss_reference import REFERENCE
from support.loss_reference.cases import CASES, SHAPE, Case, fits, settings, softmax

from segeval import losses
from segeval.data.from_arrays import images
from segeval.errors import BadOption, SegevalError
from segeval.losses import LOSSES
from segeval.losses.engine.inputs import samples

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.torch

from segeval.arrays import sweeps  # noqa: E402 - it wants torch
from segeval.losses.engine.tensors import TensorSample  # noqa: E402

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
SKIPPED = R.rand(2, 1, *SHAPE) < 0.2
YES = R.rand(*X.shape) < 0.3
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classes": (X, LABELS, {}),
    "ignored pixels": (X, VOID, {"ignore": (255,)}),
    "an ignored class": (X, VOID, {"ignore": (0, 255)}),
    "soft truth": (X, SOFT, {"channels": True}),
    "one-hot": (X, (np.arange(3)[:, None, None] == LABELS[:, None]).astype(np.uint8), {"channels": True}),
    "soft truth, ignored": (X, np.where(SKIPPED, 255, SOFT), {"channels": True, "ignore": (255,)}),
    "multilabel": (X, YES.astype(np.float32), {"multilabel": True}),
    "multilabel, ignored": (X, np.where(SKIPPED, 255, YES).astype(np.uint8), {"multilabel": True, "ignore": (7, 255)}),
    "multilabel, a channel ignored": (
        X,
        np.where(VOID[:, None] > 2, [[[[1]], [[-7]], [[0]]]], YES.astype(float)),
        {"multilabel": True, "ignore": (-7,)},
    ),
    "soft multilabel": (X, R.rand(*X.shape), {"multilabel": True}),
    "soft binary": (X[:, :1], SOFT[:, :1], {"channels": True}),
    "soft binary, ignored": (X[:, :1], np.where(SKIPPED, 3, SOFT[:, :1]), {"channels": True, "ignore": (3,)}),
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
        two = "binary" in kind or "multilabel" in kind or kind == "an ignored class"
        options["class_weights"] = (0.5, 2.0) if two else (0.5, 2.0, 1.25)
    expected, slope = losses.value(name, pred, truth, **options), losses.gradient(name, pred, truth, **options)
    for kind_of_number, close in ((torch.float64, 1e-9), (torch.float32, 2e-5)):
        given = torch.tensor(np.moveaxis(pred, 1, -1), dtype=kind_of_number).movedim(-1, 1).requires_grad_()
        found = losses.value(name, given, torch.tensor(truth), **options)
        found.backward()
        assert found.dtype == given.grad.dtype == kind_of_number
        assert found.item() == pytest.approx(expected, rel=close)
        assert given.grad.numpy() == pytest.approx(slope, rel=close, abs=close * np.abs(slope).max())


SWEEPS: dict[str, tuple[Any, Any]] = {
    "softmax": (sweeps.softmax_sums, R.randint(0, 3, (2, 4))),
    "shared": (sweeps.shared_sums, R.rand(2, 3, 4)),
    "sigmoid": (sweeps.sigmoid_sums, R.randint(0, 2, (2, 3, 4))),
    "sigmoid, soft": (partial(sweeps.sigmoid_sums, hard=False), R.rand(2, 3, 4)),
}


@pytest.mark.parametrize("void", [False, True])
@pytest.mark.parametrize("kind", SWEEPS)
def test_sweeps_have_second_derivatives(kind: str, void: bool) -> None:
    """By differences of the first ones."""
    sweep, truth = SWEEPS[kind][0], torch.tensor(SWEEPS[kind][1])
    x = torch.tensor(X.reshape(2, 3, -1)[:, :, :4], requires_grad=True)
    kept = torch.tensor([[True, False, True, True], [False, True, True, False]]) if void else None

    def whole(given: Any) -> tuple[Any, ...]:
        costs, sums = sweep(given, truth, kept, (0, 1, 2, 3))
        return sums, *costs

    assert torch.autograd.gradcheck(whole, x)
    assert torch.autograd.gradgradcheck(whole, x)
    assert torch.autograd.gradcheck(lambda given: sweep(given, truth, kept, ())[0][1], x)
    assert torch.autograd.gradgradcheck(lambda given: sweep(given, truth, kept, ())[0][1], x)


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_truth_is_looked_at_twice(kind: str) -> None:
    """None falls back to the way of all other arrays, which is slow for tensors."""
    pred, truth, said = KINDS[kind]
    given = {
        "inputs": "logits",
        "ignore": (),
        **{key: each for key, each in said.items() if key in ("inputs", "ignore")},
    }
    axes = {"multilabel": said.get("multilabel", False), "channels": said.get("channels")}
    found = samples(images(torch.tensor(pred), torch.tensor(truth), batch=True, **axes), **given)
    assert all(isinstance(each, TensorSample) for each in found)
    assert {each.hard for each in found} == {"soft" not in kind}


NO_TARGET: list[tuple[str, Any, Any, dict[str, Any], str]] = [
    ("no sum of 1", 1, 0.75, {}, "sum"),
    ("beyond 1", 2, 1.5, {"multilabel": True}, "1.5"),
    ("below 0", 2, -0.5, {"multilabel": True}, "-0.5"),
    ("nan", 2, np.nan, {"multilabel": True}, "NaN"),
    ("nan beside ignored", 2, np.nan, {"multilabel": True, "ignore": (255,)}, "NaN"),
]


@pytest.mark.parametrize(
    ("channel", "value", "said", "words"), [row[1:] for row in NO_TARGET], ids=[row[0] for row in NO_TARGET]
)
def test_targets_that_are_none_are_refused(channel: int, value: float, said: dict[str, Any], words: str) -> None:
    """One pixel far behind the first is enough."""
    truth = torch.nn.functional.one_hot(torch.tensor(LABELS), 3).movedim(-1, 1).float()
    if "ignore" in said:
        truth[:, :, 0] = 255
    truth[1, :, -1, -1] = torch.tensor([0.0, 0.0, 0.0])
    truth[1, channel, -1, -1] = value
    with pytest.raises(SegevalError, match=words):
        losses.value("dice", torch.tensor(X), truth, inputs="logits", batch=True, **{"channels": True, **said})


@pytest.mark.parametrize("place", [(0, 1), (-1, -1)])
def test_a_truth_is_hard_or_not_by_every_pixel(place: tuple[int, int]) -> None:
    """One fraction, even one that single precision takes for 1, is no label of background."""
    truth = np.zeros((2, 1, 5, 30))
    truth[0, 0, 2:] = 1
    for value in (0.25, 1 - 1e-12):
        truth[(0, 0, *place)] = value
        x = R.randn(*truth.shape)
        for name in ("cross_entropy", "focal", "squared_dice"):
            options: dict[str, Any] = {"inputs": "logits", "batch": True}
            found = losses.value(name, torch.tensor(x, dtype=torch.float32), torch.tensor(truth), **options)
            expected = losses.value(name, x.astype(np.float32).astype(float), truth, **options)
            assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_class_is_no_ignored_value_of_a_target() -> None:
    with pytest.raises(BadOption, match="ignore holds 1"):
        losses.value(
            "dice", torch.tensor(X), torch.tensor(SOFT), inputs="logits", batch=True, channels=True, ignore=(1,)
        )


def test_large_logits_keep_their_digits() -> None:
    """Of logits around 10,000 the differences count: −ln p of the second class is ln(1 + e)."""
    x = torch.tensor([10_000.0, 9_999.0]).reshape(1, 2, 1, 1).requires_grad_()
    found = losses.value("cross_entropy", x, torch.ones(1, 1, 1, dtype=torch.int64), inputs="logits", batch=True)
    found.backward()
    assert found.item() == pytest.approx(1.3132616875, rel=1e-6)
    assert x.grad.flatten().tolist() == pytest.approx([0.7310585786, -0.7310585786], rel=1e-6)


def test_what_is_nearly_sure_keeps_its_digits() -> None:
    """−ln p of a logit of 30 on the right side is ln(1 + e^−30) = e^−30, on the wrong side 30."""
    for side, value, slope in ((1.0, 9.3576229689e-14, -9.3576229689e-14), (0.0, 30.0, 1.0)):
        x = torch.full((2, 1, 1, 3), 30.0, dtype=torch.float64, requires_grad=True)
        found = losses.value("cross_entropy", x, torch.full((2, 1, 1, 3), side), inputs="logits", batch=True)
        found.backward()
        assert found.item() == pytest.approx(value, rel=1e-9)
        assert x.grad.sum().item() == pytest.approx(slope, rel=1e-2)


def test_cross_entropy_makes_no_probabilities_of_all_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(TensorSample, "probabilities")
    for kind in ("classes", "ignored pixels", "soft truth", "multilabel", "binary"):
        pred, truth, said = KINDS[kind]
        found = losses.value(
            "cross_entropy", torch.tensor(pred), torch.tensor(truth), inputs="logits", batch=True, **said
        )
        assert torch.isfinite(found)


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
