"""How fast objects are matched, beside `np.unique` of the truth, and other programs where they are installed.

    python scripts/bench_instances.py [--rounds 5] [--write]

Each is given the same arrays in memory, in turn, in one process; the best of the rounds counts. `--write` puts the
tables into docs/benchmarks.md.
"""

import argparse
import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from typing import Any

import benchmarks
import numpy as np

from segeval.evidence import Instances

Array = np.ndarray[Any, Any]

SIDE, CELLS = 4096, 4000
SIZES = [(1024, 250), (2048, 1000), (4096, 4000), (4096, 60_000)]


def cells(side: int, number: int, seed: int = 0) -> tuple[Array, Array]:
    """A prediction and a truth of about so many discs; predicted ones are moved, and some are cut into two."""
    random = np.random.default_rng(seed)
    across = round(number**0.5)
    step = side // across
    near = np.mgrid[:step, :step].astype(np.float64)
    pred, truth = np.zeros((side, side), np.int32), np.zeros((side, side), np.int32)
    for n in range(across * across):
        place = tuple(slice(at * step, (at + 1) * step) for at in divmod(n, across))
        for mask, move in ((truth, 0), (pred, step // 12)):
            centre = step / 2 + random.integers(-move, move + 1, 2) - 0.5
            disc = ((near - centre[:, None, None]) ** 2).sum(axis=0) < (0.44 * step) ** 2
            ids = np.where(near[1] > centre[1], 2 * n + 2, 2 * n + 1) if move and n % 10 == 0 else 2 * n + 1
            mask[place] = np.where(disc, ids, 0)
    return pred, truth


def peers(pred: Array, truth: Array) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Those that are installed."""
    try:
        from stardist.matching import matching
    except ImportError:
        pass
    else:
        name = f"StarDist {importlib.metadata.version('stardist')}, ten thresholds"
        yield name, lambda: matching(truth, pred, thresh=[0.5 + 0.05 * n for n in range(10)])
    try:
        from skimage.metrics import adapted_rand_error, variation_of_information
    except ImportError:
        return
    name = f"scikit-image {importlib.metadata.version('scikit-image')}, Rand error and information"
    yield name, lambda: (adapted_rand_error(truth, pred), variation_of_information(truth, pred))


def main() -> None:
    """Print the tables, or keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    pair = cells(SIDE, CELLS)
    works: dict[str, Callable[[], Any]] = {"np.unique of the truth": lambda: np.unique(pair[1])}
    works["segeval, all numbers"] = lambda: Instances.of(*pair)
    works |= dict(peers(*pair))
    best = benchmarks.best(works, given.rounds)
    floor = best["np.unique of the truth"]
    lines = [
        f"Written by `scripts/bench_instances.py` ({platform.machine()}), Python {platform.python_version()},",
        f"NumPy {np.__version__}. Arrays in memory, in turn, the best of {given.rounds} rounds.",
        "",
        f"## Matching of objects: {CELLS:,} cells in {SIDE} × {SIDE} pixels",
        "",
        "| program | ms | times np.unique |",
        "|---|---|---|",
        *(f"| {name} | {1000 * took:.0f} | {took / floor:.2f} |" for name, took in best.items()),
        "",
        "segeval: PQ, ten thresholds, AJI, AJI+, splits, merges, Rand error and information from one sweep. The target",
        "for 4,000 cells is at most three times `np.unique`.",
        "",
        "| pixels | true objects | ms | times np.unique |",
        "|---|---|---|---|",
    ]
    for side, number in SIZES:
        pred, truth = cells(side, number)
        some = {"unique": lambda t=truth: np.unique(t), "ours": lambda p=pred, t=truth: Instances.of(p, t)}
        took = benchmarks.best(some, given.rounds)  # type: ignore[arg-type]
        objects = int(Instances.of(pred, truth).whole[0, 0])
        lines.append(
            f"| {side} × {side} | {objects:,} | {1000 * took['ours']:.0f} | {took['ours'] / took['unique']:.2f} |"
        )
    print("\n".join(lines))
    if given.write:
        benchmarks.write("bench_instances", lines)


if __name__ == "__main__":
    main()
