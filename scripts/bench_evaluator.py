"""How fast arrays in memory are counted, beside torchmetrics and scikit-learn where they are installed.

    python scripts/bench_evaluator.py [--rounds 9] [--write]

One image of 2048 x 1024 labels in 19 classes, made of blobs as masks are; the best of the rounds, in turn.
"""

import argparse
import contextlib
from collections.abc import Callable
from importlib import metadata
from typing import Any

import benchmarks
import numpy as np

import segeval

HEIGHT, WIDTH, CLASSES = 1024, 2048, 19
Array = np.ndarray[Any, Any]


def masks(seed: int = 0) -> tuple[Array, Array]:
    """A truth of blobs of about 60 pixels, and a prediction whose borders differ by a few pixels."""
    random = np.random.RandomState(seed)
    coarse = random.randint(0, CLASSES, (HEIGHT // 64 + 1, WIDTH // 64 + 1)).astype(np.uint8)
    truth = np.kron(coarse, np.ones((64, 64), np.uint8))[:HEIGHT, :WIDTH]
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    moved = np.clip(rows + (3 * np.cos(columns / 23)).astype(int), 0, HEIGHT - 1)
    pred = truth[moved, columns]
    return np.ascontiguousarray(pred), np.ascontiguousarray(truth)


def ours(pred: Array, truth: Array) -> Callable[[], object]:
    evaluator = segeval.Evaluator(num_classes=CLASSES)
    return lambda: evaluator.update(pred, truth, batch=False)


def by_sklearn(pred: Array, truth: Array) -> Callable[[], object] | None:
    try:
        from sklearn.metrics import confusion_matrix
    except ImportError:
        return None
    return lambda: confusion_matrix(truth.ravel(), pred.ravel(), labels=range(CLASSES))


def by_torchmetrics(pred: Array, truth: Array) -> Callable[[], object] | None:
    try:
        import torch
        from torchmetrics.classification import MulticlassConfusionMatrix
    except ImportError:
        return None
    metric = MulticlassConfusionMatrix(CLASSES)
    given = torch.from_numpy(pred.astype(np.int64)), torch.from_numpy(truth.astype(np.int64))
    return lambda: metric.update(*given)


def by_bincount(pred: Array, truth: Array) -> Callable[[], object]:
    return lambda: np.bincount(truth.ravel().astype(np.int64) * CLASSES + pred.ravel(), minlength=CLASSES**2)


def time_evaluator_update(rounds: int) -> list[str]:
    """A table of nanoseconds for each pixel."""
    pred, truth = masks()
    programs = {
        "segeval.Evaluator.update": ours(pred, truth),
        "np.bincount": by_bincount(pred, truth),
        "torchmetrics": by_torchmetrics(pred, truth),
        "scikit-learn": by_sklearn(pred, truth),
    }
    best = benchmarks.best({name: work for name, work in programs.items() if work}, rounds)
    first = best["segeval.Evaluator.update"]
    lines = ["| program | ns a pixel | times segeval |", "|---|---|---|"]
    return lines + [f"| {name} | {1e9 * took / pred.size:.2f} | {took / first:.1f} |" for name, took in best.items()]


def installed() -> str:
    """The versions of what is compared, as far as it is there."""
    found = []
    for name in ("numpy", "torch", "torchmetrics", "scikit-learn"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return ", ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    asked = parser.parse_args()
    page = [
        f"## Arrays in memory: `Evaluator.update` of one {WIDTH} × {HEIGHT} uint8 label map, {CLASSES} classes",
        "",
        f"Written by `scripts/bench_evaluator.py`: the best of {asked.rounds} rounds in turn, bookkeeping included;",
        f"{installed()}.",
        "",
        *time_evaluator_update(asked.rounds),
    ]
    print("\n".join(page))
    if asked.write:
        benchmarks.write("bench_evaluator", page)


if __name__ == "__main__":
    main()
