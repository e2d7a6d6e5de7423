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
CASES: list[tuple[str, Any, Any, dict[str, Any]]] = [
    ("classes", np.exp(X) / np.exp(X).sum(axis=0), TRUTH, {}),
    ("logits", X, TRUTH, {"inputs": "logits"}),
    ("binary", 1 / (1 + np.exp(-X[0])), (TRUTH == 1).astype(int), {}),
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
    for name in [name for name, entry in LOSSES.items() if not entry.facts.get("direct")]:
        for kind, pred, truth, options in CASES:
            weights = (1.0, 2.0, 0.5)[: 2 if kind == "binary" else 3]
            extra: dict[str, dict[str, Any]] = {
                "weighted_cross_entropy": {"class_weights": weights},
                "ssim": {"window": 5},
                "unet_cross_entropy": {"weights": np.full((8, 9), 1.5)},
            }
            difference = disagreement(name, pred, truth, {**options, **extra.get(name, {})})
            worst = max(worst, difference)
            if not difference < 1e-9:
                print(f"{name}, {kind}: differs by {difference:.3g}")
    print(f"largest difference {worst:.3g}")


if __name__ == "__main__":
    main()
