"""How fast the gate resamples and starts, beside plain NumPy and SciPy; writes its part of docs/benchmarks.md.

    python scripts/bench_gate.py [--rounds 9] [--write]

Resampling is measured in one process on one thread, in turn; the best of the rounds counts. The large case and the
starts are whole processes.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one thread means one thread

import benchmarks
import numpy as np
import scipy
from bench_score import measured

from segeval.evidence.confusion import PixelCounts
from segeval.evidence.kinds import Columns
from segeval.gate.baseline import Paired
from segeval.gate.rulings import differences
from segeval.run import numbers
from segeval.run.bootstrap import Draws
from segeval.run.results import Results, outlined
from segeval.run.tables import Tables

Array = np.ndarray[Any, Any]
Timed = dict[str, Callable[[], object]]
PIXELS = 1 << 20
SCORING = {"metrics": ["iou"], "presence": "union", "mean": "arithmetic", "beta": 2.0}
SMALL, LARGE = (500, 19, 2000), (2000, 150, 10_000)  # images, classes, resamples


def counts(images: int, classes: int, seed: int) -> Array:
    """Made-up tp, fp, fn of a run: int64 (3, images, classes)."""
    random = np.random.RandomState(seed)
    truth = random.randint(0, PIXELS // classes, (images, classes))
    tp = (truth * random.uniform(0.5, 1, truth.shape)).astype(np.int64)
    return np.stack([tp, random.randint(0, PIXELS // classes // 4, truth.shape), truth - tp])


def results(found: Array) -> Results:
    """The same as a run that was read back, but for what nobody asks it here."""
    images, classes = found.shape[1:]
    counts = PixelCounts(found[0], found[1], found[2], PIXELS - found.sum(axis=0))
    columns = Columns(counts._asdict(), {"right": found[0].sum(axis=1), "pixels": np.full(images, PIXELS)})
    ids = tuple(f"{n:05}" for n in range(images))
    document = {
        "options": SCORING,
        "summary": {"miou_image": 0.5},
        "classes": [{"id": k, "name": f"class {k}", "iou": 0.5} for k in range(classes)],
    }
    outline = outlined(document)
    return Results("made up", document, lambda: Tables(outline, ids, ids, ids, {"counts": lambda: columns}))


def ours(sides: list[Array], draws: Draws, name: str) -> Array:
    """The gate's own way to resampled differences, of each class or of one number."""
    now, then = map(results, sides)
    places = range(sides[0].shape[2]) if name == "iou" else [None]
    wanted = [numbers.find(now.outline, name, place) for place in places]
    return np.stack(list(differences(wanted, Paired(now, then), draws).values()))


def plain(sides: list[Array], resamples: int) -> Array:
    """The same of all classes as people write it: draw indices, take the rows, sum them."""
    rng, images = np.random.default_rng(0), sides[0].shape[1]
    found = []
    for _ in range(resamples):
        drawn = rng.integers(0, images, images)
        tp, fp, fn = sides[0][:, drawn].sum(axis=1)
        tp_then, fp_then, fn_then = sides[1][:, drawn].sum(axis=1)
        found.append(tp / (tp + fp + fn) - tp_then / (tp_then + fp_then + fn_then))
    return np.array(found)


def by_scipy(sides: list[Array], resamples: int) -> object:
    """One number, the mean over images: the scores of images are made first."""
    from scipy import stats  # here, so that it does not weigh on the processes that are measured

    now, then = ((found[0] / found.sum(axis=0)).mean(axis=1) for found in sides)
    return stats.bootstrap(
        (now, then),
        lambda a, b, axis: (a - b).mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=resamples,
        rng=np.random.default_rng(0),
    )


def best(timed: Timed, rounds: int) -> dict[str, float]:
    """The shortest processor time of each in ms, measured in turn: other programs on the machine do not count."""
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, function in timed.items():
            start = time.process_time()
            function()
            found[name].append(1000 * (time.process_time() - start))
    return {name: min(times) for name, times in found.items()}


def time_gate_resampling(rounds: int) -> list[str]:
    """The table of 500 images × 19 classes × 2000 resamples."""
    images, classes, resamples = SMALL
    sides, draws = [counts(images, classes, seed) for seed in (1, 2)], Draws(resamples=resamples)
    tables: dict[str, Timed] = {
        f"IoU of {classes} classes": {
            "segeval": partial(ours, sides, draws, "iou"),
            "NumPy, plain": partial(plain, sides, resamples),
        },
        "one mean over images": {
            "segeval (`miou_image`)": partial(ours, sides, draws, "miou_image"),
            "scipy.stats.bootstrap": partial(by_scipy, sides, resamples),
        },
    }
    lines = ["| number | program | ms | times segeval |", "|---|---|---|---|"]
    for number, timed in tables.items():
        times = best(timed, rounds)
        first = next(iter(times.values()))
        lines += [f"| {number} | {name} | {ms:.0f} | {ms / first:.2f} |" for name, ms in times.items()]
    return lines


def large(images: int, classes: int, resamples: int) -> None:
    """Resample once, for a process whose time and peak are looked at."""
    ours([counts(images, classes, seed) for seed in (1, 2)], Draws(resamples=resamples), "iou")


def time_gate_memory() -> list[str]:
    """Whole processes: the large case beside one that has next to nothing to do."""
    lines = ["| images | classes | resamples | s | peak MB |", "|---|---|---|---|---|"]
    for sizes in ((2, 2, 100), LARGE):
        seconds, peak = measured([sys.executable, __file__, "--once", *map(str, sizes)])
        lines.append(f"| {' | '.join(f'{size:,}' for size in sizes)} | {seconds:.2f} | {peak:.0f} |")
    return lines


def time_gate_start(rounds: int) -> list[str]:
    """A small run (20 images, 4 classes) beside bare Python."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, not at every start
    lines = ["| process | ms | over bare Python |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        random, folder = np.random.RandomState(0), Path(place)
        for side in ("pred", "gt"):
            (folder / side).mkdir()
            for n in range(20):
                np.save(folder / side / f"{n:02}.npy", random.randint(0, 4, (64, 64)).astype(np.uint8))
        program, run, before = [sys.executable, "-m", "segeval"], str(folder / "run"), str(folder / "before")
        for out in (run, before):
            measured([*program, "score", str(folder / "pred"), str(folder / "gt"), "--isolated", "-o", out])
        gate = [*program, "gate", run, "--isolated", "-r"]
        commands = {
            "`python -c pass`": [sys.executable, "-c", "pass"],
            "`python -c 'import numpy'`": [sys.executable, "-c", "import numpy"],
            "`segeval gate`, a floor": [*gate, "miou_dataset >= 0.1"],
            "`segeval gate`, drops of 4 classes": [*gate, "iou[*] drop <= 0.02", "--baseline", before],
        }
        turns = [{name: measured(each)[0] for name, each in commands.items()} for _ in range(2 * rounds)]
    times = {name: 1000 * min(turn[name] for turn in turns) for name in commands}
    bare = next(iter(times.values()))
    return lines + [f"| {name} | {ms:.0f} | {'' if ms == bare else f'{ms - bare:.0f}'} |" for name, ms in times.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--once", type=int, nargs=3, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    if options.once:
        large(*options.once)
        return
    whole = time_gate_memory(), time_gate_start(options.rounds)  # first: a child's peak memory begins with its parent's
    images, classes, resamples = SMALL
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    page = [
        f"## The gate: {resamples:,} paired resamples of {images} images × {classes} classes",
        "",
        f"Written by `scripts/bench_gate.py` on {os.cpu_count()} cores ({platform.machine()}), {versions}.",
        "One process, one thread, measured in turn, from the counts of both runs to the differences; processor time,",
        "the best of the rounds.",
        "",
        *time_gate_resampling(options.rounds),
        "",
        "The target is at most 50 ms for the IoU of 19 classes. The plain way draws indices with `rng.integers`, and",
        "takes and sums the same counts in a loop. SciPy is given one number of each image, which NumPy makes first.",
        "",
        "Whole processes, made-up counts included:",
        "",
        *whole[0],
        "",
        "Whole processes on a run of 20 images and 4 classes; the target is at most 250 ms:",
        "",
        *whole[1],
    ]
    print("\n".join(page))
    if options.write:
        benchmarks.write("bench_gate", page)


if __name__ == "__main__":
    main()
