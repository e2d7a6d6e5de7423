"""Whether every loss of a torch tensor, and its autograd, agree with NumPy's: `python scripts/check_torch.py`.

Run by hand where torch is installed; the tests do without it.
"""

from typing import Any

import numpy as np
import torch

from segeval import losses
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
]


def disagreement(name: str, pred: Any, truth: Any, options: dict[str, Any]) -> float:
    """The largest difference of values and gradients, relative to the larger of 1 and their size."""
    given = torch.tensor(pred, requires_grad=True)
    value = losses.value(name, given, torch.tensor(truth), **options)
    assert value.ndim == 0
    found = [abs(value.item() - losses.value(name, pred, truth, **options)) / max(1.0, abs(value.item()))]
    if value.requires_grad:
        value.backward()
        expected = losses.gradient(name, pred, truth, **options)
        found.append(np.abs(given.grad.numpy() - expected).max() / max(1.0, np.abs(expected).max()))
    return float(max(found))


def main() -> None:
    worst = 0.0
    for name in LOSSES.asked_by_name():
        for kind, pred, truth, options in CASES:
            if name == "generalized_wasserstein_dice" and kind in ("soft", "labels"):
                continue
            weights = (1.0, 2.0, 0.5)[: 2 if pred.ndim == 2 or kind == "labels" else 3]
            extra: dict[str, dict[str, Any]] = {
                "weighted_cross_entropy": {"class_weights": weights},
                "ssim": {"window": 3},
                "unet_cross_entropy": {"weights": np.full((8, 9), 1.5)},
            }
            difference = disagreement(name, pred, truth, {**options, **extra.get(name, {})})
            worst = max(worst, difference)
            if not difference < 1e-9:
                print(f"{name}, {kind}: differs by {difference:.3g}")
    print(f"largest difference {worst:.3g}")


if __name__ == "__main__":
    main()
