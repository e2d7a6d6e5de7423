"""Whether every loss of a torch tensor, and its autograd, agree with NumPy's: `python scripts/check_torch.py`.

Run by hand where torch is installed; the tests do without it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from segeval import losses
from segeval.errors import BadOption
from segeval.losses import LOSSES

R = np.random.RandomState(1)
X = R.randn(3, 8, 9)
TRUTH = R.randint(0, 3, (8, 9))
P = np.exp(X) / np.exp(X).sum(axis=0)
BINARY = (TRUTH == 1).astype(int)
VOID = {"ignore": (255,)}
CASES: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("classes", P, TRUTH, {}),
    ("logits", X, TRUTH, {"inputs": "logits"}),
    ("binary", 1 / (1 + np.exp(-X[0])), BINARY, {}),
    ("binary logits", X[1], BINARY, {"inputs": "logits"}),
    ("soft", P, P[::-1].copy(), {"channels": True}),
    ("ignored", P, np.where(R.rand(8, 9) < 0.2, 255, TRUTH), VOID),
    ("ignored logits", X, np.where(R.rand(8, 9) < 0.2, 255, TRUTH), {**VOID, "inputs": "logits"}),
    ("absent class", P, np.where(TRUTH == 2, 0, TRUTH), {}),
    ("micro", P, TRUTH, {"average": "micro", "background": False}),
    ("one-hot", np.eye(3)[(TRUTH + (R.rand(8, 9) < 0.3)) % 3].transpose(2, 0, 1).copy(), TRUTH, {}),
    ("perfect", np.eye(3)[TRUTH].transpose(2, 0, 1).copy(), TRUTH, {}),
    ("far logits", 300 * X, TRUTH, {"inputs": "logits"}),
    ("labels", X, (R.rand(3, 8, 9) < 0.5).astype(int), {"inputs": "logits", "channels": True, "multilabel": True}),
    ("batch", 1 / (1 + np.exp(-X)), np.stack([BINARY, BINARY.T.reshape(8, 9), 0 * BINARY]), {"batch": True}),
]


def disagreement(name: str, pred: Any, truth: Any, options: dict[str, Any]) -> float:
    """The largest difference of values and gradients, relative to the larger of 1 and their size."""
    given = torch.tensor(pred, requires_grad=True)
    value = losses.value(name, given, torch.tensor(truth), **options)
    assert value.ndim == 0
    if value.isnan():
        return 0.0 if np.isnan(losses.value(name, pred, truth, **options)) else np.inf
    found = [abs(value.item() - losses.value(name, pred, truth, **options)) / max(1.0, abs(value.item()))]
    if value.requires_grad:
        value.backward()
        expected = losses.gradient(name, pred, truth, **options)
        found.append(np.abs(given.grad.numpy() - expected).max() / max(1.0, np.abs(expected).max()))
    return float(max(found))


def half_precision() -> Iterator[str]:
    """What is wrong with 512 x 512 halves beside half a truth: ln 2, 1/2, and derivatives that are not 0."""
    truth = torch.zeros(512, 512)
    truth[:256] = 1
    for kind in (torch.float16, torch.bfloat16):
        for name, expected in (("cross_entropy", np.log(2)), ("dice", 0.5), ("mean_squared_error", 0.25)):
            pred = torch.full((512, 512), 0.5, dtype=kind, requires_grad=True)
            found = losses.value(name, pred, truth)
            found.backward()
            if not abs(found.item() - expected) < 1e-6 or not pred.grad.abs().min() > 0 or pred.grad.dtype != kind:
                yield f"{name} of {kind}: {found.item()}"
    network, images = torch.nn.Conv2d(1, 3, 1), torch.randn(2, 1, 8, 9)
    truth = torch.randint(0, 3, (2, 8, 9))
    with torch.autocast("cpu"):
        logits = network(images)
        found = losses.value("dice_cross_entropy", logits, truth, inputs="logits")
    found.backward()
    if not abs(found - losses.value("dice_cross_entropy", logits.detach().float(), truth, inputs="logits")) < 1e-6:
        yield "autocast"


def undefined() -> Iterator[str]:
    """Losses whose undefined value breaks a step of training, alone or in a batch: nan with a derivative of 0."""
    void, nothing = torch.full((8, 9), 255), torch.zeros(8, 9, dtype=torch.int64)
    for name in LOSSES.asked_by_name():
        for pred, truth in ((torch.rand(8, 9), void), (torch.zeros(8, 9), nothing), (torch.rand(3, 8, 9), nothing)):
            given = (pred / pred.sum(dim=0) if pred.ndim == 3 else pred).clone().requires_grad_()
            found = losses.value(name, given, truth, ignore=(255,), **needed(name, 3 if pred.ndim == 3 else 2))
            found.backward()
            if not torch.isfinite(given.grad).all() or (found.isnan() and given.grad.any()):
                yield f"{name}: {found.item()}, and a derivative up to {given.grad.abs().max().item()}"


def needed(name: str, outcomes: int) -> dict[str, Any]:
    """The parameters that a loss cannot do without on small images."""
    extra: dict[str, dict[str, Any]] = {
        "weighted_cross_entropy": {"class_weights": torch.tensor((1.0, 2.0, 0.5)[:outcomes])},
        "ssim": {"window": 3},
        "unet_cross_entropy": {"weights": torch.full((8, 9), 1.5)},
    }
    return extra.get(name, {})


def main() -> None:
    worst = 0.0
    for fault in (*half_precision(), *undefined()):
        print(fault)
    for name in LOSSES.asked_by_name():
        for kind, pred, truth, options in CASES:
            if name == "generalized_wasserstein_dice" and kind in ("soft", "labels"):
                continue
            outcomes = 2 if pred.ndim == 2 or kind in ("labels", "batch") else 3
            try:
                difference = disagreement(name, pred, truth, {**options, **needed(name, outcomes)})
            except BadOption:  # without effect on this loss
                continue
            worst = max(worst, difference)
            if not difference < 1e-9:
                print(f"{name}, {kind}: differs by {difference:.3g}")
    print(f"largest difference {worst:.3g}")


if __name__ == "__main__":
    main()
