"""How fast `segeval score` is, beside the physical floor and other programs; writes its part of docs/benchmarks.md.

    python scripts/bench_score.py [--pairs 200] [--rounds 3] [--write]

Every row is a whole process, measured in turn with the others on the same files; the best of the rounds counts.
"""

import argparse
import importlib.util
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmarks
import imagecodecs
import numpy as np
from scipy import ndimage

HEIGHT, WIDTH = 1024, 2048
IDS = [7, 8, 11, 12, 13, 17, *range(19, 29), 31, 32, 33]  # the 19 scored classes of Cityscapes, of 34; 0 is void
DISTINCT = 24  # pairs that are generated; more are hard links to them

DECODE = """
import sys, pathlib, concurrent.futures, imagecodecs
files = sorted(p for folder in sys.argv[2:4] for p in pathlib.Path(folder).iterdir())
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    for _ in pool.map(lambda path: imagecodecs.png_decode(path.read_bytes()).shape, files): pass
"""

PILLOW = """
import sys, pathlib, concurrent.futures, numpy
from PIL import Image
files = sorted(p for folder in sys.argv[2:4] for p in pathlib.Path(folder).iterdir())
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    for _ in pool.map(lambda path: numpy.asarray(Image.open(path)).shape, files): pass
"""

BINCOUNT = """
import sys, pathlib, concurrent.futures, numpy as np
from PIL import Image
def count(path):
    pred, truth = np.array(Image.open(path)), np.array(Image.open(pathlib.Path(sys.argv[3]) / path.name))
    valid = truth != 0
    return np.bincount(34 * truth[valid].astype(int) + pred[valid], minlength=34**2).reshape(34, 34)
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[1])) as pool:
    matrix = sum(pool.map(count, sorted(pathlib.Path(sys.argv[2]).iterdir())))
print(np.nanmean(np.diag(matrix) / (matrix.sum(0) + matrix.sum(1) - np.diag(matrix))))
"""

TORCHMETRICS = """
import sys, pathlib, numpy as np, torch
from PIL import Image
from torchmetrics.classification import MulticlassJaccardIndex
torch.set_num_threads(int(sys.argv[1]))
metric = MulticlassJaccardIndex(34, ignore_index=0)
for path in sorted(pathlib.Path(sys.argv[2]).iterdir()):
    files = (path, pathlib.Path(sys.argv[3]) / path.name)
    pred, truth = (torch.from_numpy(np.array(Image.open(file))).long() for file in files)
    metric.update(pred, truth)
print(float(metric.compute()))
"""

CITYSCAPES = """
import sys, pathlib
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as evaluation
evaluation.args.evalInstLevelScore = False
evaluation.args.JSONOutput = False
evaluation.args.quiet = True
preds = sorted(str(p) for p in pathlib.Path(sys.argv[2]).iterdir())
truths = sorted(str(p) for p in pathlib.Path(sys.argv[3]).iterdir())
evaluation.evaluateImgLists(preds, truths, evaluation.args)
"""


def scene(seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A truth of smooth regions with a void strip, and a prediction that differs from it along the borders."""
    random = np.random.RandomState(seed)
    fields = np.stack([ndimage.zoom(random.rand(9, 17), 32, order=3)[:256, :512] for _ in IDS])
    fields = ndimage.zoom(fields, (1, HEIGHT / 256, WIDTH / 512), order=1)
    noise = ndimage.zoom(random.randn(len(IDS), 17, 33) * 0.06, (1, HEIGHT / 17, WIDTH / 33), order=1)
    ids = np.array(IDS, np.uint8)
    truth, pred = ids[fields.argmax(0)], ids[(fields + noise).argmax(0)]
    truth[:40] = 0
    return pred, truth


def generate(folder: Path, pairs: int, distinct: int = DISTINCT) -> None:
    """`pairs` PNG pairs below the folder, of which only some are not links."""
    for side in ("pred", "gt"):
        (folder / side).mkdir()
    for n in range(pairs):
        masks = scene(n) if n < distinct else ()
        for side in ("pred", "gt"):
            path = folder / side / f"{n:05}.png"
            if masks:
                path.write_bytes(imagecodecs.png_encode(masks[side == "gt"], level=6))
            else:
                os.link(folder / side / f"{n % distinct:05}.png", path)


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory (MB) of one whole process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}: {said[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def commands(folder: Path, threads: int) -> dict[str, list[str]]:
    """What is compared."""
    pred, truth, python = str(folder / "pred"), str(folder / "gt"), sys.executable
    score = [python, "-m", "segeval", "score", pred, truth, "--num-classes", "34", "--ignore", "0", "--isolated"]
    found = {"segeval score": [*score, "-j", str(threads)]}
    scripts = {"decode only (imagecodecs)": DECODE, "decode only (Pillow)": PILLOW, "np.bincount over Pillow": BINCOUNT}
    if importlib.util.find_spec("torchmetrics"):
        scripts["torchmetrics MulticlassJaccardIndex"] = TORCHMETRICS
    if importlib.util.find_spec("cityscapesscripts"):
        scripts["cityscapesScripts"] = CITYSCAPES
    return found | {name: [python, "-c", script, str(threads), pred, truth] for name, script in scripts.items()}


def best(measure: Callable[[], tuple[float, float]], rounds: int) -> tuple[float, float]:
    return min(measure() for _ in range(rounds))


def table(pairs: int, rounds: int) -> list[str]:
    """The rows of the speed and memory table."""
    lines = ["| program | threads | seconds | ms per pair | peak MB | times segeval |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generated = multiprocessing.get_context("spawn").Process(target=generate, args=(folder, pairs))
        generated.start()  # in a process of its own: a child's peak memory begins with its parent's
        generated.join()
        for threads in (1, len(os.sched_getaffinity(0))):
            runs: dict[str, list[tuple[float, float]]] = {}
            for _ in range(rounds):
                for name, command in commands(folder, threads).items():
                    runs.setdefault(name, []).append(measured(command))
            ours = min(runs["segeval score"])[0]
            for name, times in runs.items():
                seconds, memory = min(times)
                each, ratio = 1000 * seconds / pairs, seconds / ours
                lines.append(f"| {name} | {threads} | {seconds:.2f} | {each:.2f} | {memory:.0f} | {ratio:.2f} |")
    return lines


def startup(rounds: int) -> list[str]:
    """Help beside bare Python, cold processes in turn."""
    bare = best(lambda: measured([sys.executable, "-c", "pass"]), 5 * rounds)[0]
    lines = ["| process | ms | over bare Python |", "|---|---|---|", f"| `python -c pass` | {1000 * bare:.0f} | |"]
    for arguments in (["--help"], ["score", "--help"], ["--version"]):
        seconds = best(lambda: measured([sys.executable, "-m", "segeval", *arguments]), 5 * rounds)[0]  # noqa: B023
        name = " ".join(["segeval", *arguments])
        lines.append(f"| `{name}` | {1000 * seconds:.0f} | {1000 * (seconds - bare):.0f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, imagecodecs {imagecodecs.__version__}"
    page = [
        f"Written by `scripts/bench_score.py` on {os.cpu_count()} cores ({platform.machine()}),",
        f"{versions}.",
        "Whole processes, start included, measured in turn; the best of the rounds counts. Compare rows with each",
        "other, not with other machines.",
        "",
        f"## `segeval score` on {options.pairs} pairs of 2048 × 1024 8-bit PNG masks, 19 classes",
        "",
        *table(options.pairs, options.rounds),
        "",
        "The floor is decoding alone; the targets are at most 1.5 times its time, and 3 times the speed of the",
        "`np.bincount` idiom. People write that idiom as a plain loop: its row on one thread.",
        "",
        "## Start",
        "",
        "The target is at most 120 ms over bare Python.",
        "",
        *startup(options.rounds),
        "",
    ]
    print("\n".join(page))
    if options.write:
        benchmarks.write("bench_score", page)


if __name__ == "__main__":
    main()
