"""How fast weight maps are, over the number of cells; writes docs/weightmap-benchmarks.md and its plot.

    python scripts/bench_weightmap.py [--rounds 3] [--write]

Each case is measured in turn on one thread: ours, one plain distance transform of the same image (the floor), one
transform for each cell with running minima, and the usual recipe, which keeps all of them in a stack and sorts it. The
best of the rounds counts. What takes minutes is measured on a few cells and multiplied.
"""

import argparse
import math
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmarks
import numpy as np
import scipy
from scipy import ndimage

from segeval.weightmap.formula import unet_weights

Array = np.ndarray[Any, Any]

DOCS = Path(__file__).parent.parent / "docs"
CASES: list[tuple[tuple[int, ...], int]] = [((1024, 1024), count) for count in (10, 60, 320, 1500, 5300)]
CASES += [((64, 256, 256), count) for count in (10, 100, 900)]
FILLED = 0.25  # of the image, or a fifth of it for few cells, which else would be giants
SAMPLE = 6  # cells whose transforms are measured, of many
MEASURED = 400 << 20  # pixels of all transforms for one image that are really made
LARGEST_STACK = 1 << 30  # bytes
LINES = ["segeval", "one transform", "one transform per cell", "stack and sort"]
COLOURS = ["#c2185b", "#555555", "#1e88e5", "#f9a825"]


def ours(labels: Array) -> Array:
    """The map without class weights, which per_cell has none of."""
    return unet_weights(labels, labels="instances", class_weights="none")


def cells(shape: tuple[int, ...], count: int) -> Array:
    """Round cells of one size at random places, which touch but do not cover each other."""
    random = np.random.RandomState(count)
    volume = math.prod(shape) * (FILLED if count > 200 else FILLED / 5) / count
    radius = math.sqrt(volume / math.pi) if len(shape) == 2 else (3 * volume / (4 * math.pi)) ** (1 / 3)
    radius, around = min(radius, min(shape) / 3), math.ceil(min(radius, min(shape) / 3))
    ball = sum(axis**2 for axis in np.ogrid[(slice(-around, around + 1),) * len(shape)]) <= radius**2
    labels, placed = np.zeros(shape, np.int32), 0
    for _ in range(300 * count):
        corner = [random.randint(0, n - 2 * around) for n in shape]
        place = labels[tuple(slice(at, at + 2 * around + 1) for at in corner)]
        if placed < count and not place[ball].any():
            placed += 1
            place[ball] = placed
    return labels


def seconds(work: Callable[[], Any], rounds: int) -> float:
    """The best of some rounds."""
    return min(benchmarks.seconds(work) for _ in range(rounds))


def one_transform(labels: Array) -> Array:
    found: Array = ndimage.distance_transform_edt(labels == 0)
    return found


def per_cell(labels: Array, ids: list[int]) -> Array:
    """The ridge from a transform for each of some cells, keeping the two smallest distances."""
    first, second = np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)
    for id_ in ids:
        distance = ndimage.distance_transform_edt(labels != id_)
        np.minimum(second, np.maximum(first, distance), out=second)
        np.minimum(first, distance, out=first)
    return ridge(first + second, labels)


def stack_and_sort(labels: Array, ids: list[int]) -> Array:
    """The ridge from all distances at once."""
    stack = np.stack([ndimage.distance_transform_edt(labels != id_) for id_ in ids], axis=-1)
    stack.sort(axis=-1)
    return ridge(stack[..., 0] + stack[..., 1], labels)


def ridge(distance: Array, labels: Array) -> Array:
    with np.errstate(under="ignore"):
        found: Array = np.where(labels == 0, 10 * np.exp(-(distance**2) / 50), 0)
    return found


def measured(shape: tuple[int, ...], count: int, rounds: int) -> dict[str, Any]:
    """Seconds of each way for one image; and how far our map is from that of all transforms, where that is feasible."""
    labels = cells(shape, count)
    ids = [int(id_) for id_ in np.unique(labels[labels > 0])]
    found: dict[str, Any] = {"shape": shape, "cells": len(ids), "off": None}
    found["segeval"] = seconds(lambda: ours(labels), rounds)
    found["one transform"] = seconds(lambda: one_transform(labels), rounds)
    few = len(ids) * labels.size <= MEASURED
    some = ids if few else ids[:SAMPLE]
    found["one transform per cell"] = seconds(lambda: per_cell(labels, some), 1) * len(ids) / len(some)
    if few:
        found["off"] = float(np.abs(ours(labels) - per_cell(labels, ids)).max())
    found["computed"] = not few
    found["stack"] = labels.size * len(ids) * 8
    if found["stack"] <= LARGEST_STACK:
        found["stack and sort"] = seconds(lambda: stack_and_sort(labels, ids), 1)
    return found


def row(found: dict[str, Any]) -> str:
    ours, floor, naive = found["segeval"], found["one transform"], found["one transform per cell"]
    recipe = f"{found['stack and sort']:.2f}" if "stack and sort" in found else "–"
    off = "" if found["off"] is None else f"{found['off']:.1e}"
    values = [
        " × ".join(map(str, found["shape"])),
        f"{found['cells']:,}",
        f"{1000 * ours:.0f}",
        f"{1000 * floor:.0f}",
        f"**{ours / floor:.2f}**",
        f"{naive:.1f}{' (computed)' if found['computed'] else ''}",
        f"{naive / ours:,.0f}",
        f"{recipe} ({found['stack'] / (1 << 30):.1f} GiB)",
        off,
    ]
    return f"| {' | '.join(values)} |"


def table(results: list[dict[str, Any]]) -> list[str]:
    head = ["image", "cells", "segeval, ms", "one transform, ms", "ratio", "one per cell, s", "times ours"]
    head += ["stack and sort, s", "largest difference"]
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(row, results)]


def plot(results: list[dict[str, Any]]) -> str:
    """Seconds over cells of the 2-D images, both logarithmic, as SVG."""
    flat = [found for found in results if len(found["shape"]) == 2]
    width, height, left, top = 640, 400, 60, 20
    low, high = -2, math.ceil(math.log10(max(found["one transform per cell"] for found in flat)))

    def x(count: float) -> float:
        return left + (math.log10(count) - 1) / 3 * (width - left - 170)

    def y(value: float) -> float:
        return top + (high - math.log10(value)) / (high - low) * (height - top - 50)

    parts = [f'<rect width="{width}" height="{height}" fill="white"/>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{left}" x2="{width - 170}" y1="{at:.1f}" y2="{at:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    label = '<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>'
    parts += [label.format(x(count), height - 30, f"{count:,}") for count in (10, 100, 1000, 10000)]
    parts.append(label.format(x(316), height - 10, "cells in 1024 × 1024 pixels"))
    for name, colour in zip(LINES, COLOURS, strict=True):
        spots = [(x(found["cells"]), y(found[name])) for found in flat if name in found]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>' for across, down in spots]
        across, down = spots[-1]
        beside = (10, 4, "start") if across > width - 200 else (-10, -6, "end")
        spot = f'x="{across + beside[0]:.1f}" y="{down + beside[1]:.1f}" text-anchor="{beside[2]}"'
        parts.append(f'<text {spot} fill="{colour}">{name}</text>')
    style = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {style}>'
    return "\n".join([head, *parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/weightmap-benchmarks.md and .svg")
    options = parser.parse_args()
    results = [measured(shape, count, options.rounds) for shape, count in CASES]
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    page = [
        "# Benchmarks of weight maps",
        "",
        f"Written by `scripts/bench_weightmap.py` on {os.cpu_count()} cores ({platform.machine()}), one thread,",
        f"{versions}. `unet_weights` with its defaults (w0 = 10, sigma = 5,",
        "eps = 1e-4); the best of the rounds counts. Compare columns with each other, not with other machines.",
        "",
        *table(results),
        "",
        "The floor is one plain distance transform (`scipy.ndimage.distance_transform_edt`) of the image. The targets",
        "are a ratio of at most 2 for 320 cells in 1024 × 1024 pixels, 3.5 for 5,300, and 3 for 900 cells in a volume;",
        "and at least 50 times the speed of one transform per cell, for these three. One per cell is computed from a",
        "few cells where it takes minutes. The usual recipe keeps all transforms in a stack and sorts it; the size of",
        "the stack stands beside its time (– where it is above 1 GiB). The last column is the largest difference from",
        "the map of all transforms: eps bounds it, and float32 rounding.",
        "",
        "![Seconds over the number of cells](weightmap-benchmarks.svg)",
        "",
    ]
    print("\n".join(page))
    if options.write:
        (DOCS / "weightmap-benchmarks.md").write_text("\n".join(page), encoding="utf-8")
        (DOCS / "weightmap-benchmarks.svg").write_text(plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
