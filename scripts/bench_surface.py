"""How fast distances between borders are, beside MONAI, surface-distance and MedPy where they are installed.

    python scripts/bench_surface.py [--rounds 5] [--write]

Each program is given the same arrays in memory, in turn, on one thread; the best of the rounds counts. The numbers that
several of them have are compared. `--write` puts the tables into docs/benchmarks.md.
"""

import argparse
import importlib
import os
import platform
from collections.abc import Callable, Iterator
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import benchmarks  # noqa: E402 - the threads of libraries are counted when they are loaded
import numpy as np  # noqa: E402
import scipy  # noqa: E402

from segeval import metrics  # noqa: E402
from segeval.evidence import Surface  # noqa: E402

Array = np.ndarray[Any, Any]
Work = Callable[[], dict[str, float]]

SPACING = (2.0, 1.0, 1.0)
PAIR = (160, 192, 192)
ORGANS = (512, 512, 160)
SIZES = [(40, 48, 48), (80, 96, 96), (160, 192, 192), (320, 384, 384)]


def ball(shape: tuple[int, ...], centre: tuple[float, ...], radii: tuple[float, ...]) -> Array:
    """An ellipsoid, 1 in 0."""
    axes = np.ogrid[tuple(slice(n) for n in shape)]
    parts = [((axis - at) / radius) ** 2 for axis, at, radius in zip(axes, centre, radii, strict=True)]
    return np.asarray(sum(parts) <= 1, np.uint8)


def pair(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """A prediction and a truth of about an eighth of the volume, with a wrong bulge and an offset."""
    half = tuple(n / 2 for n in shape)
    truth = ball(shape, half, tuple(0.27 * n for n in shape))
    pred = ball(shape, tuple(n + 0.012 * s for n, s in zip(half, shape, strict=True)), tuple(0.26 * n for n in shape))
    pred |= ball(shape, tuple(0.72 * n for n in shape), tuple(0.08 * n for n in shape))
    return pred, truth


def organs() -> tuple[Array, Array]:
    """20 organs of several sizes, and a prediction that is off by a voxel or two."""
    random = np.random.RandomState(7)
    pred, truth = np.zeros(ORGANS, np.uint8), np.zeros(ORGANS, np.uint8)
    for organ in range(1, 21):
        radii = [random.uniform(0.02, 0.09) * n for n in ORGANS]
        centre = [random.uniform(0.15, 0.85) * n for n in ORGANS]
        for array, shift, scale in ((truth, 0, 1.0), (pred, 2, 0.97)):
            low = [max(0, int(at - 1.2 * r) - 3) for at, r in zip(centre, radii, strict=True)]
            high = [min(n, int(at + 1.2 * r) + 6) for at, r, n in zip(centre, radii, ORGANS, strict=True)]
            box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            middle = tuple(at - a + shift for at, a in zip(centre, low, strict=True))
            part = ball(tuple(b - a for a, b in zip(low, high, strict=True)), middle, tuple(scale * r for r in radii))
            array[box][part == 1] = organ
    return pred, truth


def ours(pred: Array, truth: Array) -> dict[str, float]:
    """All that `--metrics surface` has of distances, from one pass."""
    surface = Surface.of(pred, truth, SPACING)
    found = {name: getattr(metrics, name)(surface)[0] for name in ("hd", "hd95_max", "hd95_pooled", "assd", "masd")}
    return {**found, "nsd@2": metrics.nsd(surface)[0]}


def monai(pred: Array, truth: Array) -> Iterator[tuple[str, Work]]:
    """Its four calls."""
    module, torch = importlib.import_module("monai.metrics"), importlib.import_module("torch")
    torch.set_num_threads(1)
    one, other = (torch.from_numpy(each[None, None].astype(np.float32)) for each in (pred, truth))
    options = {"include_background": True, "spacing": SPACING}

    def four() -> dict[str, float]:
        return {
            "hd": float(module.compute_hausdorff_distance(one, other, **options)[0, 0]),
            "hd95_max": float(module.compute_hausdorff_distance(one, other, percentile=95, **options)[0, 0]),
            "assd": float(module.compute_average_surface_distance(one, other, symmetric=True, **options)[0, 0]),
            "nsd@2": float(module.compute_surface_dice(one, other, [2.0], **options)[0, 0]),
        }

    yield f"MONAI {importlib.import_module('monai').__version__}, four calls", four


def surface_distance(pred: Array, truth: Array) -> Iterator[tuple[str, Work]]:
    """Its one call and three numbers, which are weighted by area."""
    module = importlib.import_module("surface_distance")

    def once() -> dict[str, float]:
        found = module.compute_surface_distances(truth == 1, pred == 1, SPACING)
        module.compute_robust_hausdorff(found, 95)
        module.compute_surface_dice_at_tolerance(found, 2)
        module.compute_average_surface_distance(found)
        return {"hd": float(module.compute_robust_hausdorff(found, 100))}

    yield "surface-distance 0.1, by area", once


def medpy(pred: Array, truth: Array) -> Iterator[tuple[str, Work]]:
    """Three calls."""
    module = importlib.import_module("medpy.metric.binary")

    def three() -> dict[str, float]:
        return {
            "hd": module.hd(pred, truth, SPACING),
            "hd95_pooled": module.hd95(pred, truth, SPACING),
            "assd": module.assd(pred, truth, SPACING),
        }

    yield "MedPy 0.5.2, three calls", three


def peers(pred: Array, truth: Array) -> Iterator[tuple[str, Work]]:
    """The programs that are installed here and run."""
    for program in (monai, surface_distance, medpy):
        try:
            for name, work in program(pred, truth):
                work()
                yield name, work
        except (ImportError, AttributeError, TypeError) as fault:  # old ones meet a NumPy that they do not know
            print(f"{program.__name__}: {fault}")


def beside_peers(rounds: int) -> Iterator[str]:
    """A pair of one class, by every program."""
    pred, truth = pair(PAIR)
    works: dict[str, Work] = {"segeval": lambda: ours(pred, truth), **dict(peers(pred, truth))}
    mine, times = ours(pred, truth), benchmarks.best(works, rounds)
    yield "| program | ms | times segeval | largest difference |"
    yield "|---|---|---|---|"
    for name, work in works.items():
        off = max(abs(value - mine[key]) for key, value in work().items())
        yield f"| {name} | {1000 * times[name]:.0f} | {times[name] / times['segeval']:.1f} | {off:.1e} |"


def scaling(rounds: int) -> Iterator[str]:
    yield "| volume | border voxels | ms | ns a voxel | MB beside the masks |"
    yield "|---|---|---|---|---|"
    for shape in SIZES:
        pred, truth = pair(shape)
        surface = Surface.of(pred, truth, SPACING)
        border = int(surface.to_pred.total.sum() + surface.to_truth.total.sum())
        best = benchmarks.best({"": lambda p=pred, t=truth: ours(p, t)}, rounds)[""]  # type: ignore[misc]
        much = benchmarks.peak(lambda p=pred, t=truth: ours(p, t))  # type: ignore[misc]
        extent = " × ".join(map(str, shape))
        yield f"| {extent} | {border:,} | {1000 * best:.0f} | {1e9 * best / pred.size:.0f} | {much:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    pred, truth = organs()
    found = Surface.of(pred, truth, SPACING)
    best = benchmarks.best({"": lambda: ours(pred, truth)}, given.rounds)[""]
    lines = [
        f"Written by `scripts/bench_surface.py` on one thread ({platform.machine()}),",
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}.",
        "Arrays in memory, in turn, the best of the rounds.",
        "",
        f"## Distances between borders: a pair of {' × '.join(map(str, PAIR))} voxels of {SPACING}",
        "",
        *beside_peers(given.rounds),
        "",
        "segeval: hd, hd95_max, hd95_pooled, assd, masd and nsd from one pass; the others make borders anew for each",
        "call. The target is at most a fifth of MONAI's four calls.",
        "",
        f"{len(found.ids)} organs in {' × '.join(map(str, ORGANS))}: {best:.2f} s, and "
        f"{benchmarks.peak(lambda: ours(pred, truth)):.0f} MB beside the masks.",
        "",
        "## The same over sizes",
        "",
        *scaling(given.rounds),
    ]
    print("\n".join(lines))
    if given.write:
        benchmarks.write("bench_surface", lines)


if __name__ == "__main__":
    main()
