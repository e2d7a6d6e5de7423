"""How much memory `losses.gradient` takes for each loss; writes its part of docs/benchmarks.md.

    python scripts/bench_gradients.py [--height 256] [--width 512] [--only NAME]... [--write]

Peaks by `tracemalloc` over the bytes of a float64 prediction, the result (1.0 of it) among them: of 19 classes, and of
one class for losses with places, whose steps are those of a plane. What is left after the call is told too.
"""

import argparse
import tracemalloc
from typing import Any

import benchmarks
import numpy as np

from segeval import losses
from segeval.evidence.sample import Field, Picture
from segeval.losses import LOSSES
from segeval.losses.engine.evidence import Plan
from segeval.losses.functional import ask

CLASSES = 19
Array = np.ndarray[Any, Any]


def needed(name: str, truth: Array) -> dict[str, Any]:
    """The parameters that a loss cannot do without."""
    if name == "weighted_cross_entropy":
        return {"class_weights": "balanced"}
    return {"weights": np.full(truth.shape, 1.5)} if LOSSES[name].weight_map else {}


def measured(name: str, pred: Array, truth: Array) -> tuple[float, float]:
    """The peak and what is left, over the bytes of the prediction."""
    params = needed(name, truth)
    small = (slice(None),) * (pred.ndim - 2) + (slice(32), slice(32))
    losses.gradient(name, pred[small], truth[:32, :32], **needed(name, truth[:32, :32]))  # what is made only once
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    found = losses.gradient(name, pred, truth, **params)
    peak = tracemalloc.get_traced_memory()[1] - before
    size = pred.nbytes
    del found
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return peak / size, left / size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    random = np.random.RandomState(0)
    shape = (options.height, options.width)
    truth = np.kron(random.randint(0, CLASSES, (-(-shape[0] // 32), -(-shape[1] // 32))), np.ones((32, 32), int))
    truth = truth[: shape[0], : shape[1]]
    pred = np.exp(2 * random.standard_normal((CLASSES, *shape)) + 2 * (truth == np.arange(CLASSES)[:, None, None]))
    pred /= pred.sum(axis=0)
    foreground = (truth < 6).astype(int)
    one = np.clip(foreground * 0.6 + 0.3 * random.random_sample(shape), 0, 1)
    lines = [
        "## Memory of a gradient without torch",
        "",
        "Written by `scripts/bench_gradients.py`: peaks by `tracemalloc` over the bytes of a float64 prediction, the",
        f"result among them: {pred.shape} of classes, and {shape} of one class where places count.",
        "",
        f"| loss | peak, {CLASSES} classes | peak, one class |",
        "|---|--:|--:|",
    ]
    worst = 0.0
    for name in options.only or LOSSES.asked_by_name():
        peak, left = measured(name, pred, truth)
        plan = Plan([ask(name, needed(name, truth))])
        alone = ""
        if plan.of(Field) or plan.of(Picture):
            peak_of_one, left_of_one = measured(name, one, foreground)
            alone, left = f"{peak_of_one:.1f}", max(left, left_of_one)
        worst = max(worst, left)
        lines.append(f"| `{name}` | {peak:.1f} | {alone} |")
        print(lines[-1], f"left {left:.3f}", flush=True)
    lines += [
        "",
        "The target is at most 5 of 19 classes. Of one class, where steps over neighbours are kept, 15 is a goal.",
    ]
    print(f"most left after a call: {worst:.3f}")
    if options.write:
        benchmarks.write("bench_gradients", lines)


if __name__ == "__main__":
    main()
