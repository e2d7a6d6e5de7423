"""How long `segeval losses` takes, over classes, pixels and losses; writes its part of docs/benchmarks.md.

    python scripts/bench_study.py [--rounds 2] [--write]

Processor time of all threads, in one process: it says the same on a machine that does other things beside.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import benchmarks
import numpy as np
from click.testing import CliRunner

from segeval.cli.main import cli
from segeval.io.encode import encoded
from segeval.io.write import save

IMAGES = 4
BASE = {"height": 180, "width": 320, "classes": 19, "losses": "all", "steps": 4}
OTHERS: list[dict[str, Any]] = [
    {"classes": 2},
    {"classes": 5},
    {"classes": 10},
    {"height": 90, "width": 160},
    {"height": 360, "width": 640},
    {"losses": "default"},
    {"losses": "cross_entropy,dice"},
    {"steps": 1},
]


def folders(folder: Path, height: int, width: int, classes: int) -> None:
    """Labels in patches of a twelfth of the width, all classes in each image; a prediction moved by 2, with strays."""
    random = np.random.RandomState(0)
    patch = width // 12
    for n in range(IMAGES):
        kinds = random.permutation(np.resize(np.arange(classes), (-(-height // patch)) * 13))
        truth = np.kron(kinds.reshape(-1, 13), np.ones((patch, patch), int))[:height, :width]
        pred = np.where(
            random.rand(height, width) < 0.01, random.randint(0, classes, truth.shape), np.roll(truth, 2, 1)
        )
        for side, labels in (("pred", pred), ("gt", truth)):
            save(folder / side / f"{n}.png", encoded(labels.astype(np.uint8), "png"))


def seconds(height: int, width: int, classes: int, losses: str, steps: int, rounds: int) -> float:
    """The least processor time of a study."""
    with tempfile.TemporaryDirectory() as name:
        folders(Path(name), height, width, classes)
        sides = [str(Path(name, side)) for side in ("pred", "gt")]
        line = ["losses", *sides, "--num-classes", str(classes), "--losses", losses, "--steps", str(steps)]
        found = []
        for _ in range(rounds):
            start = time.process_time()
            result = CliRunner().invoke(cli, line)
            found.append(time.process_time() - start)
            assert result.exit_code == 0, result.output
        return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write into docs/benchmarks.md")
    options = parser.parse_args()
    lines = [
        f"## `segeval losses` on {IMAGES} pairs of hard masks",
        "",
        "Written by `scripts/bench_study.py`: processor time of all threads together, on a busy machine, the best of",
        "the rounds. Every loss that hard masks allow, 1 + 6 × steps spoilt truths of one image, unless a row says",
        "otherwise. Each class has patches and strays all over the image: to look only where a class is saves nothing",
        "here, as it does of street scenes.",
        "",
        "| pixels | classes in each image | losses | steps | s | beside the first row |",
        "|---|--:|---|--:|--:|--:|",
    ]
    first = 0.0
    for other in ({}, *OTHERS):
        given = {**BASE, **other}
        found = seconds(**given, rounds=options.rounds)
        first = first or found
        cells = [f"{given['height']} × {given['width']}", given["classes"], given["losses"], given["steps"]]
        lines.append(f"| {' | '.join(map(str, cells))} | {found:.1f} | {found / first:.2f} |")
        print(lines[-1], flush=True)
    if options.write:
        benchmarks.write("bench_study", lines)


if __name__ == "__main__":
    main()
